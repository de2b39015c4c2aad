import { anything, count, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { type SpanScores, spanScores } from '../../metrics/spans.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { TaggedSentence } from './conll.ts';
import type { Tagger } from './model.ts';
import { inScheme } from './vocabulary.ts';

export interface TaggerEvaluation {
  /** −log P(tags) in nats per word, over the sentences whose tags the model all has; null if there is no such sentence. */
  readonly loss: number | null;
  /** Share of words with the right tag. */
  readonly accuracy: number;
  /** Precision, recall and F1 of spans, as conlleval; null where tags do not mark spans. */
  readonly spans: SpanScores | null;
  readonly sentences: number;
  readonly words: number;
  /** Words without a vector of their own. */
  readonly unknown: number;
}

export interface TaggerEvaluateOptions {
  /** B, batch size; does not change the result. Default 32. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/**
 * Evaluates a tagger on tagged sentences. Span labels may be of any scheme: they are compared in the model's own.
 * @throws DataError if there is no sentence, if none of the tags is one of the model's, or a tag is not a span label where
 *   the model marks spans; the signal's reason if it is aborted
 */
export async function evaluateTagger(
  model: Tagger,
  sentences: readonly TaggedSentence[],
  options: TaggerEvaluateOptions = {},
): Promise<TaggerEvaluation> {
  requireOptions('evaluateTagger', options, { batch: count, signal: anything });
  const { batch = 32, signal } = options;
  const { device, vocabulary, encoder } = model;
  const given = sentences.filter(({ words }) => words.length > 0);
  if (given.length === 0) throw new DataError('tag: no sentence to evaluate on');
  requireKnownTags(model, given);
  const sorted = given.sort((a, b) => b.words.length - a.words.length);
  const predicted: string[][] = [];
  let [loss, scored] = [0, 0];
  for (let start = 0; start < sorted.length; start += batch) {
    await breathe(signal);
    const examples = sorted.slice(start, start + batch);
    const lengths = examples.map(({ words }) => words.length);
    const tags = examples.map((sentence) => encoder.tagIds(sentence.tags));
    const { scores, losses } = await device.read(() =>
      device.withoutGradients(() => {
        const emissions = model.emissions(examples.map(({ words }) => words));
        return { scores: model.scores(emissions), losses: model.losses(emissions, tags) };
      }),
    );
    predicted.push(...model.decode(scores, lengths));
    for (const [i, value] of losses.entries()) {
      if (tags[i].includes(-1)) continue;
      loss += value;
      scored += lengths[i];
    }
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

/** Tags of another column or another tag set would only give a score of 0. */
function requireKnownTags({ vocabulary, encoder }: Tagger, sentences: readonly TaggedSentence[]): void {
  const others = new Set<string>();
  for (const { tags } of sentences) {
    const ids = encoder.tagIds(tags);
    for (const [i, tag] of inScheme(tags, vocabulary.scheme).entries()) {
      if (tag === 'O' && vocabulary.scheme !== null) continue;
      if (ids[i] >= 0) return;
      if (others.size < 5) others.add(tag.slice(0, 30));
    }
  }
  if (others.size === 0) return;
  throw new DataError(
    `tag: none of these tags is one of the model's: ${[...others].join(', ')}, …; the model has ` +
      `${vocabulary.tags.slice(0, 12).join(', ')}${vocabulary.tags.length > 12 ? ', …' : ''}. Are they in another column?`,
    { tags: [...others] },
  );
}
