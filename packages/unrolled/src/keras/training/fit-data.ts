import { ConfigError } from '../../errors.ts';
import type { Model } from '../model.ts';
import { withClassWeight } from './class-weight.ts';
import type { ModelData } from './data.ts';
import type { FitData, FitOptions } from './options.ts';
import {
  ArraySource,
  type BatchSource,
  classesApart,
  isStream,
  type Samples,
  StreamSource,
  samplesFor,
  splitTail,
} from './sources.ts';

/** What a training reads. */
export interface TrainingData {
  readonly source: BatchSource;
  /** A new source for each validation. */
  readonly validation: (() => BatchSource) | null;
}

/** The batches of a training and of its validation. @throws DataError, ConfigError if they do not fit */
export async function fitData(
  model: Model<unknown>,
  x: FitData,
  y: ModelData | null,
  options: FitOptions,
): Promise<TrainingData> {
  const {
    batchSize = 32,
    validationSplit = 0,
    validationData,
    validationBatchSize = batchSize,
    shuffle = true,
  } = options;
  const { stepsPerEpoch, classWeight, sampleWeight = null } = options;
  const held = async (): Promise<(() => BatchSource) | null> => {
    if (validationData === undefined) return null;
    if (isStream(validationData)) return () => new StreamSource(model, validationData);
    const [vx, vy, weight] = validationData;
    return inOrderSource(await samplesFor(model, vx, vy, weight ?? null), validationBatchSize);
  };
  if (isStream(x)) {
    for (const [name, given] of Object.entries({
      y,
      validationSplit: validationSplit || null,
      sampleWeight,
      classWeight,
    })) {
      if (given != null)
        throw new ConfigError(
          `fit: with batches from an iterable, ${name} cannot be given; the batches are [x, y, sampleWeight]`,
        );
    }
    return { source: new StreamSource(model, x), validation: await held() };
  }
  if (y === null) throw new ConfigError('fit: there are no targets; give fit(x, y)');
  let samples = await samplesFor(model, x, y, sampleWeight);
  let validation = await held();
  if (validationSplit > 0 && validation === null) {
    const [train, tail] = splitTail(samples, validationSplit);
    const apart = classesApart(train.targets[0], tail.targets[0]);
    if (apart) model.warn(apart);
    samples = train;
    validation = inOrderSource(tail, validationBatchSize);
  }
  if (classWeight) samples = withClassWeight(samples, classWeight, model);
  const { progress } = model;
  // An epoch of all the data begins at its beginning, wherever the one before ended.
  const position =
    stepsPerEpoch === undefined && progress.position.batch > 0
      ? { epoch: progress.position.epoch + 1, batch: 0 }
      : progress.position;
  const source = new ArraySource(samples, {
    batch: batchSize,
    seed: model.seed,
    shuffle,
    position,
    stops: stepsPerEpoch === undefined,
  });
  return { source, validation };
}

/** Batches of samples as they stand, once. */
export const inOrderSource = (samples: Samples, batch: number) => (): BatchSource =>
  new ArraySource(samples, { batch, seed: 0, shuffle: false, position: { epoch: 0, batch: 0 }, stops: true });
