import {
  type GlimpseDescription,
  GlimpseModel,
  glimpseTraining,
  type GlimpseOptions as ModelOptions,
} from 'unrolled/tasks/glimpse';
import type { Checkpoint } from 'unrolled/train';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { parseAugmentation } from '../images/augmentation.ts';
import { readExamples } from '../images/examples.ts';
import { heldOut, recognised } from '../images/held-out.ts';
import { type ImageFiles, readImageFiles, typicalImage } from '../images/sources.ts';
import { listLabels } from '../label-report.ts';
import { defaults, type GlimpseOptions, optional, options } from './options.ts';

export const glimpse: Trainable<GlimpseOptions, ImageFiles> = {
  task: 'glimpse',
  command: 'glimpse train',
  inputs: 'images',
  description: 'train a model that reads images by a sequence of glimpses',
  argument: 'a folder with a folder of images for each label, or with IDX or CIFAR files',
  missing: 'no images given; name a folder with a folder of images for each label',
  help: `
Examples:
  unrolled glimpse train digits/
  unrolled glimpse train digits/ --scene cluttered --size 60
  unrolled glimpse train digits/ --scene pair --glimpses 4
  unrolled glimpse train digits/ --scene cluttered --reader convolution --out runs/convolution

Scenes are made of the images anew in each batch, such as a digit somewhere among parts of others.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 30, steps: 500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: (paths) => readImageFiles(paths),
  prepare,
};

async function prepare(
  { main, named }: Sources<ImageFiles>,
  said: Partial<GlimpseOptions>,
  checkpoint: Checkpoint | null,
): Promise<Prepared<GlimpseOptions>> {
  const chosen = withDefaults(glimpse, said);
  const { batch, seed, skipBroken, augment } = chosen;
  const { labels, train: set } = main.data;
  const { side } = await typicalImage(main);
  const stored = checkpoint ? (checkpoint.model as GlimpseDescription) : null;
  const model = stored ?? modelOptions(chosen, labels, side);
  const plain = !model.scene || model.scene.kind === 'plain';
  const { height, width } = model.config;
  // In scenes, images keep their size.
  const size = plain ? ([height, width] as const) : side;
  const preprocessing = { size, mean: [0], std: [1] };
  const found = await readExamples(set, preprocessing, { labels, skipBroken });
  const { examples, validation, validationAbout } = await heldOut(
    found,
    named.validation ?? null,
    main,
    preprocessing,
    chosen,
  );
  return {
    options: chosen,
    about: [
      `${countOf(examples.length, 'image')}, ${formatCount(validation.length)} more for validation; ` +
        `${labels.length} labels (${listLabels(labels)})`,
      recognised(main),
      ...found.about,
      ...validationAbout,
    ],
    model: model.config,
    files: { 'labels.json': labels },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin(device, note) {
      const made = new GlimpseModel(device, model, seed);
      note(`${formatCount(made.multiplyAdds)} multiply-adds an image, ${formatCount(made.parameters.size)} parameters`);
      return glimpseTraining(made, examples, {
        ...{ validation, batch, seed, augmentation: parseAugmentation(augment).config },
      });
    },
    next: (run) => `Use it: npx unrolled glimpse predict ${run} photo.jpg --picture path.gif`,
  };
}

function modelOptions(chosen: GlimpseOptions, labels: readonly string[], side: number): ModelOptions {
  const { reader, glimpses, cell, hidden, units, deviation, channels, scene: kind, clutter } = chosen;
  const plain = kind === 'plain';
  const size = chosen.size ?? (plain ? side : 60);
  const patch = chosen.patch ?? (plain ? 8 : 12);
  const scales = chosen.scales ?? (plain ? 1 : 3);
  return {
    config: { height: size, width: size, reader, glimpses, patch, scales, cell, hidden, units, deviation, channels },
    labels,
    scene: plain ? { kind } : { kind, size, ...(kind === 'cluttered' && { clutter }) },
  };
}
