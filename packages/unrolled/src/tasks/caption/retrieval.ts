import { type ExampleSource, type Examples, sourceOf } from '../../data/examples.ts';
import { padSequences } from '../../data/padding.ts';
import { gatherRows } from '../../decode/tensor-step.ts';
import { DataError } from '../../errors.ts';
import { type RankingScores, rankingScores, rankOf } from '../../metrics/ranking.ts';
import { inference } from '../../nn/layer.ts';
import { tokenLosses } from '../../nn/seq2seq/loss.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { Captioner } from './model.ts';

export interface RetrievalOptions {
  /** Sentences that run at once; it changes the speed, not the result. Default 200. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
  /** Receives the share that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** How well a captioner finds the sentence of an image and the image of a sentence. */
export interface CaptionRetrieval {
  readonly images: number;
  /** Sentences of an image, by log P(sentence | image). */
  readonly sentences: RankingScores;
  /** By log P(sentence | image) − log of its mean over the images: a sentence that is likely about any image is no answer (Mao 2015). */
  readonly normalised: RankingScores;
  /** Images of a sentence, by log P(sentence | image). */
  readonly imagesOf: RankingScores;
}

/**
 * log P of sentences about one image, in nats, ends included; words that the model does not know count as the unknown word.
 * @throws the signal's reason if it is aborted
 */
export async function captionLogProbabilities(
  model: Captioner,
  features: ArrayLike<number>,
  sentences: readonly string[],
  { batch = 200, signal }: Pick<RetrievalOptions, 'batch' | 'signal'> = {},
): Promise<Float64Array> {
  const found = new Float64Array(sentences.length);
  const pairs = sentences.map((sentence, index) => ({ index, ids: model.encode(sentence) }));
  // Of similar length, for little padding.
  pairs.sort((a, b) => a.ids.length - b.ids.length);
  for (let from = 0; from < pairs.length; from += batch) {
    await breathe(signal);
    const part = pairs.slice(from, from + batch);
    const targets = padSequences(
      part.map(({ ids }) => ids),
      { padding: -1 },
    );
    let places = new Int32Array();
    const losses = await model.device.read(() =>
      model.device.withoutGradients(() => {
        // The image is read once for all of its sentences.
        const reading = gatherRows(model.read([features]), new Int32Array(part.length));
        const { losses, positions } = tokenLosses(model.network, reading, targets, inference);
        places = Int32Array.from(positions);
        return losses;
      }),
    );
    for (let i = 0; i < places.length; i++) found[part[places[i] % part.length].index] -= losses[i];
  }
  return found;
}

/**
 * Retrieval by likelihood (Vinyals 2015): each image with one sentence; every sentence is scored with every image, N² likelihoods.
 * @throws DataError if images and sentences differ in number, or there are none; the signal's reason if it is aborted
 */
export async function captionRetrieval(
  model: Captioner,
  features: Examples<ArrayLike<number>>,
  sentences: readonly string[],
  { onProgress, ...options }: RetrievalOptions = {},
): Promise<CaptionRetrieval> {
  const source: ExampleSource<ArrayLike<number>> = sourceOf(features);
  const N = source.length;
  if (N === 0 || N !== sentences.length) {
    throw new DataError(
      `captionRetrieval: ${N} images and ${sentences.length} sentences; give one sentence for each image`,
    );
  }
  const scores: Float64Array[] = []; // [image][sentence]
  for (let image = 0; image < N; image++) {
    scores.push(await captionLogProbabilities(model, await source.read(image), sentences, options));
    onProgress?.((image + 1) / N);
  }
  const columns = sentences.map((_, sentence) => Float64Array.from(scores, (row) => row[sentence]));
  const priors = columns.map(logMeanExp);
  const ranksOf = (of: (i: number) => ArrayLike<number>): RankingScores =>
    rankingScores(sentences.map((_, i) => rankOf(of(i), i)));
  return {
    images: N,
    sentences: ranksOf((image) => scores[image]),
    normalised: ranksOf((image) => scores[image].map((score, sentence) => score - priors[sentence])),
    imagesOf: ranksOf((sentence) => columns[sentence]),
  };
}

function logMeanExp(values: Float64Array): number {
  const most = values.reduce((a, b) => Math.max(a, b));
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0) / values.length);
}
