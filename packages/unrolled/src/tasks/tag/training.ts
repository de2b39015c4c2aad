import { hashText, mix32 } from '../../random.ts';
import { SupervisedTraining } from '../../train/supervised.ts';
import type { TaggedSentence } from './conll.ts';
import { evaluateTagger } from './evaluate.ts';
import type { Tagger } from './model.ts';
import { showTags } from './show.ts';

export interface TaggerTrainingOptions {
  readonly examples: readonly TaggedSentence[];
  /** What validation measures on; none: nothing is held back. */
  readonly heldBack: readonly TaggedSentence[];
  /** B, sentences in a batch. */
  readonly batch: number;
  /** Of the order of the sentences. */
  readonly seed: number;
}

/**
 * A tagger learning from sentences. The best checkpoint is that of the greatest F1 where tags mark spans, otherwise that of
 * the greatest accuracy; samples are sentences that are held back, as the model tags them.
 * @throws DataError if there is no sentence, one without words, or one held back has a tag of no scheme where tags mark spans
 *
 * @example
 * const vocabulary = tagVocabulary(sentences);
 * const model = new Tagger(device, vocabulary, { cell: 'lstm', hidden: 128, … });
 * for await (const event of train(taggerTraining(model, { examples: sentences, heldBack, batch: 16, seed: 1 }), options)) …
 */
export function taggerTraining(model: Tagger, options: TaggerTrainingOptions): SupervisedTraining<TaggedSentence> {
  const { examples, heldBack, seed } = options;
  // A tag that cannot be read is found now, not at the first validation.
  for (const { tags } of heldBack) model.encoder.tagIds(tags);
  return new SupervisedTraining(model, {
    ...options,
    lengthOf: ({ words }) => words.length,
    validate: async (sentences, signal) => {
      const found = await evaluateTagger(model, sentences, { signal });
      if (found === null) return null;
      const { spans, accuracy } = found;
      const ofSpans = spans && { f1: spans.f1, precision: spans.precision, recall: spans.recall };
      return { loss: found.loss ?? Number.NaN, metrics: { ...ofSpans, accuracy }, cost: 1 - (spans?.f1 ?? accuracy) };
    },
    sample: (step) => {
      const shown = heldBack.length > 0 ? heldBack : examples;
      const { words } = shown[mix32(hashText(String(step), seed)) % shown.length];
      return showTags({ words, tags: model.tagWords([words])[0] }, model.vocabulary.scheme !== null);
    },
  });
}
