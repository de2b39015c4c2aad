import {
  anything,
  count,
  type Kinds,
  number,
  rate,
  required,
  requireOptions,
  seed as seedKind,
  whole,
} from '../../checks.ts';
import { type StreamPosition, type TokenChunk, TokenStreams, tokenIds } from '../../data/token-streams.ts';
import { DataError, FormatError } from '../../errors.ts';
import type { LayerFlowReport } from '../../inspect/gradient-flow.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import { cellNameOf } from '../../nn/cells/registry.ts';
import { firstNonFinite } from '../../nn/first-non-finite.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { mean } from '../../ops/index.ts';
import { mix32, type Random } from '../../random.ts';
import { objectOf, scalar } from '../../schema.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Json } from '../../train/checkpoint.ts';
import type { TrainingBatch, TrainingTask, Validation } from '../../train/task.ts';
import { CarriedState } from './carried-state.ts';
import type { LanguageModelDescription } from './config.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { generateText } from './generate.ts';
import type { LanguageModel } from './model.ts';

export interface LanguageModelTrainingOptions {
  /** B, batch size: segments of the text that are read in parallel. */
  readonly batch: number;
  /** k, steps of truncated backpropagation through time. */
  readonly steps: number;
  readonly seed: number;
  /** A held-out text for validation, or its tokens. Default: the last tenth of the text, which is then not trained on. */
  readonly validation?: string | ArrayLike<number> | undefined;
  /** The most tokens of the validation part to score, from its beginning. Default: all. */
  readonly validationTokens?: number | undefined;
  /**
   * Share of the tokens that are read, in [0, 1), each replaced by a random one of the text (Xie 2017, unigram noising): a model
   * that cannot trust every token learns less by heart. What is to be predicted stays as it is. Default 0.
   */
  readonly noise?: number | undefined;
  /** Tokens in a sample. Default 200. */
  readonly sampleLength?: number | undefined;
  /** Default 0.8. */
  readonly sampleTemperature?: number | undefined;
}

const kinds: Kinds<LanguageModelTrainingOptions> = {
  batch: required(count),
  steps: required(count),
  seed: required(seedKind),
  validation: anything,
  validationTokens: whole(),
  noise: rate,
  sampleLength: whole(),
  sampleTemperature: number({ from: 0 }),
};

const wholeNumber = scalar<number>(whole());
const savedPosition = objectOf<StreamPosition & { readonly text: number }>({
  epoch: wholeNumber,
  chunk: wholeNumber,
  text: wholeNumber,
});

/** The first 90% of a text for training, the last 10% for validation; none of fewer than 100 tokens. */
export function splitText(tokens: ArrayLike<number>): { train: Int32Array; validation: Int32Array } {
  const cut = tokens.length < 100 ? tokens.length : Math.floor(tokens.length * 0.9);
  const ids = tokenIds(tokens);
  return { train: ids.subarray(0, cut), validation: ids.subarray(cut) };
}

/**
 * Trains a language model by truncated backpropagation through time (Williams & Peng 1990): the text is read as B streams,
 * k steps at a time; the hidden state is carried from chunk to chunk, the gradient is not.
 *
 * @param text  to learn, or its tokens
 * @throws DataError if the text is too short for the batch; ConfigError on an option that is unknown or out of range
 *
 * @example
 * const model = new LanguageModel(device, tokenizerFor('char', text), { cell: 'lstm', hidden: 128, layers: 1, embedding: 32, dropout: 0 });
 * const task = languageModelTraining(model, text, { batch: 16, steps: 50, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 3e-3, clipNorm: 5, epochs: 10 })) …
 */
export function languageModelTraining(
  model: LanguageModel,
  text: string | ArrayLike<number>,
  options: LanguageModelTrainingOptions,
): LanguageModelTraining {
  return new LanguageModelTraining(model, tokensOf(model, text), options);
}

const tokensOf = ({ tokenizer }: LanguageModel, text: string | ArrayLike<number>): Int32Array =>
  tokenIds(typeof text === 'string' ? tokenizer.encode(text) : text);

/** A chunk of the text. */
export interface TextBatch extends TokenChunk, TrainingBatch {}

/** See `languageModelTraining`. */
export class LanguageModelTraining implements TrainingTask<TextBatch> {
  readonly model: LanguageModel;
  readonly #options: LanguageModelTrainingOptions;
  readonly #streams: TokenStreams;
  readonly #train: Int32Array;
  readonly #validation: Int32Array;
  readonly #carried: CarriedState;
  readonly #fingerprint: number;
  #last: TextBatch | null = null;

