import { anything, callback, type Kinds, requireOptions } from '../../checks.ts';
import type { ExampleSource, Examples } from '../../data/examples.ts';
import { fitTemperature } from '../../metrics/calibration.ts';
import { classificationOf, evaluateLogits } from '../../metrics/label-predictions.ts';
import type { StopSignal } from '../../signal.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import { augmentClip, type ClipAugmentation, requireClipAugmentation } from './augmentation.ts';
import { type Clip, clipSource } from './clip.ts';
import type { ClipReader } from './clip-reader.ts';
import type { ClipNetworkConfig, FrameInput } from './config.ts';
import type { LabelledClip } from './evaluate.ts';
import type { VideoClassifier } from './model.ts';

/** What training models of videos accepts. */
export interface ClipTrainingOptions<Example> extends ExampleOptions<Example> {
  /** How clips are varied each time they are used. With a frozen network, its features are. Default: not at all. */
  readonly augmentation?: ClipAugmentation | undefined;
  /** For a frozen network: called while its features are computed. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
  /** Ends the computation of features. */
  readonly signal?: StopSignal | undefined;
}

export const clipTrainingKinds: Kinds<ClipTrainingOptions<never>> = {
  ...exampleKinds,
  augmentation: anything,
  onProgress: callback,
  signal: anything,
};

/**
 * Examples as the trained part of a model reads them, with the features of a frozen network computed once; and the scaling of
 * features taken from the training clips.
 */
export async function preparedExamples<Example extends { readonly clip: Clip }>(
  model: ClipReader<ClipNetworkConfig>,
  examples: Examples<Example>,
  labelOf: (example: Example) => string,
  { validation = [], onProgress, signal }: Pick<ClipTrainingOptions<Example>, 'validation' | 'onProgress' | 'signal'>,
): Promise<{ readonly source: ExampleSource<Example>; readonly validation: readonly Example[] }> {
  const source = clipSource(examples, labelOf);
  const all = source.length + validation.length;
  let done = 0;
  const prepare = async (example: Example): Promise<Example> => {
    const [clip] = await model.prepared([example.clip], { signal });
    onProgress?.(++done, all);
    return { ...example, clip };
  };
  const held: Example[] = [];
  for (const example of validation) held.push(await prepare(example));
  const readsFrames = ({ kind, ...input }: FrameInput): boolean =>
    kind === 'frames' && !('frozen' in input && input.frozen);
  if (readsFrames(model.config.input)) return { source, validation: held };
  const read: Example[] = [];
  for (let i = 0; i < source.length; i++) read.push(await prepare(await source.read(i)));
  model.takeScaling(read.map(({ clip }) => clip));
  return { source: { ...clipSource(read, labelOf), fingerprint: source.fingerprint }, validation: held };
}

/** Varies the clips of a batch. */
export const varied = <Example extends { readonly clip: Clip }>(augmentation: ClipAugmentation) =>
  ((examples, random) =>
    examples.map((one, i) => ({
      ...one,
      clip: augmentClip(one.clip, augmentation, random.fork(String(i))),
    }))) satisfies (examples: readonly Example[], random: import('../../random.ts').Random) => Example[];

/**
 * Trains a classifier of videos; each validation also fits the temperature that calibrates its probabilities. Of a frozen network
 * the features are computed here, once.
 * @param examples  in memory, or a source that reads each when a batch needs it
 * @throws DataError if there is no example; ConfigError on an option that is unknown or out of range; the signal's reason if it
 *   is aborted
 *
 * @example
 * const training = await videoTraining(model, examples, { validation, batch: 16, seed: 1, augmentation: { crop: 0.7 } });
 * for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 1e-3, epochs: 20 })) …
 */
export async function videoTraining(
  model: VideoClassifier,
  examples: Examples<LabelledClip>,
  options: ClipTrainingOptions<LabelledClip>,
): Promise<SupervisedTraining<LabelledClip>> {
  requireOptions('videoTraining', options, clipTrainingKinds as Kinds<ClipTrainingOptions<LabelledClip>>);
  const { batch, seed, order, augmentation } = options;
  if (augmentation) requireClipAugmentation(augmentation);
  const { source, validation } = await preparedExamples(model, examples, ({ label }) => label, options);
  for (const { label } of validation) model.labelId(label);
  const shown = validation.length > 0 ? validation : [];
  const trained = {
    parameters: model.parameters,
    describe: () => model.describe(),
    loss: (some: readonly LabelledClip[], context: Parameters<VideoClassifier['loss']>[2]) =>
      model.loss(
        some.map(({ clip }) => clip),
        some.map(({ label }) => model.labelId(label)),
        context,
      ),
  };
  return new SupervisedTraining<LabelledClip>(trained, source, {
    ...{ batch, seed, order, validation, chanceLoss: Math.log(model.labels.length) },
    ...(augmentation && { vary: varied<LabelledClip>(augmentation) }),
    async validate(held, signal) {
      const logits = await model.logits(
        held.map(({ clip }) => clip),
        { signal },
      );
      const actual = held.map(({ label }) => model.labelId(label));
      model.temperature = fitTemperature(logits, actual);
      const { loss, accuracy, macroF1 } = evaluateLogits(logits, actual, model);
      return { loss, metrics: { accuracy, macroF1 } };
    },
    sample: (step) => sample(model, shown.length > 0 ? shown : source, step),
  });
}

/** Three clips, others at every step, with the predicted labels. */
async function sample(model: VideoClassifier, shown: Examples<LabelledClip>, step: number): Promise<string> {
  const read = (i: number) => (Array.isArray(shown) ? shown[i] : (shown as ExampleSource<LabelledClip>).read(i));
  const places = [0, 1, 2].map((i) => (step * 3 + i) % shown.length);
  const examples = await Promise.all(places.map(read));
  const logits = await model.logits(examples.map(({ clip }) => clip));
  return examples
    .map(({ label }, i) => {
      const found = classificationOf(logits[i], model.labels, model.temperature);
      const verdict = found.label === label ? label : `${found.label} (true label ${label})`;
      return `clip ${places[i] + 1} → ${verdict} (${Math.round(100 * found.probability)}%)`;
    })
    .join('\n');
}
