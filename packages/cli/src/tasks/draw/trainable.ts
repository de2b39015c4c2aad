import { type DrawConfig, type DrawDescription, DrawModel, drawTraining } from 'unrolled/tasks/draw';
import type { Checkpoint } from 'unrolled/train';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { parseAugmentation } from '../images/augmentation.ts';
import { readExamples } from '../images/examples.ts';
import { heldOut, recognised } from '../images/held-out.ts';
import { type ImageFiles, readImageFiles, typicalImage } from '../images/sources.ts';
import { type DrawOptions, defaults, optional, options } from './options.ts';

export const draw: Trainable<DrawOptions, ImageFiles> = {
  task: 'draw',
  command: 'draw train',
  inputs: 'images',
  description: 'train a model that draws images step by step',
  argument: 'a folder of images, or one with IDX or CIFAR files',
  missing: 'no images given; name a folder of images',
  help: `
Examples:
  unrolled draw train digits/
  unrolled draw train digits/ --read 0 --write 0 --out runs/without-attention
  unrolled draw train --resume runs/digits

Images are drawn in black and white: each pixel is made white with the probability that its brightness says, anew each time.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 50, steps: 500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: (paths) => readImageFiles(paths, { labelled: false }),
  prepare,
};

/** Larger images are made smaller, unless --size says otherwise: time and memory grow with the pixels. */
const usualSide = 64;

async function prepare(
  { main, named }: Sources<ImageFiles>,
  said: Partial<DrawOptions>,
  checkpoint: Checkpoint | null,
): Promise<Prepared<DrawOptions>> {
  const chosen = withDefaults(draw, said);
  const { batch, seed, skipBroken, augment, glimpses, hidden, latent, read, write } = chosen;
  const { labels, train: set } = main.data;
  const side = chosen.size ?? Math.min(usualSide, (await typicalImage(main)).side);
  const config: DrawConfig = checkpoint
    ? (checkpoint.model as DrawDescription).config
    : { height: side, width: side, glimpses, hidden, latent, read, write };
  const preprocessing = { size: [config.height, config.width] as const, mean: [0], std: [1] };
  const found = await readExamples(set, preprocessing, { labels, skipBroken });
  const { examples, validation, validationAbout } = await heldOut(
    found,
    named.validation ?? null,
    main,
    preprocessing,
    chosen,
  );
  const [images, held] = [examples, validation].map((some) => some.map(({ image }) => image));
  return {
    options: chosen,
    about: [
      `${countOf(images.length, 'image')}, ${formatCount(held.length)} more for validation`,
      recognised(main),
      ...found.about,
      ...validationAbout,
    ],
    model: config,
    files: {},
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin: (device) =>
      drawTraining(new DrawModel(device, config, seed), images, {
        ...{ validation: held, batch, seed, augmentation: parseAugmentation(augment).config },
      }),
    next: (run) => `Draw: npx unrolled draw sample ${run} --count 16 --picture drawings.gif`,
  };
}
