import { ConfigError } from '../errors.ts';
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
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new ConfigError(`sample: temperature must be a number from 0, received ${temperature}`);
  }
  if (!Number.isInteger(topK) || topK < 0) {
    throw new ConfigError(`sample: top-k must be a whole number from 0 (0: all tokens), received ${topK}`);
  }
  if (!(topP > 0 && topP <= 1)) throw new ConfigError(`sample: top-p must be above 0 and at most 1, received ${topP}`);
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
  const order = Array.from({ length: logits.length }, (_, id) => id).filter((id) => id !== never);
  // Likeliest first; among equals the smaller id, so that the result does not depend on the sort.
  order.sort((a, b) => logits[b] - logits[a] || a - b);
  if (temperature === 0) return order[0];
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const weights = kept.map((id) => Math.exp((logits[id] - logits[order[0]]) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let nucleus = total;
  if (topP < 1) {
    let mass = 0;
    const cut = weights.findIndex((weight) => {
      mass += weight;
      return mass >= topP * total;
    });
    nucleus = weights.slice(0, cut + 1).reduce((sum, weight) => sum + weight, 0);
  }
  let left = random.uniform() * nucleus;
  for (let i = 0; i < kept.length; i++) {
    left -= weights[i];
    if (left < 0) return kept[i];
  }
  return kept[0];
}
