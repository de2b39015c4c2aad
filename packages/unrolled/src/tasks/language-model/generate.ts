import { checkSampling, type SamplingOptions, sampleToken } from '../../decode/sampling.ts';
import { gatherRows } from '../../decode/tensor-step.ts';
import { ConfigError } from '../../errors.ts';
import { inference } from '../../nn/layer.ts';
import type { LayerUnit } from '../../nn/recurrent.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import { Random } from '../../random.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { LanguageModel } from './model.ts';

interface SharedOptions extends SamplingOptions {
  /** Tokens to generate. Default 200. */
  readonly length?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Stops after this text, which is part of the result. Default: never. */
  readonly stop?: string;
  /** Units clamped to a value at every step, including the prompt. Default: none. */
  readonly hold?: readonly LayerUnit[];
}

export interface GenerateOptions extends SharedOptions {
  /** The text to continue, not part of the result. Default: a line break, or the last token of the vocabulary without one. */
  readonly prompt?: string;
}

export interface GenerateTogetherOptions extends SharedOptions {
  /** The text each stream continues; an empty one starts as `generate` does without a prompt. */
  readonly prompts: readonly string[];
}

/** One token of one stream. */
export interface StreamPiece {
  /** Index of the prompt. */
  readonly stream: number;
  readonly piece: string;
  /** Its id. */
  readonly token: number;
  /** The model's logits, `[V]`, before temperature, top-k and top-p. Valid until the next step. */
  readonly logits: ArrayLike<number>;
}

/** The most steps, and the most tokens, of prompts that are read in one pass: bounds the memory. */
const [promptSteps, promptTokens] = [256, 4096];

/**
 * Generates text token by token, each sampled from the model's distribution given everything before.
 *
 * @throws DataError if the prompt has a character the vocabulary lacks; ConfigError on an option out of range
 *
 * @example
 * for (const piece of generate(model, { prompt: 'ROMEO:', temperature: 0.8 })) process.stdout.write(piece);
 */
export function* generate(model: LanguageModel, options: GenerateOptions = {}): Generator<string, void> {
  for (const { piece } of generateTogether(model, { ...options, prompts: [options.prompt ?? ''] })) yield piece;
}

/**
 * Continues many prompts in one batch: one token of every stream, then the next of every stream. Stream i has the seed
 * `seed + i`, and the same text as `generate` with prompt i and that seed, to the bit unless a BLAS is used. A stream that
 * reached `stop` leaves the batch.
 *
 * @throws DataError if a prompt has a character the vocabulary lacks; ConfigError on an option out of range
 *
 * @example
 * const texts = ['ROMEO:', 'JULIET:'];
 * for (const { stream, piece } of generateTogether(model, { prompts: [...texts] })) texts[stream] += piece;
 */
export function* generateTogether(
  model: LanguageModel,
  options: GenerateTogetherOptions,
): Generator<StreamPiece, void> {
  const { device, tokenizer } = model;
  const { length = 200, seed = 1, stop, hold } = options;
  checkSampling(options);
  if (!Number.isInteger(length) || length < 0) {
    throw new ConfigError(`sample: length must be a whole number from 0, received ${length}`);
  }
  const prompts = options.prompts.map((prompt) => begin(model, prompt));
  let state = readPrompts(
    model,
    prompts.map((prompt) => prompt.subarray(0, -1)),
    hold,
  );
  let writers = prompts.map((prompt, stream) => ({
    stream,
    random: new Random(seed + stream),
    decode: tokenizer.decoder(),
    last: prompt[prompt.length - 1],
    written: '',
  }));
  let rows = Int32Array.from(writers.keys());
  for (let i = 0; i < length && writers.length > 0; i++) {
    const input = writers.map(({ last }) => last);
    let logits: ReturnType<Tensor['data']>;
    state = step(device, state, (before) => {
      const next = model.apply(device.ids(input, [1, input.length]), inference, {
        state: gatherRows(before, rows),
        hold,
      });
      logits = next.logits.data(); // [1, B, V]
      return next.state;
    });
    const going: number[] = [];
    for (const [row, writer] of writers.entries()) {
      const own = logits!.subarray(row * tokenizer.size, (row + 1) * tokenizer.size);
      writer.last = sampleToken(own, writer.random, options, tokenizer.unknown);
      const piece = writer.decode(writer.last);
      yield { stream: writer.stream, piece, token: writer.last, logits: own };
      if (stop) {
        writer.written = (writer.written + piece).slice(-stop.length - piece.length);
        if (writer.written.endsWith(stop)) continue;
      }
      going.push(row);
    }
    rows = Int32Array.from(going);
    writers = going.map((row) => writers[row]);
  }
}

/** The state after prompts of any lengths; null if all are empty. */
function readPrompts(
  model: LanguageModel,
  prompts: readonly Int32Array[],
  hold: readonly LayerUnit[] | undefined,
): StackState | null {
  const { device } = model;
  const B = prompts.length;
  const longest = Math.max(0, ...prompts.map((prompt) => prompt.length));
  const steps = Math.min(promptSteps, Math.ceil(promptTokens / B));
  let state: StackState | null = null;
  for (let start = 0; start < longest; start += steps) {
    const T = Math.min(steps, longest - start);
    const parts = prompts.map((prompt) => prompt.subarray(start, start + T));
    const ids = new Int32Array(T * B);
    for (const [b, part] of parts.entries())
      part.forEach((id, t) => {
        ids[t * B + b] = id;
      });
    const lengths = parts.some((part) => part.length < T) ? parts.map((part) => part.length) : null;
    state = step(device, state, (before) => model.read(device.ids(ids, [T, B]), { state: before, lengths, hold }));
  }
  return state;
}

/** From one state to the next, which outlives scopes that the caller opens and closes between steps. */
function step(
  device: Device,
  state: StackState | null,
  body: (before: StackState | null) => StackState,
): StackState | null {
  return device.keep(device.withoutGradients(() => device.carry(state, body)));
}

/** The prompt's tokens; of an empty prompt, the token to start from. */
function begin({ tokenizer }: LanguageModel, prompt: string): Int32Array {
  const ids = tokenizer.encode(prompt);
  return ids.length > 0 ? ids : Int32Array.of(tokenizer.idOf('\n') ?? tokenizer.size - 1);
}
