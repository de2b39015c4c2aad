import {
  Captioner,
  type CaptionerConfig,
  type CaptionerDescription,
  type CaptionWords,
  captionTraining,
  captionVocabulary,
  Side,
} from 'unrolled/tasks/caption';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { forModel, transformerBlocks } from '../../options/transformer.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { readBackbone, wholeImages } from '../backbone.ts';
import { FeatureFiles } from '../feature-files.ts';
import { type ImageFolder, splitImages } from '../image-folder.ts';
import { auditWordsOf } from './audit-words.ts';
import { captionedFiles, readCaptionFiles } from './data.ts';
import { type CaptionTrainOptions, defaults, fileOptions, optional, options, transformerRules } from './options.ts';

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
  const chosen = withDefaults(caption, forModel(said, { defaults, ...transformerRules }));
  const { batch, seed, validationShare, skipBroken, minCount, size } = chosen;
  const { smoothing, entropy, sampling, doublyStochastic, neutralWords: weight = 0 } = chosen;
  if (chosen.backbone === undefined) {
    throw new Failure(
      'caption train: --backbone is missing; name a file of pretrained weights, such as mobilenet-v2.safetensors',
      2,
    );
  }
  const { images, about } = await captionedFiles({ main, captions: named.captions, skipBroken });
  const split = splitImages(main, images, named, { share: validationShare, seed });
  if (split.train.length === 0) throw new Failure('caption train: there are no images to train on');
  const backbone = readBackbone(chosen.backbone);
  const seen = { config: backbone.network, preprocessing: wholeImages(backbone.preprocessing, size) };
  const captions = split.train.map((image) => image.captions);
  const vocabulary = checkpoint ? storedWords(checkpoint) : captionVocabulary(captions.flat(), { minCount });
  const config = modelConfig(chosen, cell);
  const lists = auditWordsOf(named.words);
  const parts = [split.train, split.validation].map((part) => part.map(({ file }) => file));
  return {
    options: chosen,
    about: [
      `${countOf(split.train.length, 'image')} with ${countOf(captions.flat().length, 'caption')}, ` +
        `${formatCount(split.validation.length)} more for validation` +
        `${split.test.length > 0 ? `, ${formatCount(split.test.length)} left out for a test` : ''}; ` +
        `vocabulary of ${countOf(vocabulary.words.tokenizer.size, 'word')}`,
      ...about,
      backbone.about,
    ],
    model: config,
    files: { 'words.json': vocabulary.words.tokenizer.vocabulary },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    async begin(device, note, run) {
      const model = new Captioner(device, { config, backbone: seen, vocabulary }, seed);
      model.takeBackbone(backbone.weights);
      const files = await FeatureFiles.of(run, model);
      await files.complete(model, parts.flat(), note);
      const [features, held] = parts.map((part) => files.source(part));
      await model.setStatistics(features);
      return captionTraining(
        model,
        { features, captions },
        {
          validation: { features: held, captions: split.validation.map((image) => image.captions) },
          ...{ batch, seed, smoothing, entropy, sampling, doublyStochastic },
          ...(chosen.balancePeople && { balance: lists }),
          ...(weight > 0 && { neutralWords: { lists, weight } }),
        },
      );
    },
    next: (run) => `Use it: npx unrolled caption predict ${run} photo.jpg --attention attention.svg`,
  };
}

function storedWords({ model }: Checkpoint): CaptionWords {
  const { words, longest } = model as CaptionerDescription;
  return { words: new Side(words), longest };
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
