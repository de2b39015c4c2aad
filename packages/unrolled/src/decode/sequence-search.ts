import { ConfigError } from '../errors.ts';
import type { EncoderDecoder, Reading } from '../nn/seq2seq/encoder-decoder.ts';
import { add, logSoftmax } from '../ops/index.ts';
import { Random } from '../random.ts';
import { beamSearch } from './beam.ts';
import { greedySearch } from './greedy.ts';
import { checkSampling, type SamplingOptions, sampleToken } from './sampling.ts';
import type { DecodeRows, Hypothesis } from './search.ts';
import { gatherRows, tensorSearch } from './tensor-step.ts';

export interface SequenceSearchOptions {
  /** Beam width (1: greedy search). Default 1. */
  readonly beam?: number | undefined;
  /** Number of sequences returned for each source, at most the beam width. Default 1. */
  readonly nBest?: number | undefined;
  /** α of the length penalty (Wu 2016): above 0 it favours longer sequences. Default 0. */
  readonly lengthPenalty?: number | undefined;
  /** β of the coverage penalty (Wu 2016): above 0 it penalises parts of the source left out. Default 0. */
  readonly coveragePenalty?: number | undefined;
  /** No n-gram of this many tokens occurs twice in a sequence; 0: no restriction. Default 0. */
  readonly blockNgrams?: number | undefined;
  /**
   * Draws each token from the model's distribution instead of searching; goes without a beam. Source i draws with `seed` + i,
   * by default 1. Default: search.
   */
  readonly sampling?: (SamplingOptions & { readonly seed?: number }) | undefined;
}

/** The sources of a search. */
export interface SearchSources {
  /** Positions of each source, `[B]`. */
  readonly lengths: readonly number[];
  /** Maximum number of tokens in a sequence, its end included: one for all, or one for each source. */
  readonly maxLength: number | readonly number[];
  /** An id that is never generated, such as that of unknown tokens. */
  readonly never?: number | null | undefined;
  /** Ids that every sequence begins with; log-probabilities are of what follows. Default: none. */
  readonly prefix?: readonly number[] | undefined;
}

/** The state of a search: that of each row, and the memory, which belongs to the rows' sources. */
type SearchState = Reading & { readonly sources: readonly number[] | null; readonly length: number };

/**
 * The n best sequences about each source of a batch. The result for a source does not depend on the others, to the bit.
 *
 * @param read  reads the sources, one a row
 * @throws ConfigError on an invalid option
 */
export function searchSequences(
  model: Pick<EncoderDecoder, 'device' | 'start' | 'end' | 'write'>,
  read: () => Reading,
  { lengths, maxLength, never = null, prefix = [] }: SearchSources,
  { beam = 1, nBest = 1, lengthPenalty, coveragePenalty, blockNgrams, sampling }: SequenceSearchOptions = {},
): Promise<Hypothesis[][]> {
  const { device, start, end } = model;
  const masked = (isPossible: (id: number) => boolean): number[] =>
    Array.from({ length: end + 1 }, (_, id) => (isPossible(id) ? 0 : Number.NEGATIVE_INFINITY));
  const possible = masked((id) => id !== never);
  const step = (rows: DecodeRows, before: SearchState) => {
    const { memory, state, sources, length } = follow(before, rows);
    const written = model.write(device.ids(rows.tokens), { memory, state });
    const mask = length < prefix.length ? masked((id) => id === prefix[length]) : never === null ? null : possible;
    const logits = mask ? add(written.logits, device.tensor(mask)) : written.logits;
    return {
      logProbabilities: logSoftmax(logits),
      attention: written.weights,
      state: { memory, state: written.state, sources, length: length + 1 },
    };
  };
  const options = { start, end, sources: lengths.length, maxLength, blockNgrams };
  const choose = sampling && sampler(sampling, lengths.length);
  if (sampling && (beam > 1 || nBest > 1)) {
    throw new ConfigError('search: sampling goes without a beam; leave out one of them', { beam, nBest });
  }
  return tensorSearch(
    device,
    (): SearchState => ({ ...read(), sources: null, length: 0 }),
    step,
    async (next, begin) => {
      if (beam === 1 && nBest === 1)
        return (await greedySearch(next, begin, { ...options, choose })).map((one) => [one]);
      const more = { width: beam, nBest, lengthPenalty, coveragePenalty, sourceLengths: lengths };
      return beamSearch(next, begin, { ...options, ...more });
    },
  );
}

/** The state in the order of the rows; the memory is gathered only when the rows' sources have changed. */
function follow({ memory, state, sources, length }: SearchState, rows: DecodeRows): SearchState {
  const now = Array.from(rows.sources);
  const same = sources?.length === now.length && sources.every((source, row) => source === now[row]);
  return {
    memory: same ? memory : gatherRows(memory, rows.parents),
    state: gatherRows(state, rows.parents),
    sources: now,
    length,
  };
}

/** Draws tokens, those of each source with random numbers of its own. */
function sampler({ seed = 1, ...options }: SamplingOptions & { readonly seed?: number }, sources: number) {
  checkSampling(options);
  const randoms = Array.from({ length: sources }, (_, i) => new Random(seed + i));
  return (scores: Float64Array, source: number): number =>
    scores.every((score) => score === Number.NEGATIVE_INFINITY) ? -1 : sampleToken(scores, randoms[source], options);
}
