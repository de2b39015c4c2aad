import type { SamplingOptions } from '../decode/sampling.ts';
import type { Hypothesis } from '../decode/search.ts';
import { type SequenceSearchOptions, searchSequences } from '../decode/sequence-search.ts';
import { ConfigError } from '../errors.ts';
import type { HardReading } from '../nn/attention.ts';
import type { CellSource } from '../nn/cells/registry.ts';
import { type Context, inference } from '../nn/layer.ts';
import type { EncoderDecoder, EncoderDecoderOptions, Reading } from '../nn/seq2seq/encoder-decoder.ts';
import type { StackOptions } from '../nn/transformer/options.ts';
import type { StopSignal } from '../signal.ts';
import type { Device } from '../tensor/device.ts';
import type { Side } from '../tokenizers/side.ts';
import { breathe } from '../train/breathe.ts';
import { captionWords } from './caption-words.ts';

/** How captions are searched for. */
export interface CaptionSearchOptions
  extends Pick<SequenceSearchOptions, 'beam' | 'nBest' | 'lengthPenalty' | 'blockNgrams'>,
    Pick<SamplingOptions, 'temperature'> {
  /** Maximum number of words in a caption and its end. Default: as the longest one of the training data. */
  readonly maxLength?: number | undefined;
  /** With `temperature`, which draws words instead of searching: image i draws with seed + i. Default 1. */
  readonly seed?: number | undefined;
  /** Words that every caption begins with, which the model continues. Default: none. */
  readonly begin?: string | undefined;
}

export interface CaptionOptions extends CaptionSearchOptions {
  /** Batch size; does not change the result. Default 50. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** A possible caption. */
export interface WrittenCandidate<Attention> {
  readonly text: string;
  /** Σ log P of its words and its end, in nats; of those that were given, none. */
  readonly logProbability: number;
  /** What candidates are ranked by: the log probability with the length penalty applied. */
  readonly score: number;
  /** Whether it ended with the end token rather than at its maximum length. */
  readonly ended: boolean;
  /** Null without attention. */
  readonly attention: Attention | null;
}

export interface WrittenCaption<Attention> extends WrittenCandidate<Attention> {
  /** The n best, best first, this one included. */
  readonly candidates: readonly WrittenCandidate<Attention>[];
}

/** The weights of a caption's words: `[T][S]`, each with sum 1, and ⏎ for its end if it has one. */
export interface WordWeights {
  readonly words: readonly string[];
  readonly weights: readonly (readonly number[])[];
}

/** A model that writes captions about sources, such as images or clips. */
export interface CaptionWriter<Source> {
  readonly device: Device;
  readonly words: Side;
  /** Tokens of the longest caption in the training data, its end included. */
  readonly longest: number;
  /** The decoder, which continues what `read` gives. */
  readonly writer: Pick<EncoderDecoder, 'start' | 'end' | 'write' | 'decoder' | 'embed' | 'device' | 'reinforce'>;
  /** The ids of a caption, with its end. */
  encode(caption: string): number[];
  /** Reads sources: a row for each caption to be written. @param reads  of hard attention after training */
  read(sources: readonly Source[], context?: Context, reads?: HardReading): Reading;
  /** How many positions attention can look at, for each of a source's rows. */
  positions(source: Source): readonly number[];
}

/** Sizes of a decoder of captions, and what attention is like, where it has it. */
export interface CaptionDecoderOptions {
  readonly cell: CellSource;
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
  readonly embedding: number;
  readonly words: Side;
  /** Null: no attention. */
  readonly attention: { readonly units: number; readonly hard?: boolean; readonly gate?: boolean } | null;
  /** The blocks of a Transformer in place of cells and attention. */
  readonly transformer?: StackOptions | undefined;
}

/** The decoder of all captioners: additive attention over what was read, whose context is part of the input (Xu 2015, Yao 2015). */
export function captionDecoder({
  cell,
  hidden,
  layers,
  dropout,
  embedding,
  words,
  attention,
  transformer,
}: CaptionDecoderOptions): EncoderDecoderOptions {
  const { units, hard = false, gate = false } = attention ?? {};
  return {
    ...{ cell, hidden, layers, dropout, vocabularySize: words.end, dimension: embedding },
    weight: { kind: 'normal', deviation: 0.3 },
    ...(transformer && { transformer }),
    ...(attention && {
      attention: { score: 'additive', units, hard, ...(hard && { expected: 0.5 }) } as const,
      feeding: 'context' as const,
      gate,
    }),
  };
}

/**
 * Writes captions; those of a source do not depend on the others.
 * @param attentionOf  what is kept of the weights of a row. @param row  counted over all sources
 * @param reads  of hard attention. Default: the writer's own
 * @throws ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function writeCaptions<Source, Attention>(
  writer: CaptionWriter<Source>,
  sources: readonly Source[],
  attentionOf: (found: WordWeights, row: number) => Attention,
  { batch = 50, signal, temperature, seed = 1, begin = '', maxLength, ...options }: CaptionOptions = {},
  reads?: HardReading,
): Promise<WrittenCaption<Attention>[]> {
  const { words, longest } = writer;
  const prefix = captionWords(begin) === '' ? [] : writer.encode(begin).slice(0, -1);
  const limit = maxLength ?? Math.max(longest, prefix.length + 10);
  if (prefix.length >= limit) {
    throw new ConfigError(`caption: it begins with ${prefix.length} words, and maxLength is ${limit}; allow more`, {
      words: prefix.length,
      maxLength: limit,
    });
  }
  const found: WrittenCaption<Attention>[] = [];
  for (let from = 0; from < sources.length; from += batch) {
    await breathe(signal);
    const part = sources.slice(from, from + batch);
    const lengths = part.flatMap((source) => writer.positions(source));
    if (lengths.length === 0) continue;
    const given = { lengths, maxLength: limit, never: words.tokenizer.unknown, prefix };
    const sampling = temperature === undefined ? undefined : { temperature, seed: seed + found.length };
    const all = await searchSequences(writer.writer, () => writer.read(part, inference, reads), given, {
      ...options,
      sampling,
    });
    for (const [b, hypotheses] of all.entries()) {
      const row = found.length;
      const candidates = hypotheses.map((one) =>
        candidateOf(words, one, lengths[b], (weights) => attentionOf(weights, row)),
      );
      found.push({ ...candidates[0], candidates });
    }
  }
  return found;
}

function candidateOf<Attention>(
  words: Side,
  { tokens, attention, ended, logProbability, score }: Hypothesis,
  length: number,
  attentionOf: (found: WordWeights) => Attention,
): WrittenCandidate<Attention> {
  const shown =
    attention.length > 0
      ? attentionOf({
          words: words.names(ended ? [...tokens, words.end] : tokens),
          weights: attention.map((weights) => Array.from(weights.subarray(0, length))),
        })
      : null;
  return { text: words.decode(tokens), logProbability, score, ended, attention: shown };
}
