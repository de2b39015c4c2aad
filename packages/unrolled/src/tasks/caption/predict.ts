import type { SamplingOptions } from '../../decode/sampling.ts';
import type { Hypothesis } from '../../decode/search.ts';
import { type SequenceSearchOptions, searchSequences } from '../../decode/sequence-search.ts';
import { ConfigError } from '../../errors.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { Captioner } from './model.ts';
import { captionWords } from './words.ts';

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

/** What attention looked at for each word. */
export interface CaptionAttention {
  /** Rows and columns of the places. */
  readonly grid: readonly [rows: number, columns: number];
  /** Words of the caption, with ⏎ for its end if it has one. */
  readonly words: readonly string[];
  /** `[T][L]`, place after place in rows, each with sum 1. */
  readonly weights: readonly (readonly number[])[];
}

/** A possible caption of an image. */
export interface CaptionCandidate {
  readonly text: string;
  /** Σ log P of its words and its end, in nats; of those that were given, none. */
  readonly logProbability: number;
  /** What candidates are ranked by: the log probability with the length penalty applied. */
  readonly score: number;
  /** Whether it ended with the end token rather than at its maximum length. */
  readonly ended: boolean;
  /** Null without attention. */
  readonly attention: CaptionAttention | null;
}

export interface Caption extends CaptionCandidate {
  /** The n best, best first, this one included. */
  readonly candidates: readonly CaptionCandidate[];
}

/** @throws ConfigError on an option out of range; the signal's reason if it is aborted */
export async function captionFeatures(
  model: Captioner,
  features: readonly ArrayLike<number>[],
  { batch = 50, signal, temperature, seed = 1, begin = '', maxLength, ...options }: CaptionOptions = {},
): Promise<Caption[]> {
  const { words, longest, backbone, network } = model;
  const prefix = captionWords(begin) === '' ? [] : model.encode(begin).slice(0, -1);
  const limit = maxLength ?? Math.max(longest, prefix.length + 10);
  if (prefix.length >= limit) {
    throw new ConfigError(`caption: it begins with ${prefix.length} words, and maxLength is ${limit}; allow more`, {
      words: prefix.length,
      maxLength: limit,
    });
  }
  const found: Caption[] = [];
  for (let from = 0; from < features.length; from += batch) {
    await breathe(signal);
    const part = features.slice(from, from + batch);
    const lengths = part.map(() => backbone.places);
    const given = { lengths, maxLength: limit, never: words.tokenizer.unknown, prefix };
    const sampling = temperature === undefined ? undefined : { temperature, seed: seed + from };
    const all = await searchSequences(network, () => model.read(part), given, { ...options, sampling });
    for (const hypotheses of all) {
      const candidates = hypotheses.map((one) => candidateOf(model, one));
      found.push({ ...candidates[0], candidates });
    }
  }
  return found;
}

function candidateOf({ words, backbone }: Captioner, hypothesis: Hypothesis): CaptionCandidate {
  const { tokens, attention, ended, logProbability, score } = hypothesis;
  const shown = attention.length > 0 && {
    grid: backbone.grid,
    words: words.names(ended ? [...tokens, words.end] : tokens),
    weights: attention.map((weights) => Array.from(weights)),
  };
  return { text: words.decode(tokens), logProbability, score, ended, attention: shown || null };
}
