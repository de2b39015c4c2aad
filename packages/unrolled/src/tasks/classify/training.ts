import { anything, count, type Kinds, required, requireOptions, seed as seedKind } from '../../checks.ts';
import { fitTemperature } from '../../metrics/calibration.ts';
import { SupervisedTraining } from '../../train/supervised.ts';
import { collectLogits, judge } from './evaluate.ts';
import type { LabelledText } from './format.ts';
import type { Classifier } from './model.ts';

export interface ClassifierTrainingOptions {
  /** Held-out examples for validation and for the temperature. Default: none. */
  readonly validation?: readonly LabelledText[] | undefined;
  /** B, texts in a batch. */
  readonly batch: number;
  /** Of the order of the texts. */
  readonly seed: number;
}

const kinds: Kinds<ClassifierTrainingOptions> = {
  validation: anything,
  batch: required(count),
  seed: required(seedKind),
};

/**
 * Trains a classifier; each validation also fits the temperature that calibrates its probabilities.
 * @throws DataError if there is no example; ConfigError on an option that is unknown or out of range
 *
 * @example
 * const { train: examples, validation } = splitExamples(all, { share: 0.1, seed: 1, keyOf: ({ text }) => text });
 * const task = classifierTraining(model, examples, { validation, batch: 32, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 3e-3, epochs: 4 })) …
 */
export function classifierTraining(
  model: Classifier,
  examples: readonly LabelledText[],
  options: ClassifierTrainingOptions,
): SupervisedTraining<LabelledText> {
  requireOptions('classifierTraining', options, kinds);
  const { validation = [], batch, seed } = options;
  return new SupervisedTraining(model, {
    examples,
    validation,
    batch,
    seed,
    chanceLoss: Math.log(model.labels.length),
    lengthOf: ({ text }) => model.lengthOf(text),
    async validate(texts, signal) {
      const collected = await collectLogits(model, texts, signal);
      model.temperature = fitTemperature(collected.logits, collected.actual);
      const { loss, accuracy, macroF1 } = judge(model, collected);
      return { loss, metrics: { accuracy, macroF1 } };
    },
    sample: (step) => describeExample(model, validation.length > 0 ? validation : examples, step),
  });
}

/** Three examples, others at every step, with the predicted labels. */
async function describeExample(model: Classifier, examples: readonly LabelledText[], step: number): Promise<string> {
  const chosen = [0, 1, 2].map((i) => examples[(step * 3 + i) % examples.length]);
  const labels = await model.classify(chosen.map(({ text }) => text));
  return chosen
    .map(({ text, label }, i) => {
      const found = labels[i];
      const verdict = found.label === label ? label : `${found.label} (true label ${label})`;
      return `${text.length > 60 ? `${text.slice(0, 60)}…` : text} → ${verdict} (${Math.round(100 * found.probability)}%)`;
    })
    .join('\n');
}
