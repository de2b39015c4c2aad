import { DataError } from '../errors.ts';
import { nearestLength, ngramMatches, referenceCount, splitAtSpaces, trimEnd, version } from './ngrams.ts';
import { requirePairs } from './require.ts';

export interface Bleu {
  /** 0 to 100. */
  readonly score: number;
  /** Of 1-grams to 4-grams, 0 to 100. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** Tokens of the hypotheses, and of the references nearest to them in length. */
  readonly hypothesisLength: number;
  readonly referenceLength: number;
  /** How it was computed, as sacreBLEU writes it. */
  readonly signature: string;
}

/**
 * Corpus BLEU (Papineni 2002) as sacreBLEU computes it by default (Post 2018): 13a tokens, case kept, 4-grams,
 * exponential smoothing.
 *
 *     BLEU = 100 · min(1, e^(1 − r/h)) · exp(mean over n of log p_n)
 *
 * @param hypotheses  one sentence each
 * @param references  for each sentence one or several references
 */
export function bleu(hypotheses: readonly string[], references: readonly (readonly string[])[]): Bleu {
  requirePairs('bleu', hypotheses, references);
  const orders = [1, 2, 3, 4];
  const right = orders.map(() => 0);
  const total = orders.map(() => 0);
  let [hypothesisLength, referenceLength] = [0, 0];
  hypotheses.forEach((hypothesis, i) => {
    if (references[i].length === 0) throw new DataError(`bleu: sentence ${i} has no reference`, { sentence: i });
    const words = tokenize13a(hypothesis);
    const known = references[i].map(tokenize13a);
    hypothesisLength += words.length;
    referenceLength += nearestLength(words.length, known);
    for (const n of orders) {
      const matches = ngramMatches(words, known, n, ' ');
      right[n - 1] += matches.right;
      total[n - 1] += matches.total;
    }
  });
  const precisions = smoothed(right, total);
  const brevityPenalty =
    hypothesisLength >= referenceLength
      ? 1
      : hypothesisLength > 0
        ? Math.exp(1 - referenceLength / hypothesisLength)
        : 0;
  const mean = precisions.reduce((sum, p) => sum + Math.log(p), 0) / precisions.length;
  const signature = `nrefs:${referenceCount(references)}|case:mixed|eff:no|tok:13a|smooth:exp|version:${version}`;
  return {
    score: brevityPenalty * Math.exp(mean),
    precisions,
    brevityPenalty,
    hypothesisLength,
    referenceLength,
    signature,
  };
}

/** Precisions in percent; the k-th order without a match counts as 1/2^k of one (Chen & Cherry 2014, method 3). */
function smoothed(right: readonly number[], total: readonly number[]): number[] {
  let halving = 1;
  const any = right.some((count) => count > 0);
  return right.map((count, n) => {
    if (!any || total[n] === 0) return 0;
    if (count > 0) return (100 * count) / total[n];
    halving *= 2;
    return 100 / (halving * total[n]);
  });
}

/** The tokens of mteval-v13a, which WMT uses: punctuation stands alone, except inside numbers. */
export function tokenize13a(line: string): string[] {
  const plain = trimEnd(line)
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  const apart = ` ${plain} `
    .replace(/[{-~[-` -&(-+:-@/]/gu, ' $& ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/gu, '$1 $2 ');
  return splitAtSpaces(apart);
}
