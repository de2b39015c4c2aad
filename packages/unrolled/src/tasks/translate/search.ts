import { beamSearch } from '../../decode/beam.ts';
import { greedySearch } from '../../decode/greedy.ts';
import type { DecodeRows, Hypothesis } from '../../decode/search.ts';
import { gatherRows, tensorStep } from '../../decode/tensor-step.ts';
import { add, logSoftmax } from '../../ops/index.ts';
import type { Reading, Translator } from './model.ts';

export interface SearchTranslationOptions {
  /** How many sequences are gone on with for each source; 1: the likeliest token at every step. Default 1. */
  readonly beam?: number;
  /** How many translations of each source are wanted, at most the beam. Default 1. */
  readonly nBest?: number;
  /** α of the length penalty (Wu 2016): above 0, longer translations are favoured. Default 0. */
  readonly lengthPenalty?: number;
  /** β of the coverage penalty (Wu 2016): above 0, no part of the source is to be passed over. Default 0. */
  readonly coveragePenalty?: number;
  /** No run of so many tokens comes twice; 0: may be. Default 0. */
  readonly blockNgrams?: number;
  /** The most tokens in a translation, with its end. Default: twice the longest one learnt from, and 10 more. */
  readonly maxLength?: number;
}

/** What a search carries: the rows' own states, and what they attend to, which belongs to their sources. */
type SearchState = Reading & { readonly sources: readonly number[] | null };

/**
 * The likeliest translations of sources that stand in one batch, the n best of each. What is found for a source does not
 * depend on the others, to the bit.
 *
 * @param sources  ids of each, with its end
 * @throws ConfigError on an option out of range
 */
export function searchTranslations(
  model: Translator,
  sources: readonly (readonly number[])[],
  options: SearchTranslationOptions = {},
): Hypothesis[][] {
  const { beam = 1, nBest = 1, maxLength = 2 * model.sides.longest + 10, lengthPenalty, coveragePenalty } = options;
  const {
    device,
    sides: { target },
  } = model;
  const { unknown } = target.tokenizer;
  // What stands for anything unknown is never written.
  const possible = Array.from({ length: target.size }, (_, id) => (id === unknown ? Number.NEGATIVE_INFINITY : 0));
  const step = tensorStep(device, (rows, before: SearchState) => {
    const state = follow(before, rows);
    const written = model.write(rows.tokens, state);
    const logits = unknown === null ? written.logits : add(written.logits, device.tensor(possible));
    return {
      logProbabilities: logSoftmax(logits),
      attention: written.weights,
      state: { memory: state.memory, state: written.state, sources: state.sources },
    };
  });
  const search = {
    start: target.start,
    end: target.end,
    sources: sources.length,
    maxLength,
    blockNgrams: options.blockNgrams,
  };
  return device.withoutGradients(() =>
    device.scope(() => {
      const begin: SearchState = { ...model.read(sources), sources: null };
      if (beam === 1 && nBest === 1) return greedySearch(step, begin, search).map((one) => [one]);
      const sourceLengths = sources.map(({ length }) => length);
      return beamSearch(step, begin, { ...search, width: beam, nBest, lengthPenalty, coveragePenalty, sourceLengths });
    }),
  );
}

/** The state in the order of the rows; a memory is moved only when the rows are of other sources than before. */
function follow({ memory, state, sources }: SearchState, rows: DecodeRows): SearchState {
  const now = Array.from(rows.sources);
  const same = sources?.length === now.length && sources.every((source, row) => source === now[row]);
  return {
    memory: same ? memory : gatherRows(memory, rows.parents),
    state: gatherRows(state, rows.parents),
    sources: now,
  };
}