  constructor(model: LanguageModel, tokens: Int32Array, options: LanguageModelTrainingOptions) {
    requireOptions('languageModelTraining', options, kinds);
    if (tokens.length < 2) {
      throw new DataError(`train: the text has ${tokens.length} token(s); at least two are needed, better thousands`);
    }
    const { validation: held } = options;
    const parts = held === undefined ? splitText(tokens) : { train: tokens, validation: tokensOf(model, held) };
    const { train, validation } = parts;
    this.model = model;
    this.#options = options;
    this.#train = train;
    this.#validation = validation.subarray(0, options.validationTokens ?? validation.length);
    this.#streams = new TokenStreams(train, options);
    this.#carried = new CarriedState(model.device);
    this.#fingerprint = tokens.reduce((hash, token) => mix32(hash ^ token), tokens.length);
  }

  get parameters(): LanguageModel['parameters'] {
    return this.model.parameters;
  }

  /** ln V */
  get chanceLoss(): number {
    return Math.log(this.model.tokenizer.size);
  }

  get stepsPerEpoch(): number {
    return this.#streams.chunksPerEpoch;
  }

  get epoch(): number {
    const { epoch, chunk } = this.#streams.position;
    return epoch + Math.min(1, chunk / this.stepsPerEpoch);
  }

  nextBatch(after?: TextBatch): TextBatch {
    const chunk = this.#streams.at(after?.next ?? this.#streams.position);
    return { ...chunk, items: chunk.steps * chunk.batch };
  }

  loss(chunk: TextBatch, context: Context): Tensor {
    const { device, sequence } = this.model;
    const { inputs, targets, steps, batch, first, next: position } = chunk;
    this.#last = chunk;
    this.#streams.position = position;
    if (first) this.#carried.clear();
    const state = this.#carried.get();
    const read = context.training ? this.#withNoise(inputs, context.random) : inputs;
    const [ids, next] = [device.ids(read, [steps, batch]), device.ids(targets, [steps, batch])];
    const { losses, state: after } = this.model.losses(ids, next, context, { state });
    if (!sequence.restarts) this.#carried.set(after);
    return mean(losses);
  }

  #withNoise(tokens: Int32Array, random: Random): Int32Array {
    const { noise = 0 } = this.#options;
    if (noise === 0) return tokens;
    return tokens.map((token) => (random.uniform() < noise ? this.#train[random.below(this.#train.length)] : token));
  }

  /** Reads the last chunk again to find the first value that is not finite. */
  async explain(): Promise<string | null> {
    const { device, sequence } = this.model;
    if (this.#last === null || !(sequence instanceof Recurrent)) return null;
    const { inputs, steps, batch } = this.#last;
    const found = await firstNonFinite((probe) =>
      device.withoutGradients(() =>
        device.scope(() => {
          const state = this.#carried.previous;
          this.model.apply(device.ids(inputs, [steps, batch]), inference, { state, probe });
        }),
      ),
    );
    return (
      found &&
      `cell '${cellNameOf(sequence.config.cell)}', layer ${found.layer}, step ${found.step}: ${found.part} is ${found.value}`
    );
  }

  async validate(signal: StopSignal | undefined): Promise<Validation | null> {
    if (this.#validation.length < 2) return null;
    const { loss } = await evaluateLanguageModel(this.model, this.#validation, { signal });
    return { loss };
  }

  sample(step: number): Promise<string> {
    const { seed, sampleLength = 200, sampleTemperature = 0.8 } = this.#options;
    const options = { length: sampleLength, temperature: sampleTemperature, seed: mix32(seed) ^ step };
    return generateText(this.model, options);
  }

  /** Lags up to k − 1, for the losses of three steps in four segments of the validation part (of the training part without one). */
  async gradientFlow(): Promise<LayerFlowReport[]> {
    // Loaded on demand, which keeps pages small.
    const { gradientFlow, reportLayers } = await import('../../inspect/gradient-flow.ts');
    const { inspectLanguageModel } = await import('./inspect.ts');
    const { steps: k } = this.#options;
    const tokens = this.#validation.length > k + 8 ? this.#validation : this.#train;
    const steps = Math.min(k + 8, tokens.length - 1);
    const lags = Math.max(1, Math.min(k, steps) - 1);
    const batch = Math.min(4, tokens.length - steps);
    const inspected = inspectLanguageModel(this.model, tokens, { batch, steps });
    return reportLayers(await gradientFlow(inspected, { lags, positions: 3 }));
  }

  describe(): LanguageModelDescription {
    return this.model.describe();
  }

  save(): { carried: Readonly<Record<string, Tensor>>; state: Json } {
    return { carried: this.#carried.save(), state: { ...this.#streams.position, text: this.#fingerprint } };
  }

  restore(carried: Readonly<Record<string, NamedArray>>, state: Json): void {
    const { epoch, chunk, text } = savedPosition(state, 'resume: the position in the text');
    if (text !== this.#fingerprint) {
      throw new FormatError('resume: the text is not the one this run was trained on; give the same files');
    }
    this.#streams.position = { epoch, chunk };
    const { model } = this;
    model.device.scope(() => this.#carried.restore(carried, model.initialState(this.#streams.batch)));
  }
}
