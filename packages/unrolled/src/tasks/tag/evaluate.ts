import { DataError } from '../../errors.ts';
import { type SpanScores, spanScores } from '../../metrics/spans.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { TaggedSentence } from './conll.ts';
import type { Tagger } from './model.ts';
import { inScheme } from './vocabulary.ts';

export interface TaggerEvaluation {
  /** Mean over the words of all sentences whose tags the model has, in nats a word; null if there is no such sentence. */
  readonly loss: number | null;
  /** Share of words with the right tag. */
  readonly accuracy: number;
  /** Spans as conlleval counts them; null where tags mark none. */
  readonly spans: SpanScores | null;
  readonly sentences: number;
  readonly words: number;
  /** Words that have no vector of their own. */
  readonly unknown: number;
}

export interface TaggerEvaluateOptions {
  /** B, sentences side by side; does not change what they get. Default 32. */
  readonly batch?: number;
  readonly signal?: StopSignal | undefined;
}

/**
 * How well a model tags sentences whose tags are known. Tags of spans may be of any scheme: they are compared in the
 * model's own.
 * @returns null if the signal ended it early
 * @throws DataError if there is no sentence, or a tag is of no scheme where the model marks spans
 */
export async function evaluateTagger(
  model: Tagger,
  sentences: readonly TaggedSentence[],
  { batch = 32, signal }: TaggerEvaluateOptions = {},
): Promise<TaggerEvaluation | null> {
  const { device, vocabulary, encoder } = model;
  const given = sentences.filter(({ words }) => words.length > 0);
  if (given.length === 0) throw new DataError('tag: there is no sentence to measure on');
  const sorted = given.sort((a, b) => b.words.length - a.words.length);
  const predicted: string[][] = [];
  let [loss, scored] = [0, 0];
  for (let start = 0; start < sorted.length; start += batch) {
    const examples = sorted.slice(start, start + batch);
    const lengths = examples.map(({ words }) => words.length);
    const tags = examples.map((sentence) => encoder.tagIds(sentence.tags));
    device.withoutGradients(() =>
      device.scope(() => {
        const emissions = model.emissions(examples.map(({ words }) => words));
        predicted.push(...model.decode(emissions, lengths));
        const losses = model.losses(emissions, tags);
        for (const [i, value] of losses.data().entries()) {
          if (tags[i].includes(-1)) continue;
          loss += value;
          scored += lengths[i];
        }
      }),
    );
    await breathe();
    if (signal?.aborted) return null;
  }
  const actual = sorted.map(({ tags }) => [...inScheme(tags, vocabulary.scheme)]);
  const words = sorted.flatMap((sentence) => sentence.words);
  const right = actual.flatMap((tags, i) => tags.filter((tag, t) => tag === predicted[i][t])).length;
  return {
    loss: scored > 0 ? loss / scored : null,
    accuracy: right / words.length,
    spans: vocabulary.scheme === null ? null : spanScores(predicted, actual),
    sentences: sorted.length,
    words: words.length,
    unknown: words.filter((word) => !encoder.knows(word)).length,
  };
}
