import { ConfigError } from '../../errors.ts';
import { AdaptiveSoftmax } from '../../nn/adaptive-softmax.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { type CellSource, cellNameOf, withCell } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import { Embedding } from '../../nn/embedding.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { Recurrent, type RunOptions, type StackState } from '../../nn/recurrent.ts';
import { TiedLinear } from '../../nn/tied-linear.ts';
import { crossEntropy } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { createTokenizer } from '../../tokenizers/create.ts';
import type { Tokenizer, TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { languageModelDescription } from './description.ts';

/** Sizes and kind of a language model: plain data. */
export interface LanguageModelConfig {
  /** Name of the cell, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units in each layer. */
  readonly hidden: number;
  /** L, recurrent layers. */
  readonly layers: number;
  /** E, length of a token's vector. */
  readonly embedding: number;
  /** Rate of dropout after the embedding, between the layers and before the output. */
  readonly dropout: number;
  /** Whether the output layer uses the embedding's matrix (Press & Wolf 2017). Default false. */
  readonly tied?: boolean;
  /**
   * Where the tokens are cut for an adaptive softmax (Grave 2017): rising, below V. Tokens with small ids must be the
   * frequent ones, as those of words are; not together with `tied`. Default: one softmax over all.
   */
  readonly adaptive?: readonly number[];
  /** Rate of dropout on the recurrence while training; see `RecurrentLayerOptions`. Default 0. */
  readonly recurrentDropout?: number;
  /** Whether training computes gates again on the way back, to need less memory. Default false. */
  readonly recompute?: boolean;
}

/** Everything that makes the model besides its parameters. */
export interface LanguageModelDescription {
  readonly config: LanguageModelConfig;
  readonly tokenizer: TokenizerConfig;
}

/**
 * A recurrent language model: token ids `[T, B]` → logits of the token that follows, `[T, B, V]`.
 *
 *     x_t = embedding[id_t];   h_t = cells(x_t, h_{t−1});   logits_t = W h_t + b
 *
 * Parameters: `embedding.weight` [V, E], `<cell>.weight_ih_l0` … as in PyTorch, `output.weight` [V, H],
 * `output.bias` [V]. Tied, there is no `output.weight`, but `output.projection.weight` [E, H] where H is not E. Adaptive,
 * there are `output.head.weight` and `output.tail.…` as in `AdaptiveSoftmax`, and logits are logarithms of probabilities.
 */
export class LanguageModel {
  readonly config: LanguageModelConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: Parameters;
  readonly device: Device;
  readonly #embedding: Embedding;
  readonly #recurrent: Recurrent;
  readonly #dropout: Dropout;
  readonly #output: Linear | TiedLinear | AdaptiveSoftmax;
  readonly #recurrentName: string;

  constructor(
    device: Device,
    tokenizer: Tokenizer,
    config: LanguageModelConfig,
    initial: number | SavedParameters = 1,
  ) {
    for (const [name, lowest] of Object.entries({ hidden: 1, layers: 1, embedding: 1 } as const)) {
      const value = config[name as 'hidden' | 'layers' | 'embedding'];
      if (!Number.isInteger(value) || value < lowest) {
        throw new ConfigError(`language model: ${name} must be a whole number from ${lowest}, received ${value}`);
      }
    }
    if (!(config.dropout >= 0 && config.dropout < 1)) {
      throw new ConfigError(`language model: dropout must be in [0, 1), received ${config.dropout}`);
    }
    this.device = device;
    this.tokenizer = tokenizer;
    this.config = config;
    if (config.tied && config.adaptive) {
      throw new ConfigError(
        'language model: tied and adaptive both say what the output layer is; leave one of them out',
      );
    }
    const { cell, hidden, layers, dropout, recurrentDropout, recompute, adaptive: cutoffs } = config;
    this.#recurrentName = cellNameOf(cell);
    this.#embedding = new Embedding({ vocabularySize: tokenizer.size, dimension: config.embedding });
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout, recurrentDropout, recompute });
    this.#dropout = new Dropout({ rate: config.dropout });
    if (cutoffs) this.#output = new AdaptiveSoftmax({ classes: tokenizer.size, cutoffs });
    else if (config.tied) this.#output = new TiedLinear();
    else this.#output = new Linear({ units: tokenizer.size });
    this.parameters = initialiseParameters(this, [-1, -1], device, initial);
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters
   * @throws ConfigError if the description's cell is not built in, and not this one
   */
  static from(
    device: Device,
    description: LanguageModelDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): LanguageModel {
    const { config, tokenizer } = languageModelDescription(description, 'model');
    return new LanguageModel(device, createTokenizer(tokenizer), withCell(config, own), initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   *
   * @example
   * const model = LanguageModel.load(await openDevice(), readFileSync('my.safetensors'));
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): LanguageModel {
    return loadModel(source, 'language-model', (description, parameters) =>
      LanguageModel.from(device, description as LanguageModelDescription, own, parameters),
    );
  }

  describe(): LanguageModelDescription {
    return { config: this.config, tokenizer: this.tokenizer.config };
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const embedded = this.#embedding.build(ids, declarations.within('embedding'));
    const hidden = this.#recurrent.build(embedded, declarations.within(this.#recurrentName));
    const [output, within] = [this.#output, declarations.within('output')];
    if (!(output instanceof TiedLinear)) return output.build(hidden, within);
    return output.build({ xs: hidden, table: [this.tokenizer.size, this.config.embedding] }, within);
  }

  initialState(batch: number): StackState {
    return this.#recurrent.initialState(batch, this.device);
  }

  /**
   * ids `[T, B]` → logits `[T, B, V]` and the state afterwards. With `lengths`, a row's state is that after its own last
   * step, and its logits from there on say nothing.
   */
  apply(ids: Tensor, context: Context = inference, options: RunOptions = {}): { logits: Tensor; state: StackState } {
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
    options: RunOptions = {},
  ): { losses: Tensor; state: StackState } {
    if (!(this.#output instanceof AdaptiveSoftmax)) {
      const { logits, state } = this.apply(ids, context, options);
      return { losses: crossEntropy(logits, targets), state };
    }
    const { outputs, state } = this.#run(ids, context, options);
    return { losses: this.#output.losses(this.#dropout.apply(outputs, context), targets), state };
  }

  /** The state after ids `[T, B]`, for what is only read: no logits are worked out. */
  read(ids: Tensor, options: RunOptions = {}): StackState {
    return this.#run(ids, inference, options).state;
  }

  /** ids `[T, B]` → outputs `[T, B, H]` of the last recurrent layer. */
  #run(ids: Tensor, context: Context, options: RunOptions): { outputs: Tensor; state: StackState } {
    const embedded = this.#dropout.apply(this.#embedding.apply(ids), context); // [T, B, E]
    return this.#recurrent.run(embedded, context, options);
  }
}
