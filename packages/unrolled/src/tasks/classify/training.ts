import { requireOptions } from '../../checks.ts';
import { type Examples, sourceOf } from '../../data/examples.ts';
import { fitTemperature } from '../../metrics/calibration.ts';
import { evaluateLogits } from '../../metrics/label-predictions.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import { collectLogits } from './evaluate.ts';
import type { LabelledText } from './format.ts';
import type { Classifier } from './model.ts';

export interface ClassifierTrainingOptions extends ExampleOptions<LabelledText> {}

/**
 * Trains a classifier; each validation also fits the temperature that calibrates its probabilities.
 * @param examples  in memory, or a source that reads each when a batch needs it
 * @throws DataError if there is no example; ConfigError on an option that is unknown or out of range
 *
 * @example
 * const { train: examples, validation } = splitExamples(all, { share: 0.1, seed: 1, keyOf: ({ text }) => text });
 * const task = classifierTraining(model, examples, { validation, batch: 32, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 3e-3, epochs: 4 })) …
 */
export function classifierTraining(
  model: Classifier,
  examples: Examples<LabelledText>,
  options: ClassifierTrainingOptions,
): SupervisedTraining<LabelledText> {
  requireOptions('classifierTraining', options, exampleKinds);
  const { validation = [] } = options;
  const shown = sourceOf(validation.length > 0 ? validation : examples);
  return new SupervisedTraining(model, examples, {
    ...options,
    chanceLoss: Math.log(model.labels.length),
    lengthOf: ({ text }) => model.lengthOf(text),
    async validate(texts, signal) {
      const { logits, actual } = await collectLogits(model, texts, signal);
      model.temperature = fitTemperature(logits, actual);
      const { loss, accuracy, macroF1 } = evaluateLogits(logits, actual, model);
      return { loss, metrics: { accuracy, macroF1 } };
    },
    /** Three examples, others at every step, with the predicted labels. */
    async sample(step) {
      const chosen = [0, 1, 2].map((i) => shown.read((step * 3 + i) % shown.length));
      return describeExamples(model, await Promise.all(chosen));
    },
  });
}

async function describeExamples(model: Classifier, examples: readonly LabelledText[]): Promise<string> {
  const labels = await model.classify(examples.map(({ text }) => text));
  return examples
    .map(({ text, label }, i) => {
      const found = labels[i];
      const verdict = found.label === label ? label : `${found.label} (true label ${label})`;
      return `${text.length > 60 ? `${text.slice(0, 60)}…` : text} → ${verdict} (${Math.round(100 * found.probability)}%)`;
    })
    .join('\n');
}
