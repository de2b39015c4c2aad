import { anything, count, requireOptions } from '../../checks.ts';
import { likeliestTokens } from '../../decode/likeliest.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { type Context, inference, initialiseParameters, type Sequences } from '../../nn/layer.ts';
import { LayerNorm } from '../../nn/layer-norm.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { TiedLinear } from '../../nn/tied-linear.ts';
import { feedForwardActivation } from '../../nn/transformer/feed-forward.ts';
import { TransformerEncoder } from '../../nn/transformer/index.ts';
import { embedding, reshape } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { StopSignal } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { createTokenizer } from '../../tokenizers/create.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { breathe } from '../../train/breathe.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import {
  type MaskedLanguageModelConfig,
  type MaskedLanguageModelDescription,
  maskedLanguageModelDescription,
  maskedLanguageModelKinds,
} from './config.ts';

/** A word, or a piece of one, in place of a mask. */
export interface FilledToken {
  readonly token: number;
  /** As text, without the sign of a piece that continues a word. */
  readonly text: string;
  readonly probability: number;
}

export interface FilledText {
  /** For each mask of the text, in order, the likeliest tokens first. Each is found by itself, with the others masked. */
  readonly masks: readonly (readonly FilledToken[])[];
}

export interface FillOptions {
  /** How many of the likeliest tokens are returned. Default 5. */
  readonly top?: number | undefined;
  /** Batch size; does not change the result. Default 16. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/**
 * A masked language model (Devlin 2019): token ids `[T, B]` of which some are hidden → logits of what stands there, `[T, B, V]`:
 *
 *     h = encoder(ids);   logits_t = W norm(activation(P h_t + p)) + b,   W the encoder's own embedding
 *
 * Parameters: `encoder.embedding.weight` [V, E] … as `TransformerEncoder`, `transform.weight` P [E, E], `transform.bias`,
 * `norm.weight`, `norm.bias` and `output.bias` b [V].
 */
export class MaskedLanguageModel {
  /** Plain data. */
  readonly config: MaskedLanguageModelConfig;
  readonly tokenizer: Tokenizer;
  readonly parameters: Parameters;
  readonly device: Device;
  readonly encoder: TransformerEncoder;
  readonly #transform: Linear;
  readonly #norm: LayerNorm;
  readonly #output = new TiedLinear();
  /** The id that hides a token. */
  readonly #mask: number;

  /** @throws ConfigError on an unknown option or a value that cannot work; FormatError if saved parameters do not fit */
  constructor(
    device: Device,
    tokenizer: Tokenizer,
    config: MaskedLanguageModelConfig,
    initial: number | SavedParameters = 1,
  ) {
    requireOptions('masked language model', config, maskedLanguageModelKinds);
    const { encoder, mask = '[MASK]' } = config;
    const id = tokenizer.idOf(mask);
    if (id === null) {
      throw new ConfigError(`masked language model: the vocabulary has no token '${mask}'; give mask`, { mask });
    }
    this.device = device;
    this.tokenizer = tokenizer;
    this.config = config;
    this.#mask = id;
    this.encoder = new TransformerEncoder({ ...encoder, vocabularySize: tokenizer.size });
    this.#transform = new Linear({ units: encoder.dimension });
    this.#norm = new LayerNorm({ epsilon: encoder.epsilon });
    this.parameters = initialiseParameters(this, [-1, -1], device, initial);
  }

  /**
   * Loads a model from a file of `encodeModel`, or from what `readPretrained` of `unrolled/pretrained` returned.
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource): MaskedLanguageModel {
    return loadModel(source, 'masked-language-model', (description, parameters) => {
      const { tokenizer, config } = maskedLanguageModelDescription(description, 'model');
      return new MaskedLanguageModel(device, createTokenizer(tokenizer), config, parameters);
    });
  }

  describe(): MaskedLanguageModelDescription {
    return { task: 'masked-language-model', config: this.config, tokenizer: this.tokenizer.config };
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const outputs = this.encoder.build(ids, declarations.within('encoder'));
    const hidden = this.#transform.build(outputs, declarations.within('transform'));
    this.#norm.build(hidden, declarations.within('norm'));
    const table = [this.tokenizer.size, this.config.encoder.dimension];
    return this.#output.build({ xs: hidden, table }, declarations.within('output'));
  }

  /** ids `[T, B]` → logits `[T, B, V]`. */
  apply(sequences: Sequences, context: Context = inference): Tensor {
    return this.#logits(this.encoder.apply(sequences, context));
  }

