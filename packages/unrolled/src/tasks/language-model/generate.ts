import { requireKind, whole } from '../../checks.ts';
import { checkSampling, type SamplingOptions, sampleToken } from '../../decode/sampling.ts';
import type { LayerUnit } from '../../nn/recurrent.ts';
import { Random } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import type { LanguageModel } from './model.ts';
import { PromptReader, promptIds } from './prompt-reader.ts';

interface SharedOptions extends SamplingOptions {
  /** Tokens to generate. Default 200. */
  readonly length?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Stops after this text, which is part of the result. Default: never. */
  readonly stop?: string;
  /** Units clamped to a value at every step, including the prompt. Default: none. */
  readonly hold?: readonly LayerUnit[];
  readonly signal?: StopSignal | undefined;
}

export interface GenerateOptions extends SharedOptions {
  /**
   * The text to continue, not part of the result. Default: the token that begins or ends texts, a line break, or the last token of
   * the vocabulary without these.
   */
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

/**
 * Generates text token by token, each sampled from the model's distribution given everything before, until a token ends the text
 * where the tokenizer has one.
 *
 * @throws DataError if the prompt has a character the vocabulary lacks; ConfigError on an option out of range; the signal's
 *   reason if it is aborted
 *
 * @example
 * for await (const piece of generate(model, { prompt: 'ROMEO:', temperature: 0.8 })) process.stdout.write(piece);
 */
export async function* generate(model: LanguageModel, options: GenerateOptions = {}): AsyncGenerator<string, void> {
  const { prompt = '', ...rest } = options;
  for await (const { piece } of generateTogether(model, { ...rest, prompts: [prompt] })) yield piece;
}

/** What `generate` generates, as one text. @throws as `generate` */
export async function generateText(model: LanguageModel, options: GenerateOptions = {}): Promise<string> {
  let text = '';
  for await (const piece of generate(model, options)) text += piece;
  return text;
}

/**
 * Continues many prompts in one batch: one token of every stream, then the next of every stream. Stream i has the seed
 * `seed + i`, and the same text as `generate` with prompt i and that seed: with recurrent layers to the bit unless a BLAS is
 * used; a Transformer's sums are rounded otherwise beside longer prompts. A stream that reached its end or `stop` leaves the batch.
 *
 * @throws as `generate`
 *
 * @example
 * const texts = ['ROMEO:', 'JULIET:'];
 * for await (const { stream, piece } of generateTogether(model, { prompts: [...texts] })) texts[stream] += piece;
 */
export async function* generateTogether(
  model: LanguageModel,
  options: GenerateTogetherOptions,
): AsyncGenerator<StreamPiece, void> {
  const { tokenizer } = model;
  const { length = 200, seed = 1, stop, hold, signal } = options;
  checkSampling(options);
  requireKind('sample', 'length', length, whole());
  const prompts = options.prompts.map((prompt) => promptIds(model, prompt));
  const reader = new PromptReader(model, { hold, signal });
  let writers = prompts.map((prompt, stream) => ({
    stream,
    random: new Random(seed + stream),
    // Where there is a prompt, the space that a piece begins with is written.
    decode: tokenizer.decoder(options.prompts[stream] !== ''),
    last: prompt[prompt.length - 1],
    written: '',
  }));
  let rows = Int32Array.from(writers.keys());
  try {
    await reader.read(prompts.map((prompt) => prompt.subarray(0, -1)));
    for (let i = 0; i < length && writers.length > 0; i++) {
      const logits = await reader.next(
        writers.map(({ last }) => last),
        rows,
      );
      const going: number[] = [];
      for (const [row, writer] of writers.entries()) {
        const own = logits.subarray(row * tokenizer.size, (row + 1) * tokenizer.size);
        writer.last = sampleToken(own, writer.random, options, tokenizer.unknown);
        if (tokenizer.ends.includes(writer.last)) continue;
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
  } finally {
    reader.release();
  }
}
