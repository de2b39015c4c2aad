import { beamSearch } from '../../decode/beam.ts';
import { greedySearch } from '../../decode/greedy.ts';
import type { DecodeRows, Hypothesis } from '../../decode/search.ts';
import { gatherRows, tensorStep } from '../../decode/tensor-step.ts';
import { add, logSoftmax } from '../../ops/index.ts';
import type { Reading, Translator } from './model.ts';
import { defaultMaxLength } from './sides.ts';

export interface SearchTranslationOptions {
  /** Beam width (1: greedy search). Default 1. */
  readonly beam?: number;
  /** Number of translations returned for each source, at most the beam width. Default 1. */
  readonly nBest?: number;
  /** α of the length penalty (Wu 2016): above 0 it favours longer translations. Default 0. */
  readonly lengthPenalty?: number;
  /** β of the coverage penalty (Wu 2016): above 0 it penalises parts of the source left untranslated. Default 0. */
  readonly coveragePenalty?: number;
  /** No n-gram of this many tokens occurs twice in a translation; 0: no restriction. Default 0. */
  readonly blockNgrams?: number;
  /** Maximum number of tokens in a translation, its end included. Default: `defaultMaxLength` of its source. */
  readonly maxLength?: number;
}

/** The state of a search: that of each row, and the memory, which belongs to the rows' sources. */
type SearchState = Reading & { readonly sources: readonly number[] | null };

/**
 * The n best translations of each source of a batch. The result for a source does not depend on the others, to the bit.
 *
 * @param sources  ids of each, its end included
 * @throws ConfigError on an invalid option
 */
export function searchTranslations(
  model: Translator,
  sources: readonly (readonly number[])[],
  options: SearchTranslationOptions = {},
): Hypothesis[][] {
  const { beam = 1, nBest = 1, lengthPenalty, coveragePenalty } = options;
  const maxLength = options.maxLength ?? sources.map(({ length }) => defaultMaxLength(model.sides, length));
  const {
    device,
    sides: { target },
  } = model;
  const { unknown } = target.tokenizer;
  // The unknown token is never generated.
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

/** The state in the order of the rows; the memory is gathered only when the rows' sources have changed. */
function follow({ memory, state, sources }: SearchState, rows: DecodeRows): SearchState {
  const now = Array.from(rows.sources);
  const same = sources?.length === now.length && sources.every((source, row) => source === now[row]);
  return {
    memory: same ? memory : gatherRows(memory, rows.parents),
    state: gatherRows(state, rows.parents),
    sources: now,
  };
}
