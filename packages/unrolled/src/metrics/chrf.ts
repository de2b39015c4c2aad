import { DataError } from '../errors.ts';
import { countAll, countNgrams, countShared, referenceCount, splitAtSpaces, version } from './ngrams.ts';
import { requirePairs } from './require.ts';

export interface Chrf {
  /** 0 to 100. */
  readonly score: number;
  /** How it was computed, as sacreBLEU writes it. */
  readonly signature: string;
}

/** n-grams of a hypothesis, of a reference, and those they share, for n = 1 … 6. */
type Counts = readonly { readonly hypothesis: number; readonly reference: number; readonly shared: number }[];

const orders = [1, 2, 3, 4, 5, 6];
const beta = 2;

/**
 * Corpus chrF2 (Popović 2015) as sacreBLEU computes it by default: n-grams of 1 to 6 characters without spaces, recall
 * counts twice as much as precision, both averaged over the orders that occur. Of several references the best one
 * counts.
 *
 *     chrF = 100 · (1 + β²) P R / (β² P + R)
 */
export function chrf(hypotheses: readonly string[], references: readonly (readonly string[])[]): Chrf {
  requirePairs('chrf', hypotheses, references);
  const sentences = hypotheses.map((hypothesis, i): Counts => {
    if (references[i].length === 0) throw new DataError(`chrf: sentence ${i} has no reference`, { sentence: i });
    const candidates = references[i].map((reference) => compare(hypothesis, reference));
    return candidates.reduce((best, counts) => (fScore(counts) > fScore(best) ? counts : best));
  });
  const total = orders.map((_, n) => ({
    hypothesis: sentences.reduce((sum, counts) => sum + counts[n].hypothesis, 0),
    reference: sentences.reduce((sum, counts) => sum + counts[n].reference, 0),
    shared: sentences.reduce((sum, counts) => sum + counts[n].shared, 0),
  }));
  const signature = `nrefs:${referenceCount(references)}|case:mixed|eff:yes|nc:6|nw:0|space:no|version:${version}`;
  return { score: fScore(total), signature };
}

function compare(hypothesis: string, reference: string): Counts {
  const [own, other] = [hypothesis, reference].map((text) => [...splitAtSpaces(text).join('')]);
  return orders.map((n) => {
    const [a, b] = [countNgrams(own, n, ''), countNgrams(other, n, '')];
    // An order the reference is too short for does not count against the hypothesis.
    return { hypothesis: b.size > 0 ? countAll(a) : 0, reference: countAll(b), shared: countShared(a, b) };
  });
}

function fScore(counts: Counts): number {
  const occurring = counts.filter(({ hypothesis, reference }) => hypothesis > 0 && reference > 0);
  const mean = (of: (one: Counts[number]) => number): number =>
    occurring.reduce((sum, one) => sum + of(one), 0) / occurring.length;
  const precision = mean(({ shared, hypothesis }) => shared / hypothesis);
  const recall = mean(({ shared, reference }) => shared / reference);
  return precision + recall > 0 ? (100 * (1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall) : 0;
}
