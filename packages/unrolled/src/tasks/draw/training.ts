import { anything, type Kinds, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { type AugmentationConfig, augment, type Image, inText } from '../../images/index.ts';
import { plainImageSource } from '../../images/labelled-images.ts';
import { mix32, Random } from '../../random.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import { drawings, drawnImage } from './drawing.ts';
import { evaluateDraw } from './evaluate.ts';
import type { DrawModel } from './model.ts';

export interface DrawTrainingOptions extends ExampleOptions<Image> {
  /** How images are varied each time they are used. Default: not at all. */
  readonly augmentation?: AugmentationConfig | undefined;
}

const kinds: Kinds<DrawTrainingOptions> = { ...(exampleKinds as Kinds<ExampleOptions<Image>>), augmentation: anything };

interface Pictured {
  readonly image: Image;
  /** Of the binary pixels and the latent numbers of its batch. */
  readonly seed?: number;
}

/**
 * Trains a model to draw images by the variational bound. Grey pixels become binary anew each time an image is used.
 * @throws DataError without images; ConfigError on an option that is unknown or out of range
 *
 * @example
 * const model = new DrawModel(device, { height: 28, width: 28, glimpses: 10, hidden: 128, latent: 50 });
 * const training = drawTraining(model, images, { validation, batch: 100, seed: 1 });
 * for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 1e-3, epochs: 50 })) …
 */
export function drawTraining(
  model: DrawModel,
  images: readonly Image[],
  options: DrawTrainingOptions,
): SupervisedTraining<Pictured> {
  requireOptions('drawTraining', options, kinds);
  if (images.length === 0) throw new DataError('draw: there are no images to learn from');
  const { validation = [], batch, seed, order, augmentation } = options;
  const { height, width } = model.config;
  const source = plainImageSource(images);
  const trained = {
    parameters: model.parameters,
    describe: () => model.describe(),
    loss(some: readonly Pictured[]) {
      const { seed = 0 } = some[0];
      const images = some.map(({ image }) => image);
      const random = new Random(seed);
      return model.loss(model.binarised(images, random.fork('pixels')), random.fork('latents'));
    },
  };
  return new SupervisedTraining<Pictured>(
    trained,
    {
      length: source.length,
      get fingerprint() {
        return source.fingerprint;
      },
      read: (index) => ({ image: images[index] }),
    },
    {
      ...{ batch, seed, order, chanceLoss: height * width * Math.LN2 },
      validation: validation.map((image) => ({ image })),
      vary(some, random) {
        const plain = some.map(({ image }) => image);
        const varied = augmentation ? augment(plain, augmentation, random) : plain;
        const seed = random.bits();
        return varied.map((image) => ({ image, seed }));
      },
      async validate(some, signal) {
        const { bound, reconstruction, divergence } = await evaluateDraw(
          model,
          some.map(({ image }) => image),
          { signal },
        );
        return { loss: bound, metrics: { reconstruction, divergence } };
      },
      sample: async (step) => inText((await drawings(model, shownSeeds(step, seed))).map((one) => drawnImage(one))),
    },
  );
}

/** Of the drawings that a sample shows: others at every step. */
const shownSeeds = (step: number, seed: number) => [0, 1].map((i) => ({ seed: mix32(2 * step + i + mix32(seed)) }));
