import { readFileSync } from 'node:fs';
import { UnrolledError } from 'unrolled';
import { inputChannels, inputSize, type Preprocessing } from 'unrolled/images';
import { imageLayerFrom, type LayerConfig } from 'unrolled/nn';
import {
  channelStatistics,
  ImageClassifier,
  type ImageClassifierDescription,
  imageClassifierTraining,
  withHead,
} from 'unrolled/tasks/classify-images';
import type { Checkpoint } from 'unrolled/train';
import { type NetworkName, networkConfig, withClasses } from 'unrolled/vision';
import { Failure, naming } from '../../failure.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { readBackbone } from '../backbone.ts';
import { parseAugmentation } from '../images/augmentation.ts';
import { readExamples } from '../images/examples.ts';
import { heldOut, isValidation, recognised } from '../images/held-out.ts';
import { type ImageFiles, readImageFiles, recognisesImages, typicalImage } from '../images/sources.ts';
import { listLabels } from '../label-report.ts';
import { choose } from './choose.ts';
import { defaults, type ImageOptions, isNetworkFile, optional, options } from './options.ts';

export const classifyImages: Trainable<ImageOptions, ImageFiles> = {
  task: 'classify-images',
  command: 'classify train',
  inputs: 'images',
  description: 'train an image classifier',
  argument: 'a folder with a folder of images for each label; a table of images and labels; IDX or CIFAR files',
  missing: 'no images given; name a folder with a folder of images for each label',
  help: `
Examples with images:
  unrolled classify train flowers/
  unrolled classify train flowers/ --backbone mobilenet-v2.safetensors --freeze
  unrolled classify train flowers.csv
  unrolled classify train flowers/ --network runs/search-flowers/network.json
  unrolled classify train digits/train-images-idx3-ubyte.gz

Images are recognised by their files. In a folder with 'train' and 'test', only 'train' is used; 'val' is used for validation.
Without options, network, size and augmentation are chosen by the size and number of the images.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 30, steps: 500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(20, stepsPerEpoch)),
  recognises: recognisesImages,
  read: readImageFiles,
  prepare,
};

async function prepare(
  { main, named }: Sources<ImageFiles>,
  said: Partial<ImageOptions>,
  checkpoint: Checkpoint | null,
): Promise<Prepared<ImageOptions>> {
  const given = withDefaults(classifyImages, said);
  requireConsistent(given);
  const { labels, train: set, test } = main.data;
  const typical = await typicalImage(main);
  const backbone = given.backbone === undefined || checkpoint ? null : readBackbone(given.backbone);
  const stored = checkpoint ? (checkpoint.model as ImageClassifierDescription) : null;
  const known = stored?.preprocessing ?? (backbone ? resized(backbone.preprocessing, given.size) : null);
  const { chosen, about } = choose(said, given, typical, given.backbone !== undefined);
  const channels = typical.grey ? 1 : 3;
  // Mean and deviation are known when the images are.
  const sizeOnly: Preprocessing = known ?? {
    size: chosen.size ?? typical.side,
    mean: black(channels),
    std: black(channels).map(() => 1),
  };
  const reading = { labels, skipBroken: given.skipBroken };
  const read = await readExamples(set, sizeOnly, reading);
  const { examples, validation, validationAbout } = await heldOut(
    read,
    named.validation ?? null,
    main,
    sizeOnly,
    chosen,
  );
  const images = examples.map(({ image }) => image);
  const preprocessing = known ?? { ...sizeOnly, ...channelStatistics(images, channels) };
  const augmentation = parseAugmentation(chosen.augment).config;
  const { width, dropout, freeze } = chosen;
  const mirror = chosen.mirror === 'yes' && { mirror: true };
  const network = (): ImageClassifierDescription['config'] =>
    backbone
      ? {
          network: withHead(backbone.network, [-1, ...inputSize(preprocessing), inputChannels(preprocessing)], {
            ...{ classes: labels.length, hidden: chosen.headHidden || undefined, dropout: chosen.dropout ?? 0.2 },
            features: chosen.features,
          }),
          ...(freeze && { frozen: true }),
          ...mirror,
        }
      : {
          ...mirror,
          network: isNetworkFile(chosen.network)
            ? readNetworkFile(chosen.network, labels.length)
            : networkConfig(chosen.network as NetworkName, {
                ...{ classes: labels.length, size: chosen.size, width },
                ...(dropout !== undefined && { dropout }),
              }),
        };
  const config = stored?.config ?? network();
  const { batch, seed, mixUp, labelSmoothing, copies, backboneRate } = chosen;
  const head = Object.keys((config.network as { layers?: object }).layers ?? {}).at(-1);
  return {
    options: chosen,
    about: [
      `${countOf(examples.length, 'image')}, ${formatCount(validation.length)} more for validation; ` +
        `${labels.length} labels (${listLabels(labels)})`,
      recognised(main),
      ...(test && validation !== undefined && !isValidation(test.path)
        ? [`${countOf(test.length, 'image')} in ${test.path} are left out: evaluate on them with classify eval`]
        : []),
      ...read.about,
      ...validationAbout,
      ...(backbone ? [backbone.about] : []),
      ...(checkpoint || about === '' ? [] : [about]),
    ],
    model: config,
    files: { 'labels.json': labels },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    ...(chosen.backbone !== undefined && !freeze && { rates: { '': backboneRate, [`${head}.`]: 1 } }),
    begin(device, note) {
      const model = new ImageClassifier(device, { config, labels, preprocessing, augmentation }, seed);
      if (backbone) model.takeBackbone(backbone.weights);
      return imageClassifierTraining(model, examples, {
        ...{ validation, batch, seed, mixUp, labelSmoothing },
        ...(freeze && { copies, onProgress: progress(note) }),
      });
    },
    next: (run) => `Use it: npx unrolled classify predict ${run} photo.jpg`,
  };
}

/** A network from a JSON file, for so many labels. @throws Failure naming the file if it has none */
function readNetworkFile(path: string, classes: number): LayerConfig {
  const text = naming(path, () => readFileSync(path, 'utf8'));
  try {
    const network = withClasses(JSON.parse(text) as LayerConfig, classes);
    imageLayerFrom(network);
    return network;
  } catch (error) {
    const reason = error instanceof UnrolledError ? error.message : 'it is not the JSON of a network';
    throw new Failure(`${path}: ${reason}; give a file such as the network.json of search block`, 1, { cause: error });
  }
}

const black = (channels: number): number[] => new Array<number>(channels).fill(0);

/** The same for images of another size. */
function resized(preprocessing: Preprocessing, size: number | undefined): Preprocessing {
  const { resize: _, ...rest } = preprocessing;
  return size === undefined ? preprocessing : { ...rest, size };
}

/** @throws Failure naming an option that has no effect with the others */
function requireConsistent({
  backbone,
  freeze,
  copies,
  augment,
  features,
  headHidden,
  network,
  width,
  mixUp,
}: ImageOptions): void {
  const wrong = ((): string | null => {
    if (backbone === undefined && (freeze || headHidden !== undefined || features !== undefined)) {
      return `${freeze ? '--freeze' : features === undefined ? '--head-hidden' : '--features'} needs pretrained weights; name a file with --backbone`;
    }
    if (backbone !== undefined && network !== 'auto')
      return '--network goes without --backbone, whose file has the network';
    if (backbone !== undefined && width !== 1) return '--width goes without --backbone, whose file has the network';
    if (isNetworkFile(network) && width !== 1) return '--width goes without a file as --network, which has its own';
    if (copies > 0 && (!freeze || augment === 'auto' || augment === 'none')) {
      return '--copies goes with --freeze and --augment: features of varied copies';
    }
    if (freeze && copies === 0 && augment !== 'auto' && augment !== 'none') {
      return '--augment with --freeze needs --copies n: features are computed once, of n varied copies of each image';
    }
    return freeze && mixUp > 0 ? '--mix-up goes without --freeze' : null;
  })();
  if (wrong !== null) throw new Failure(`classify train: ${wrong}`, 2);
}

/** Lines about the features that are computed before training, some seconds apart. */
function progress(note: (line: string) => void): (done: number, all: number) => void {
  let last = performance.now();
  return (done, all) => {
    if (done < all && performance.now() - last < 3000) return;
    last = performance.now();
    note(`Features of ${formatCount(done)} of ${countOf(all, 'image')}`);
  };
}
