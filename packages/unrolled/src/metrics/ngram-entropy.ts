import { count, type Kinds, oneOf, required, requireOptions, whole } from '../checks.ts';
import { DataError } from '../errors.ts';

export interface NgramOptions {
  /** N: a token is predicted from the N − 1 before it. */
  readonly order: number;
  /** V, vocabulary size. */
  readonly vocabulary: number;
  /**
   * 'witten-bell' (default) gives every token a probability above 0. 'none' uses relative frequencies: on the text they were
   * counted on the lower bound for any model with this context; Infinity on a text with an n-gram that was not seen.
   */
  readonly smoothing?: 'witten-bell' | 'none' | undefined;
}

const kinds: Kinds<NgramOptions> = {
  order: required(whole()),
  vocabulary: required(count),
  smoothing: oneOf(['witten-bell', 'none']),
};

/**
 * Cross-entropies of n-gram models on a text in nats per token, for n = 0 … N: entry 0 is the uniform distribution, ln V,
 * entry 1 the unigram model, and so on. Comparable to the loss of a recurrent network on the same tokens.
 *
 *     p_n(w | h) = (c(h w) + D(h) p_{n−1}(w | h′)) / (c(h) + D(h)),   p_0 = 1 / V
 *
 * with c the count in `counted`, D(h) the number of different tokens seen after h, h′ the context h without its first token
 * (Witten & Bell 1991, method C, interpolated). A context that was never seen leaves p as it is. Scored are all tokens but
 * the first, each given what is before it in `scored`. 'none': p_n(w | h) = c(h w) / c(h), where the beginning has shorter
 * contexts.
 *
 * @throws ConfigError if an option is out of range; DataError if a text is too short, or a token is not below V
 *
 * @example
 * ngramCrossEntropy(train, validation, { order: 4, vocabulary: tokenizer.size });   // [4.17, 3.3, 2.5, 2.1, 1.9]
 */
export function ngramCrossEntropy(counted: Int32Array, scored: Int32Array, options: NgramOptions): number[] {
  const { order, vocabulary: V, smoothing = 'witten-bell' } = options;
  requireOptions('n-grams', options, kinds);
  if (counted.length < 1 || scored.length < 2) {
    throw new DataError(
      `n-grams: ${counted.length} token(s) to count, ${scored.length} to score; at least 1 and 2 are needed`,
    );
  }
  for (const tokens of [counted, scored]) {
    const bad = tokens.find((token) => token < 0 || token >= V);
    if (bad !== undefined) throw new DataError(`n-grams: token ${bad} is not in a vocabulary of ${V}`, { token: bad });
  }
  const tables = new Ngrams(V);
  // By length, from 0: where in the tree the tokens before this one lead; −1 where they were never seen.
  let contexts = [0];
  for (const token of counted) {
    contexts = [0, ...contexts.slice(0, order).map((context) => tables.count(context, token))];
  }
  const total = new Float64Array(order + 1);
  contexts = [0];
  scored.forEach((token, t) => {
    let p = 1 / V;
    if (t > 0) total[0] -= Math.log(p);
    const nodes = contexts.slice(0, order).map((context) => tables.next(context, token));
    for (let n = 1; n <= order && t > 0; n++) {
      const context = contexts[n - 1];
      if (context >= 0 && tables.followed[context] > 0) {
        const count = nodes[n - 1] < 0 ? 0 : tables.counts[nodes[n - 1]];
        const different = smoothing === 'none' ? 0 : tables.different[context];
        p = (count + different * p) / (tables.followed[context] + different);
      } else if (context !== undefined && smoothing === 'none') {
        p = 0;
      }
      total[n] -= Math.log(p);
    }
    contexts = [0, ...nodes];
  });
  return Array.from(total, (sum) => sum / (scored.length - 1));
}

/** A tree whose paths from the root, node 0, are the n-grams that were seen. */
class Ngrams {
  /** By node: how often its n-gram occurs, how often something follows it, and how many different tokens do. */
  readonly counts: number[] = [0];
  readonly followed: number[] = [0];
  readonly different: number[] = [0];
  readonly #children = new Map<number, number>();
  readonly #vocabulary: number;

  constructor(vocabulary: number) {
    this.#vocabulary = vocabulary;
  }

  /** The node after this one, or −1. Keys are exact to 2⁵³, which is more nodes times tokens than memory holds. */
  next(node: number, token: number): number {
    return node < 0 ? -1 : (this.#children.get(node * this.#vocabulary + token) ?? -1);
  }

  /** Counts a token after a context; gives the node of both together. */
  count(context: number, token: number): number {
    let node = this.next(context, token);
    if (node < 0) {
      node = this.counts.push(0) - 1;
      this.followed.push(0);
      this.different.push(0);
      this.#children.set(context * this.#vocabulary + token, node);
      this.different[context]++;
    }
    this.counts[node]++;
    this.followed[context]++;
    return node;
  }
}
