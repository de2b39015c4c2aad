import { readFileSync } from 'node:fs';
import { type Image, imageHeader, type Preprocessing } from 'unrolled/images';
import { captionTokens } from 'unrolled/metrics';
import {
  type AnsweredQuestion,
  Answerer,
  type AnswererConfig,
  type AnswererDescription,
  answererTraining,
  type QuestionData,
  type QuestionVocabulary,
  questionVocabulary,
} from 'unrolled/tasks/vqa';
import type { Checkpoint } from 'unrolled/train';
import { type BackboneDescription, networkConfig } from 'unrolled/vision';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure, naming } from '../../failure.ts';
import { readImage } from '../../input/images.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { exampleInputs } from '../../run/example-inputs.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { type Backbone, readBackbone, wholeImages } from '../backbone.ts';
import { FeatureFiles, fingerprintOf } from '../feature-files.ts';
import type { ImageFolder } from '../image-folder.ts';
import { describeVectors, readVectors } from '../word-vectors.ts';
import { type AskedFile, askedFiles, readQuestionFiles, splitAsked } from './data.ts';
import { defaults, fileOptions, optional, options, type VqaTrainOptions } from './options.ts';

export const vqa: Trainable<VqaTrainOptions, ImageFolder> = {
  task: 'vqa',
  command: 'vqa train',
  inputs: 'images with questions',
  description: 'train a model that answers questions about images',
  argument: 'a folder with images and questions about them, in the layout of easy-VQA or any other',
  missing: 'no images given; name a folder with images and questions about them',
  help: `
Examples:
  unrolled vqa train easy-vqa/train
  unrolled vqa train daquar/ --questions daquar/all_qa_pairs.txt --backbone mobilenet-v2.safetensors --size 192
  unrolled vqa train --resume runs/train

Beside the model, copies of it are trained that never see the image, or never read the question: eval says how much the image
is worth. With --backbone the network's features of each image are computed once and kept beside the run, in the folder features.`,
  defaults,
  optional,
  fileOptions,
  options,
  end: { epochs: 10, steps: 500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: readQuestionFiles,
  prepare,
};

async function prepare(
  { main, named }: Sources<ImageFolder>,
  said: Partial<VqaTrainOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<VqaTrainOptions>> {
  const given = withDefaults(vqa, said);
  const { batch, seed, validationShare, skipBroken, singleAnswers } = given;
  const { images, about } = await askedFiles({
    ...{ main, questions: named.questions, annotations: named.annotations, skipBroken, singleAnswers },
  });
  const split = splitAsked(main, images, named, { share: validationShare, seed });
  const questions = questionsOf(split.train);
  if (questions.length === 0) throw new Failure('vqa train: there are no questions to train on');
  if (given.answering === 'binary') requireChoices([...questions, ...questionsOf(split.validation)]);
  const stored = checkpoint ? (checkpoint.model as AnswererDescription) : null;
  const vectors =
    given.vectors && !stored ? await readVectors(given.vectors, wordsOf(questions), given.vectorWords ?? 0) : undefined;
  const embedding = stored?.config.embedding ?? vectors?.size ?? given.embedding;
  if (said.embedding !== undefined && said.embedding !== embedding) {
    throw new Failure(
      `vqa train: --embedding ${said.embedding}: the vectors of --vectors have ${embedding} numbers`,
      2,
    );
  }
  const chosen = { ...given, embedding };
  const pretrained = given.backbone === undefined ? null : readBackbone(given.backbone);
  const seeing = stored?.backbone ?? seeingOf(chosen, pretrained, split.train[0]);
  const vocabulary: QuestionVocabulary = stored ?? questionVocabulary(questions, { answers: given.answers, vectors });
  const config = modelConfig(chosen, cell);
  const held = questionsOf(split.validation);
  return {
    options: chosen,
    about: [
      `${countOf(questions.length, 'question')} about ${countOf(split.train.length, 'image')}, ` +
        `${formatCount(held.length)} more for validation` +
        `${split.test.length > 0 ? `, ${formatCount(questionsOf(split.test).length)} left out for a test` : ''}; ` +
        `${countOf(vocabulary.words.words.length, 'different word')}, ${countOf(vocabulary.answers.length, 'answer')}`,
      ...about,
      ...(pretrained ? [pretrained.about] : []),
      ...(vectors ? [describeVectors(vectors, vocabulary.words.words)] : []),
    ],
    model: config,
    examples: exampleInputs((held.length > 0 ? held : questions).map(({ question }) => question)),
    files: { 'answers.json': vocabulary.answers },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    async begin(device, note, run) {
      const model = new Answerer(device, { config, backbone: seeing, vocabulary: knownOf(vocabulary) }, seed);
      if (pretrained) model.takeBackbone(pretrained.weights);
      if (vectors) model.takeVectors(vectors);
      const [data, validation] = await dataOf(model, [split.train, split.validation], run, note);
      return answererTraining(model, data, { validation, batch, seed });
    },
    next: (run) => `Use it: npx unrolled vqa predict ${run} photo.jpg "${questions[0].question.trim()}"`,
  };
}

/** Without what else a description has. */
const knownOf = ({ words, answers, types }: QuestionVocabulary): QuestionVocabulary => ({ words, answers, types });

const questionsOf = (images: readonly AskedFile[]): AnsweredQuestion[] => images.flatMap((image) => image.questions);

const wordsOf = (questions: readonly AnsweredQuestion[]): string[] =>
  questions.flatMap(({ question, choices = [] }) => [question, ...choices].flatMap(captionTokens));

function requireChoices(questions: readonly AnsweredQuestion[]): void {
  const without = questions.find(({ choices }) => choices === undefined);
  if (without) {
    throw new Failure(
      `vqa train: --answering binary judges choices, and '${without.question.slice(0, 60)}' has none; ` +
        'give a column choices, or leave the option out',
      2,
    );
  }
}

/** The network that sees the images: the pretrained one, or one that is trained along. */
function seeingOf(
  { network, width, size }: VqaTrainOptions,
  pretrained: Backbone | null,
  first: AskedFile,
): BackboneDescription {
  if (pretrained) return { config: pretrained.network, preprocessing: wholeImages(pretrained.preprocessing, size) };
  const preprocessing: Preprocessing = {
    size: size ?? usualSize(first.file.path),
    crop: 'none',
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  };
  const config = networkConfig(network, { classes: 2, width, size: preprocessing.size as number });
  return { config, preprocessing, trained: true };
}

/** The shorter side of an image, at most 128. */
function usualSize(path: string): number {
  const { width, height } = naming(path, () => imageHeader(readFileSync(path)));
  return Math.max(16, Math.min(128, width, height));
}

/** Images and questions of each part; features of a frozen network are computed once. */
async function dataOf(
  model: Answerer,
  parts: readonly (readonly AskedFile[])[],
  run: string,
  note: (line: string) => void,
): Promise<readonly QuestionData[]> {
  const lists = parts.map((part) => part.map(({ questions }) => questions));
  const files = parts.map((part) => part.map(({ file }) => file));
  if (model.backbone.trained) {
    return files.map((part, i) => ({
      questions: lists[i],
      views: {
        length: part.length,
        fingerprint: fingerprintOf(part),
        read: (index: number): Promise<Image> => readImage(part[index].path),
      },
    }));
  }
  const features = await FeatureFiles.of(run, model);
  await features.complete(model, files.flat(), note);
  return files.map((part, i) => ({ questions: lists[i], views: features.source(part) }));
}

function modelConfig(chosen: VqaTrainOptions, own: CellFile | null): AnswererConfig {
  const { cell, hidden, layers, embedding, dropout, answering, given, fusion } = chosen;
  const { attention, units, attentionUnits, headHidden } = chosen;
  return {
    ...{ cell: cellSource(cell, hidden, own), hidden, layers, embedding, dropout, answering, given, fusion },
    ...Object.fromEntries(
      Object.entries({ attention, units, attentionUnits, headHidden }).filter(([, value]) => value !== undefined),
    ),
  };
}