  /** Outputs of the encoder `[…, E]` → logits `[…, V]`. */
  #logits(outputs: Tensor): Tensor {
    const activate = feedForwardActivation(this.config.activation ?? 'gelu');
    const xs = this.#norm.apply(activate(this.#transform.apply(outputs)));
    return this.#output.apply({ xs, table: this.encoder.table });
  }

  /** The ids of a text, with what stands around it, and the places of its masks. @throws DataError */
  #read(text: string): { readonly ids: readonly number[]; readonly masks: readonly number[] } {
    const { begin, ends } = this.tokenizer;
    const ids = [...(begin === null ? [] : [begin]), ...this.tokenizer.encode(text), ...ends.slice(0, 1)];
    const masks = [...ids.keys()].filter((t) => ids[t] === this.#mask);
    const mask = this.config.mask ?? '[MASK]';
    if (masks.length === 0) {
      throw new DataError(`fill: there is no ${mask} in '${text.slice(0, 60)}'; write it where a word is to be found`);
    }
    const { context = Number.POSITIVE_INFINITY } = this.config.encoder;
    if (ids.length > context) {
      throw new DataError(
        `fill: '${text.slice(0, 60)}' has ${ids.length} tokens, and the model reads ${context}; give a shorter text`,
        { tokens: ids.length, context },
      );
    }
    return { ids, masks };
  }

  /**
   * What may stand at the masks of each text.
   * @throws DataError if a text has no mask, or more tokens than the model reads; ConfigError on an option out of range; the
   *   signal's reason if it is aborted
   *
   * @example
   * const [{ masks }] = await model.fill(['The capital of France is [MASK].'], { top: 3 });
   * masks[0][0].text;   // 'paris'
   */
  async fill(texts: readonly string[], options: FillOptions = {}): Promise<FilledText[]> {
    requireOptions<FillOptions>('fill', options, { top: count, batch: count, signal: anything });
    const { top = 5, batch = 16, signal } = options;
    const read = texts.map((text) => this.#read(text));
    const found: FilledText[] = [];
    for (let start = 0; start < read.length; start += batch) {
      await breathe(signal);
      found.push(...(await this.#fill(read.slice(start, start + batch), top)));
    }
    return found;
  }

  async #fill(
    rows: readonly { readonly ids: readonly number[]; readonly masks: readonly number[] }[],
    top: number,
  ): Promise<FilledText[]> {
    const { device, tokenizer } = this;
    const [B, V] = [rows.length, tokenizer.size];
    const lengths = rows.map(({ ids }) => ids.length);
    const T = Math.max(...lengths);
    const ids = Int32Array.from({ length: T * B }, (_, i) => rows[i % B].ids[Math.floor(i / B)] ?? 0);
    const places = rows.flatMap(({ masks }, b) => masks.map((t) => t * B + b));
    const logits = await device.read(() =>
      device.withoutGradients(() => {
        const outputs = this.encoder.apply({ xs: device.ids(ids, [T, B]), lengths }, inference);
        const hidden = reshape(outputs, [T * B, outputs.shape[2]]);
        return this.#logits(embedding(hidden, device.ids(places)));
      }),
    );
    let next = 0;
    return rows.map(({ masks }) => ({
      masks: masks.map(() => {
        const own = logits.subarray(next * V, ++next * V);
        return likeliestTokens(own, top).map(({ id, probability }) => ({
          token: id,
          text: tokenizer.decoder(true)(id).trim(),
          probability,
        }));
      }),
    }));
  }
}
