import { DataError } from '../errors.ts';
import { countNgrams, nearestLength, ngramMatches } from './ngrams.ts';
import { requirePairs } from './require.ts';

/** How well captions agree with those of people, as the COCO evaluation computes it (Chen 2015), in percent. */
export interface CaptionScores {
  /** BLEU-1 to BLEU-4: n-grams up to that order, over the whole corpus, unsmoothed. */
  readonly bleu: readonly [number, number, number, number];
  readonly rougeL: number;
  /** From 0 to 1,000: a caption that is its only reference word for word has 1,000. */
  readonly ciderD: number;
}

/**
 * BLEU-1 to BLEU-4, ROUGE-L and CIDEr-D of captions against several references each, over `captionTokens`.
 *
 * @param references  for each caption the sentences of people
 * @throws DataError if their numbers differ or a caption has no reference
 */
export function captionScores(captions: readonly string[], references: readonly (readonly string[])[]): CaptionScores {
  requirePairs('captionScores', captions, references);
  const pairs = captions.map((caption, i): Pair => {
    if (references[i].length === 0) {
      throw new DataError(`captionScores: caption ${i} has no reference`, { caption: i });
    }
    return { words: captionTokens(caption), references: references[i].map(captionTokens) };
  });
  return {
    bleu: corpusBleu(pairs),
    rougeL: 100 * mean(pairs.map(rougeL)),
    ciderD: 100 * mean(ciderD(pairs)),
  };
}

interface Pair {
  readonly words: readonly string[];
  readonly references: readonly (readonly string[])[];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Words in lower case without punctuation; n't, 's, 're, 've, 'll, 'd and 'm stand alone. Close to the Penn Treebank tokens
 * of the COCO evaluation, which come from a Java program.
 */
export function captionTokens(text: string): string[] {
  const apart = text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/n't\b|'(?:s|re|ve|ll|d|m)\b/gu, ' $& ');
  const words = apart.match(/n't|'(?:s|re|ve|ll|d|m)\b|[\p{L}\p{N}]+(?:[-.,/][\p{L}\p{N}]+)*/gu);
  return words ?? [];
}

/** BLEU-n = min(1, e^(1 − r/h)) · (Π p_k)^(1/n), k to n; of references the nearest in length counts for r. */
function corpusBleu(pairs: readonly Pair[]): [number, number, number, number] {
  const right = [0, 0, 0, 0];
  const total = [0, 0, 0, 0];
  let [length, nearest] = [0, 0];
  for (const { words, references } of pairs) {
    length += words.length;
    nearest += nearestLength(words.length, references);
    for (let n = 1; n <= 4; n++) {
      const matches = ngramMatches(words, references, n, ' ');
      right[n - 1] += matches.right;
      total[n - 1] += matches.total;
    }
  }
  const brevity = length >= nearest ? 1 : length === 0 ? 0 : Math.exp(1 - nearest / length);
  let product = 1;
  return right.map((count, i) => {
    product *= total[i] === 0 ? 0 : count / total[i];
    return 100 * brevity * product ** (1 / (i + 1));
  }) as [number, number, number, number];
}

/** Weight of recall against precision in ROUGE-L. */
const BETA = 1.2;

/** (1 + β²)PR/(R + β²P) with the greatest precision and recall of a longest common subsequence over the references (Lin 2004). */
function rougeL({ words, references }: Pair): number {
  const common = references.map((reference) => commonSubsequence(words, reference));
  const precision = words.length === 0 ? 0 : Math.max(...common) / words.length;
  const recall = Math.max(...references.map(({ length }, i) => (length === 0 ? 0 : common[i] / length)));
  return precision * recall === 0 ? 0 : ((1 + BETA ** 2) * precision * recall) / (recall + BETA ** 2 * precision);
}

/** Length of the longest common subsequence. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (let j = 1; j <= b.length; j++) next.push(word === b[j - 1] ? row[j - 1] + 1 : Math.max(row[j], next[j - 1]));
    row = next;
  }
  return row[b.length];
}

/** Deviation of lengths that CIDEr-D forgives, in 2-grams. */
const SIGMA = 6;

interface Weighted {
  /** tf·idf of each n-gram, by order. */
  readonly vectors: readonly ReadonlyMap<string, number>[];
  readonly norms: readonly number[];
  readonly bigrams: number;
}

/**
 * CIDEr-D (Vedantam 2015), whose n-grams are weighed by the images of a corpus: one in the references of many images counts little.
 *
 *     10 · mean over n to 4 and over references of e^(−Δ²/2σ²) · Σ min(g, r)·r / (|g||r|), over tf·idf of n-grams
 *
 * with Δ the difference in length and σ = 6.
 */
export class CiderD {
  readonly #images: number;
  /** In the references of how many images each n-gram is, for n from 1. */
  readonly #known: readonly ReadonlyMap<string, number>[];

  /** @param corpus  for each image the words of its references */
  constructor(corpus: readonly (readonly (readonly string[])[])[]) {
    this.#images = corpus.length;
    this.#known = [1, 2, 3, 4].map((n) => {
      const images = new Map<string, number>();
      for (const references of corpus) {
        const seen = new Set(references.flatMap((reference) => [...countNgrams(reference, n, ' ').keys()]));
        for (const ngram of seen) images.set(ngram, (images.get(ngram) ?? 0) + 1);
      }
      return images;
    });
  }

  /** From 0 to 10, of each caption of an image. @param references  the words of each */
  scores(captions: readonly (readonly string[])[], references: readonly (readonly string[])[]): number[] {
    const known = references.map((reference) => this.#weigh(reference));
    return captions.map((words) => {
      const given = this.#weigh(words);
      return 10 * mean(known.map((reference) => similarity(given, reference)));
    });
  }

  #weigh(words: readonly string[]): Weighted {
    const vectors = this.#known.map((images, i) => {
      const counts = countNgrams(words, i + 1, ' ');
      const idf = (ngram: string): number => Math.log(this.#images) - Math.log(Math.max(1, images.get(ngram) ?? 0));
      return new Map([...counts].map(([ngram, count]) => [ngram, count * idf(ngram)]));
    });
    const norms = vectors.map((vector) => Math.hypot(...vector.values()));
    return { vectors, norms, bigrams: Math.max(0, words.length - 1) };
  }
}

function ciderD(pairs: readonly Pair[]): number[] {
  const scorer = new CiderD(pairs.map(({ references }) => references));
  return pairs.flatMap(({ words, references }) => scorer.scores([words], references));
}

function similarity(given: Weighted, reference: Weighted): number {
  const close = Math.exp(-((given.bigrams - reference.bigrams) ** 2) / (2 * SIGMA ** 2));
  const cosines = given.vectors.map((vector, i) => {
    let sum = 0;
    for (const [ngram, weight] of vector) {
      const other = reference.vectors[i].get(ngram) ?? 0;
      sum += Math.min(weight, other) * other;
    }
    const norms = given.norms[i] * reference.norms[i];
    return norms === 0 ? 0 : sum / norms;
  });
  return close * mean(cosines);
}
