import { requireOptions } from '../../checks.ts';
import { type Examples, sourceOf } from '../../data/examples.ts';
import { DataError } from '../../errors.ts';
import { hashText, mix32 } from '../../random.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import type { TaggedSentence } from './conll.ts';
import { evaluateTagger } from './evaluate.ts';
import type { Tagger } from './model.ts';
import { showTags } from './show.ts';

export interface TaggerTrainingOptions extends ExampleOptions<TaggedSentence> {}

/**
 * Trains a tagger on sentences. The best checkpoint is the one with the highest F1 where tags mark spans, otherwise the one
 * with the highest accuracy; samples are validation sentences with the model's tags.
 * @param sentences  in memory, or a source that reads each when a batch needs it
 * @throws DataError if there is no sentence, one without words, or if no validation sentence can be scored because each has
 *   a tag that the model does not have
 *
 * @example
 * const vocabulary = tagVocabulary(sentences);
 * const model = new Tagger(device, vocabulary, { cell: 'lstm', hidden: 128, … });
 * for await (const event of train(taggerTraining(model, sentences, { validation, batch: 16, seed: 1 }), options)) …
 */
export function taggerTraining(
  model: Tagger,
  sentences: Examples<TaggedSentence>,
  options: TaggerTrainingOptions,
): SupervisedTraining<TaggedSentence> {
  requireOptions('taggerTraining', options, exampleKinds);
  const { validation = [], seed } = options;
  const shown = sourceOf(validation.length > 0 ? validation : sentences);
  // Now rather than at the first validation, which would have no loss to report.
  requireScorable(model, validation);
  return new SupervisedTraining(model, sentences, {
    ...options,
    chanceLoss: Math.log(model.vocabulary.tags.length),
    lengthOf: ({ words }) => words.length,
    validate: async (sentences, signal) => {
      const { loss, spans, accuracy } = await evaluateTagger(model, sentences, { signal });
      const ofSpans = spans && { f1: spans.f1, precision: spans.precision, recall: spans.recall };
      return { loss: loss!, metrics: { ...ofSpans, accuracy }, cost: 1 - (spans?.f1 ?? accuracy) };
    },
    async sample(step) {
      const { words } = await shown.read(mix32(hashText(String(step), seed)) % shown.length);
      return showTags({ words, tags: (await model.tagWords([words]))[0] }, model.vocabulary.scheme !== null);
    },
  });
}

function requireScorable({ encoder, vocabulary }: Tagger, sentences: readonly TaggedSentence[]): void {
  const unseen = new Set<string>();
  for (const { tags } of sentences) {
    const odd = encoder.tagIds(tags).indexOf(-1);
    if (odd < 0) return;
    if (unseen.size < 5) unseen.add(tags[odd].slice(0, 30));
  }
  if (unseen.size === 0) return;
  throw new DataError(
    `tag: every validation sentence has a tag that training never saw, such as ${[...unseen].join(', ')}; the model has ` +
      `${vocabulary.tags.slice(0, 12).join(', ')}${vocabulary.tags.length > 12 ? ', …' : ''}`,
    { unseen: [...unseen] },
  );
}
