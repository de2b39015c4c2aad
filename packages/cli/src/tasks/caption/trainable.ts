import type { Device } from 'unrolled';
import {
  Captioner,
  type CaptionerConfig,
  captionerDescription,
  captionTraining,
  captionVocabulary,
  Side,
  selfCriticalTraining,
} from 'unrolled/tasks/caption';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { flagOf } from '../../options/parse.ts';
import { forModel, transformerBlocks } from '../../options/transformer.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { readModel } from '../../run/load.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { readBackbone, wholeImages } from '../backbone.ts';
import { FeatureFiles } from '../feature-files.ts';
import { type ImageFolder, splitImages } from '../image-folder.ts';
import { auditWordsOf } from './audit-words.ts';
import { captionedFiles, readCaptionFiles } from './data.ts';
import {
  type CaptionTrainOptions,
  defaults,
  fileOptions,
  likelihoodOptions,
  optional,
  options,
  selfCriticalDefaults,
  sizeOptions,
  transformerRules,
} from './options.ts';

export const caption: Trainable<CaptionTrainOptions, ImageFolder> = {
  task: 'caption',
  command: 'caption train',
  inputs: 'images with captions',
  description: 'train a model that describes images',
  argument:
    'a folder with images and their captions (captions.txt, .csv, .jsonl or COCO .json), in the layout of Flickr8k or any other',
  missing: 'no images given; name a folder with images and their captions',
  help: `
Examples:
  unrolled caption train Flickr8k/ --backbone mobilenet-v2.safetensors
  unrolled caption train images/ --captions captions_train2014.json --backbone mobilenet-v2.safetensors --conditioning first
  unrolled caption train Flickr8k/ --from runs/Flickr8k --method self-critical --epochs 3 --out runs/more
  unrolled caption train --resume runs/Flickr8k

The network's features of each image are computed once and kept beside the run, in the folder features.`,
  defaults,
  optional,
  fileOptions,
  options,
  end: { epochs: 6, steps: 1000 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: readCaptionFiles,
  prepare,
};

async function prepare(
  { main, named }: Sources<ImageFolder>,
  said: Partial<CaptionTrainOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<CaptionTrainOptions>> {
  if (!checkpoint) refuseParts(said);
  const given = said.method === 'self-critical' ? { ...selfCriticalDefaults, ...said } : said;
  const chosen = withDefaults(caption, forModel(given, { defaults, ...transformerRules }));
  const { batch, seed, validationShare, skipBroken, method } = chosen;
  const { smoothing, entropy, sampling, doublyStochastic, neutralWords: weight = 0 } = chosen;
  const { images, about } = await captionedFiles({ main, captions: named.captions, skipBroken });
  const split = splitImages(main, images, named, { share: validationShare, seed });
  if (split.train.length === 0) throw new Failure('caption train: there are no images to train on');
  const captions = split.train.map((image) => image.captions);
  const start = checkpoint || chosen.from ? continued(chosen, said, checkpoint, cell) : fresh(chosen, captions, cell);
  const lists = auditWordsOf(named.words);
  const parts = [split.train, split.validation].map((part) => part.map(({ file }) => file));
  return {
    options: chosen,
    about: [
      `${countOf(split.train.length, 'image')} with ${countOf(captions.flat().length, 'caption')}, ` +
        `${formatCount(split.validation.length)} more for validation` +
        `${split.test.length > 0 ? `, ${formatCount(split.test.length)} left out for a test` : ''}; ` +
        `vocabulary of ${countOf(start.words.tokenizer.size, 'word')}`,
      ...about,
      ...start.about,
    ],
    model: start.config,
    files: { 'words.json': start.words.tokenizer.vocabulary },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    async begin(device, note, run) {
      const model = start.open(device);
      const files = await FeatureFiles.of(run, model);
      await files.complete(model, parts.flat(), note);
      const [features, held] = parts.map((part) => files.source(part));
      const validation = { features: held, captions: split.validation.map((image) => image.captions) };
      const data = { features, captions };
      if (method === 'self-critical') {
        return selfCriticalTraining(model, data, { ...{ batch, seed, validation }, samples: chosen.samples });
      }
      if (!chosen.from) await model.setStatistics(features);
      return captionTraining(model, data, {
        ...{ validation, batch, seed, smoothing, entropy, sampling, doublyStochastic },
        ...(chosen.balancePeople && { balance: lists }),
        ...(weight > 0 && { neutralWords: { lists, weight } }),
      });
    },
    next: (run) => `Use it: npx unrolled caption predict ${run} photo.jpg --attention attention.svg`,
  };
}

/** @throws Failure if an option was given that has no part in how it is trained */
function refuseParts(said: Partial<CaptionTrainOptions>): void {
  const given = (names: readonly (keyof CaptionTrainOptions)[]) => names.find((name) => said[name] !== undefined);
  const [sizes, losses] = [said.from === undefined ? undefined : given(sizeOptions), given(likelihoodOptions)];
  if (sizes) throw new Failure(`caption train: ${flagOf(sizes)} is the model's of --from; leave it out`, 2);
  if (said.method === 'self-critical' ? losses : given(['samples'])) {
    const [wrong, method] = losses ? [losses, 'likelihood'] : (['samples', 'self-critical'] as const);
    throw new Failure(`caption train: ${flagOf(wrong)} is for --method ${method}; leave it out`, 2);
  }
}

/** The model a training begins with. */
interface Start {
  readonly config: CaptionerConfig;
  readonly words: Side;
  readonly about: readonly string[];
  open(device: Device): Captioner;
}

function fresh(chosen: CaptionTrainOptions, captions: readonly (readonly string[])[], cell: CellFile | null): Start {
  if (chosen.method === 'self-critical') {
    throw new Failure(
      'caption train: --method self-critical starts from a model that has learned captions; give --from',
      2,
    );
  }
  if (chosen.backbone === undefined) {
    throw new Failure(
      'caption train: --backbone is missing; name a file of pretrained weights, such as mobilenet-v2.safetensors',
      2,
    );
  }
  const { network, preprocessing, weights, about } = readBackbone(chosen.backbone);
  const backbone = { config: network, preprocessing: wholeImages(preprocessing, chosen.size) };
  const vocabulary = captionVocabulary(captions.flat(), { minCount: chosen.minCount });
  const config = modelConfig(chosen, cell);
  return {
    ...{ config, words: vocabulary.words, about: [about] },
    open(device) {
      const model = new Captioner(device, { config, backbone, vocabulary }, chosen.seed);
      model.takeBackbone(weights);
      return model;
    },
  };
}

/** The model of a checkpoint, or of another run: with --from, soft and hard attention can be exchanged. */
function continued(
  { from = '' }: CaptionTrainOptions,
  { conditioning }: Partial<CaptionTrainOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Start {
  const { model, parameters } = checkpoint ?? readModel(from, undefined);
  const description = captionerDescription(model, checkpoint ? 'checkpoint' : from);
  const had = description.config.conditioning ?? 'attention';
  const wanted = checkpoint ? had : (conditioning ?? had);
  if (wanted !== had && !(had.endsWith('attention') && wanted.endsWith('attention'))) {
    throw new Failure(
      `caption train: the model of ${from} has --conditioning ${had}, which cannot become ${wanted}`,
      2,
    );
  }
  const config = { ...description.config, conditioning: wanted };
  const { baseline = { shape: [1], data: new Float32Array(1) }, ...others } = parameters;
  const initial = wanted === 'hard-attention' ? { ...others, baseline } : others;
  return {
    ...{ config, words: new Side(description.words), about: [] },
    open: (device) => Captioner.from(device, { ...description, config }, cell?.cell, initial),
  };
}

function modelConfig(chosen: CaptionTrainOptions, own: CellFile | null): CaptionerConfig {
  const { cell, hidden, layers, embedding, dropout, conditioning, units, attentionUnits } = chosen;
  const transformer = chosen.model === 'transformer' ? { transformer: transformerBlocks(chosen) } : {};
  return {
    ...{ cell: cellSource(cell, hidden, own), hidden, layers, embedding, dropout, conditioning, ...transformer },
    ...(units !== undefined && { units }),
    ...(attentionUnits !== undefined && { attentionUnits }),
  };
}
