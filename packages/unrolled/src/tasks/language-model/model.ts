import { requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { AdaptiveSoftmax } from '../../nn/adaptive-softmax.ts';
import { DefinedCell } from '../../nn/cells/define.ts';
import { cellNameOf, withCell, withOwnCell } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import { Embedding } from '../../nn/embedding.ts';
import { type Context, inference, initialiseParameters, type LayerConfig } from '../../nn/layer.ts';
import { layerOf, type OwnParts } from '../../nn/layer-kind.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { Recurrent, type RunOptions } from '../../nn/recurrent.ts';
import type { SequenceLayer, StackState } from '../../nn/sequence-layer.ts';
import { TiedLinear } from '../../nn/tied-linear.ts';
import { Transformer, type TransformerRunOptions } from '../../nn/transformer/transformer.ts';
import { crossEntropy } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { createTokenizer } from '../../tokenizers/create.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { kindsFor, type LanguageModelConfig, type LanguageModelDescription } from './config.ts';
import { languageModelDescription } from './description.ts';
import { type NextToken, type PredictNextOptions, predictNext } from './predict.ts';

/** How a text is read; some options are of recurrent layers or of Transformers alone. */
export type ReadOptions = RunOptions & Pick<TransformerRunOptions, 'seen'>;

/** The sequence layers of the library, by the name in their configuration. */
const sequenceLayers = { recurrent: Recurrent, transformer: Transformer };

/**
 * A language model: token ids `[T, B]` → logits of the token that follows, `[T, B, V]`.
 *
 *     x_t = embedding[id_t];   h_t = cells(x_t, h_{t−1});   logits_t = W h_t + b
 *
 * In place of the cells there may be any `SequenceLayer`. Parameters: `embedding.weight` [V, E], `<cell>.weight_ih_l0` … as in
 * PyTorch, or `<layer>.…`, `output.weight` [V, H], `output.bias` [V] unless there is none. Tied, there is no `output.weight`, but
 * `output.projection.weight` [E, H] where H is not E. Adaptive, there are `output.head.weight` and `output.tail.…` as in
 * `AdaptiveSoftmax`, and logits are logarithms of probabilities.
 */
export class LanguageModel {
  /** Plain data. */
  readonly config: LanguageModelConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: Parameters;
  readonly device: Device;
  readonly sequence: SequenceLayer;
  readonly #embedding: Embedding;
  readonly #embeddingDropout: Dropout;
  readonly #dropout: Dropout;
  readonly #output: Linear | TiedLinear | AdaptiveSoftmax;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(
    device: Device,
    tokenizer: Tokenizer,
    config: LanguageModelConfig,
    initial: number | SavedParameters = 1,
  ) {
    requireOptions('language model', config, kindsFor(config));
    this.device = device;
    this.tokenizer = tokenizer;
    if (config.tied && config.adaptive) {
      throw new ConfigError(
        'language model: tied and adaptive both say what the output layer is; leave one of them out',
      );
    }
    const { adaptive: cutoffs, outputBias: bias } = config;
    this.sequence = sequenceOf(config);
    // A layer that was given is kept as plain data.
    this.config = config.sequence ? { ...config, sequence: this.sequence.config } : config;
    this.#embedding = new Embedding({ vocabularySize: tokenizer.size, dimension: config.embedding });
    this.#embeddingDropout = new Dropout({ rate: config.embeddingDropout ?? config.dropout });
    this.#dropout = new Dropout({ rate: config.dropout });
    if (cutoffs) this.#output = new AdaptiveSoftmax({ classes: tokenizer.size, cutoffs });
    else if (config.tied) this.#output = new TiedLinear({ bias });
    else this.#output = new Linear({ units: tokenizer.size, bias });
    this.parameters = initialiseParameters(this, [-1, -1], device, initial);
  }

  /**
   * A model from its description.
   * @param own  your own cell, or your own layers and cells: a description from a file has only their names
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters
   * @throws ConfigError if the description's cell or layer is not built in, and not given
   */
  static from(
    device: Device,
    description: LanguageModelDescription,
    own: DefinedCell | OwnParts = {},
    initial: number | SavedParameters = 1,
  ): LanguageModel {
    const { config, tokenizer } = languageModelDescription(description, 'model');
    const parts = own instanceof DefinedCell ? { cells: [own] } : own;
    const made = config.sequence
      ? {
          ...config,
          sequence: layerOf(sequenceLayers, config.sequence as LayerConfig, parts, withOwnCell) as SequenceLayer,
        }
      : withCell(config, parts.cells?.[0]);
    return new LanguageModel(device, createTokenizer(tokenizer), made, initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   *
   * @example
   * const model = LanguageModel.load(await openDevice(), readFileSync('my.safetensors'));
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell | OwnParts): LanguageModel {
    return loadModel(source, 'language-model', (description, parameters) =>
      LanguageModel.from(device, description as LanguageModelDescription, own, parameters),
    );
  }

  describe(): LanguageModelDescription {
    return { config: this.config, tokenizer: this.tokenizer.config };
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const embedded = this.#embedding.build(ids, declarations.within('embedding'));
    const { cell } = this.config;
    const name = cell === undefined ? this.sequence.config.layer : cellNameOf(cell);
    const hidden = this.sequence.build(embedded, declarations.within(name));
    const [output, within] = [this.#output, declarations.within('output')];
    if (!(output instanceof TiedLinear)) return output.build(hidden, within);
    return output.build({ xs: hidden, table: [this.tokenizer.size, this.config.embedding] }, within);
  }

  initialState(batch: number): StackState {
    return this.sequence.initialState(batch, this.device);
  }

  /**
   * ids `[T, B]` → logits `[T, B, V]` and the state afterwards. With `lengths`, a row's state is that after its own last
   * step, and its logits from there on say nothing.
   */
  apply(ids: Tensor, context: Context = inference, options: ReadOptions = {}): { logits: Tensor; state: StackState } {
    const { outputs, state } = this.#run(ids, context, options);
    const output = this.#output;
    const dropped = this.#dropout.apply(outputs, context); // [T, B, H]
    const logits =
      output instanceof TiedLinear
        ? output.apply({ xs: dropped, table: this.#embedding.table })
        : output.apply(dropped);
    return { logits, state };
  }

  /**
   * −log P(target) in nats for ids `[T, B]` and the tokens that follow, int32 `[T, B]` → `[T, B]`, 0 where a target is
   * negative; and the state afterwards. What `apply` says of them, but an adaptive softmax looks no further than it must.
   */
  losses(
    ids: Tensor,
    targets: Tensor,
    context: Context = inference,
    options: ReadOptions = {},
  ): { losses: Tensor; state: StackState } {
    if (!(this.#output instanceof AdaptiveSoftmax)) {
      const { logits, state } = this.apply(ids, context, options);
      return { losses: crossEntropy(logits, targets), state };
    }
    const { outputs, state } = this.#run(ids, context, options);
    return { losses: this.#output.losses(this.#dropout.apply(outputs, context), targets), state };
  }

  /**
   * What may follow each text, the likeliest tokens first; see `generate` for texts that continue it.
   * @throws DataError if a text has a character the vocabulary lacks; ConfigError on an option out of range; the signal's reason
   *   if it is aborted
   *
   * @example
   * const [[{ text, probability }]] = await model.predict(['to be or not to b']);
   */
  predict(texts: readonly string[], options: PredictNextOptions = {}): Promise<NextToken[][]> {
    return predictNext(this, texts, options);
  }

  /** The state after ids `[T, B]`, for what is only read: no logits are worked out. */
  read(ids: Tensor, options: ReadOptions = {}): StackState {
    return this.#run(ids, inference, options).state;
  }

  /** The sequence layer, which must be recurrent. @throws ConfigError if it is another one */
  get recurrent(): Recurrent {
    if (this.sequence instanceof Recurrent) return this.sequence;
    const { layer } = this.sequence.config;
    throw new ConfigError(
      `language model: units, gates, gradients over time and held units are of recurrent layers; this model has the layer ` +
        `'${layer}'`,
      { layer },
    );
  }

  /** The sequence layer, which must be a Transformer. @throws ConfigError if it is another one */
  get transformer(): Transformer {
    if (this.sequence instanceof Transformer) return this.sequence;
    const { layer } = this.sequence.config;
    throw new ConfigError(
      `language model: heads that look at a text are of Transformers (train --model transformer); this model has the layer '${layer}'`,
      { layer },
    );
  }

  /** ids `[T, B]` → outputs `[T, B, H]` of the sequence layer. */
  #run(ids: Tensor, context: Context, options: ReadOptions): { outputs: Tensor; state: StackState } {
    const embedded = this.#embeddingDropout.apply(this.#embedding.apply(ids), context); // [T, B, E]
    const { state, lengths, probe, hold, form, seen } = options;
    if (seen) return this.transformer.run(embedded, context, { state, lengths, seen });
    if (probe ?? (hold?.length || form)) return this.recurrent.run(embedded, context, options);
    return this.sequence.run(embedded, context, { state, lengths });
  }
}

/** @throws ConfigError if the layer keeps no state, or reads ahead */
function sequenceOf(config: LanguageModelConfig): SequenceLayer {
  if (config.cell !== undefined) {
    const { cell, hidden, layers, dropout, recurrentDropout, recompute } = config;
    return new Recurrent({ cell, hidden, layers, dropout, recurrentDropout, recompute });
  }
  const { sequence: given } = config;
  const layer = ('build' in given ? given : layerOf(sequenceLayers, given, {}, withOwnCell)) as SequenceLayer;
  if (typeof layer.run !== 'function' || typeof layer.initialState !== 'function') {
    const name = layer.config.layer;
    throw new ConfigError(
      `language model: the layer '${name}' keeps no state; a sequence layer has initialState and run`,
      { layer: name },
    );
  }
  if (layer instanceof Recurrent && layer.config.bidirectional) {
    throw new ConfigError(
      'language model: a bidirectional layer reads the tokens that are to be predicted; leave bidirectional out',
      { layer: 'recurrent' },
    );
  }
  return layer;
}
