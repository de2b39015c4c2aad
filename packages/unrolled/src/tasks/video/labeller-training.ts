import { type Kinds, requireOptions } from '../../checks.ts';
import type { ExampleSource, Examples } from '../../data/examples.ts';
import { DataError } from '../../errors.ts';
import { segmentsIn } from '../../metrics/segments.ts';
import type { Context } from '../../nn/layer.ts';
import { SupervisedTraining } from '../../train/supervised.ts';
import { requireClipAugmentation } from './augmentation.ts';
import type { FrameLabeller } from './labeller.ts';
import { type ClipWithFrameLabels, evaluateFrameLabeller } from './labeller-evaluate.ts';
import { type ClipTrainingOptions, clipTrainingKinds, preparedExamples, varied } from './training.ts';

/**
 * Trains a labeller of frames. Of a frozen network the features are computed here, once. Augmentation varies features and images
 * alone, since the labels belong to the frames.
 * @param examples  in memory, or a source that reads each when a batch needs it
 * @throws DataError if there is no example, or not one label for each frame; ConfigError on an option that is unknown or out of
 *   range; the signal's reason if it is aborted
 *
 * @example
 * const training = await frameLabellerTraining(model, examples, { validation, batch: 8, seed: 1 });
 * for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 1e-3, epochs: 20 })) …
 */
export async function frameLabellerTraining(
  model: FrameLabeller,
  examples: Examples<ClipWithFrameLabels>,
  options: ClipTrainingOptions<ClipWithFrameLabels>,
): Promise<SupervisedTraining<ClipWithFrameLabels>> {
  requireOptions(
    'frameLabellerTraining',
    options,
    clipTrainingKinds as Kinds<ClipTrainingOptions<ClipWithFrameLabels>>,
  );
  const { batch, seed, order, augmentation } = options;
  if (augmentation) {
    requireClipAugmentation(augmentation);
    if ((augmentation.crop ?? 1) < 1 || (augmentation.speed ?? 1) > 1) {
      throw new DataError(
        'frameLabellerTraining: augmentation by crop and speed moves frames away from their labels; leave them out',
      );
    }
  }
  const { source, validation } = await preparedExamples(model, examples, ({ labels }) => labels.join('\n'), options);
  for (const { clip, labels } of validation) model.targetsOf(clip, labels);
  const trained = {
    parameters: model.parameters,
    describe: () => model.describe(),
    loss: (some: readonly ClipWithFrameLabels[], context: Context) =>
      model.loss(
        some.map(({ clip }) => clip),
        some.map(({ labels }) => labels),
        context,
      ),
  };
  return new SupervisedTraining<ClipWithFrameLabels>(trained, source, {
    ...{ batch, seed, order, validation, chanceLoss: Math.log(model.labels.length) },
    ...(augmentation && { vary: varied<ClipWithFrameLabels>(augmentation) }),
    async validate(held, signal) {
      const { loss, accuracy: frames, segments } = await evaluateFrameLabeller(model, held, { signal });
      return { loss, metrics: { accuracy: frames, ...(segments && { map: segments.mean }) } };
    },
    sample: (step) => sample(model, validation.length > 0 ? validation : source, step),
  });
}

/** The segments of a clip, another one at every step, above the true ones. */
async function sample(model: FrameLabeller, shown: Examples<ClipWithFrameLabels>, step: number): Promise<string> {
  const place = step % shown.length;
  const { clip, labels } = Array.isArray(shown)
    ? shown[place]
    : await (shown as ExampleSource<ClipWithFrameLabels>).read(place);
  const [{ segments }] = await model.predict([clip]);
  const line = (some: readonly { label: string; start: number; end: number }[]): string =>
    some.map(({ label, start, end }) => `${label} ${start}–${end - 1}`).join(', ') || 'nothing';
  return `clip ${place + 1} → ${line(segments)}\n  true: ${line(segmentsIn(labels, model.background))}`;
}
