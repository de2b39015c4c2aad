import { number, requireKind, whole } from '../checks.ts';
import type { Random } from '../random.ts';

export interface SamplingOptions {
  /** Divides the logits: below 1 bolder, above 1 more even; 0 always takes the likeliest. Default 1. */
  readonly temperature?: number;
  /** Only the k likeliest tokens; 0: all. Default 0. */
  readonly topK?: number;
  /** Only the likeliest tokens that together have probability p (Holtzman 2020); 1: all. Default 1. */
  readonly topP?: number;
}

/** @throws ConfigError naming the option that cannot work */
export function checkSampling({ temperature = 1, topK = 0, topP = 1 }: SamplingOptions): void {
  requireKind('sample', 'temperature', temperature, number({ from: 0 }));
  requireKind('sample', 'topK', topK, whole());
  requireKind('sample', 'topP', topP, number({ above: 0, to: 1 }));
}

/**
 * Draws a token id from logits `[V]`: softmax(logits / temperature), cut to top-k, then to top-p.
 *
 * @param never  an id that is never drawn
 */
export function sampleToken(
  logits: ArrayLike<number>,
  random: Random,
  { temperature = 1, topK = 0, topP = 1 }: SamplingOptions = {},
  never: number | null = null,
): number {
  if (temperature === 0) return likeliest(logits, never);
  // The order in which tokens share the interval of the draw: theirs, unless the likeliest have to be told apart.
  const order = topK > 0 || topP < 1 ? byLikelihood(logits, never) : null;
  const count = order === null ? logits.length : topK > 0 ? Math.min(topK, order.length) : order.length;
  const idAt = (i: number): number => (order === null ? i : order[i]);
  const highest = logits[likeliest(logits, never)];
  const weights = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const id = idAt(i);
    weights[i] = id === never ? 0 : Math.exp((logits[id] - highest) / temperature);
    total += weights[i];
  }
  let [nucleus, end] = [total, count];
  if (topP < 1) {
    nucleus = 0;
    for (end = 0; end < count && nucleus < topP * total; end++) nucleus += weights[end];
  }
  let left = random.uniform() * nucleus;
  for (let i = 0; i < end; i++) {
    left -= weights[i];
    if (left < 0) return idAt(i);
  }
  return likeliest(logits, never);
}

/** The first of those with the highest logit. */
function likeliest(logits: ArrayLike<number>, never: number | null): number {
  let best = -1;
  for (let id = 0; id < logits.length; id++) {
    if (id !== never && (best < 0 || logits[id] > logits[best])) best = id;
  }
  return best;
}

/** Likeliest first; among equals the smaller id, so that the result does not depend on the sort. */
function byLikelihood(logits: ArrayLike<number>, never: number | null): number[] {
  const ids = Array.from({ length: logits.length }, (_, id) => id).filter((id) => id !== never);
  return ids.sort((a, b) => logits[b] - logits[a] || a - b);
}
