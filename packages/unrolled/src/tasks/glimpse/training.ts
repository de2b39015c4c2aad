import { anything, type Kinds, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { type AugmentationConfig, augment, imageSource, type LabelledImage, scenes } from '../../images/index.ts';
import { Random } from '../../random.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import { evaluateGlimpses } from './evaluate.ts';
import { glimpseLoss } from './loss.ts';
import type { GlimpseModel } from './model.ts';
import { readImages } from './reading.ts';

export interface GlimpseTrainingOptions extends ExampleOptions<LabelledImage> {
  /** How images are varied each time they are used, before they are placed in a scene. Default: not at all. */
  readonly augmentation?: AugmentationConfig | undefined;
}

const kinds: Kinds<GlimpseTrainingOptions> = {
  ...(exampleKinds as Kinds<ExampleOptions<LabelledImage>>),
  augmentation: anything,
};

/** An image with the ids of its labels. */
interface Item {
  readonly example: LabelledImage;
  /** In a scene, of a training batch. */
  readonly image?: LabelledImage['image'];
  readonly targets?: readonly number[];
}

/**
 * Trains a model to read images by glimpses. In each batch images are put into new scenes.
 * @throws DataError without images, or on a label that the model does not have; ConfigError on an option that is unknown or
 *   out of range
 *
 * @example
 * const training = glimpseTraining(model, digits, { validation, batch: 64, seed: 1 });
 * for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 1e-3, epochs: 20 })) …
 */
export function glimpseTraining(
  model: GlimpseModel,
  examples: readonly LabelledImage[],
  options: GlimpseTrainingOptions,
): SupervisedTraining<Item> {
  requireOptions('glimpseTraining', options, kinds);
  if (examples.length === 0) throw new DataError('glimpse: there are no images to learn from');
  const { validation = [], batch, seed, order, augmentation } = options;
  for (const { label } of [...examples, ...validation]) model.labelId(label);
  const source = imageSource(examples);
  const trained = {
    parameters: model.parameters,
    describe: () => model.describe(),
    loss: (items: readonly Item[], context: Parameters<typeof glimpseLoss>[3]) =>
      glimpseLoss(
        model,
        model.input(items.map(({ image }) => image!)),
        items.map(({ targets }) => targets!),
        context,
      ),
  };
  return new SupervisedTraining<Item>(
    trained,
    {
      length: source.length,
      get fingerprint() {
        return source.fingerprint;
      },
      read: (index) => ({ example: examples[index] }),
    },
    {
      ...{ batch, seed, order, chanceLoss: model.targets * Math.log(model.labels.length) },
      validation: validation.map((example) => ({ example })),
      vary(items, random) {
        const plain = items.map(({ example }) => example);
        const images = augmentation
          ? augment(
              plain.map(({ image }) => image),
              augmentation,
              random,
            )
          : plain.map(({ image }) => image);
        const varied = plain.map(({ label }, i) => ({ image: images[i], label }));
        return scenes(varied, model.scene, examples, random).map(({ image, labels }, i) => {
          return { example: plain[i], image, targets: labels.map((label) => model.labelId(label)) };
        });
      },
      async validate(items, signal) {
        const held = items.map(({ example }) => example);
        const { loss, accuracy, labelAccuracy } = await evaluateGlimpses(model, held, { signal });
        return { loss, metrics: { accuracy, labelAccuracy }, cost: 1 - accuracy };
      },
      sample: (step) => described(model, validation.length > 0 ? validation : examples, step, seed),
    },
  );
}

/** Three scenes, others at every step, with the labels that were read and the places that were looked at. */
async function described(
  model: GlimpseModel,
  examples: readonly LabelledImage[],
  step: number,
  seed: number,
): Promise<string> {
  const random = new Random(seed).fork(`sample ${step}`);
  const shown = Array.from({ length: 3 }, () => examples[random.below(examples.length)]);
  const made = scenes(shown, model.scene, examples, random);
  const found = await readImages(
    model,
    made.map(({ image }) => image),
  );
  return found
    .map(({ labels, path }, i) => {
      const [read, right] = [labels.join(' '), made[i].labels.join(' ')];
      const places = path.map(({ y, x }) => `(${x.toFixed(0)}, ${y.toFixed(0)})`).join(' ');
      return `${places}${places && ' '}→ ${read}${read === right ? '' : ` (true label ${right})`}`;
    })
    .join('\n');
}
