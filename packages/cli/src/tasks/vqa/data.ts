import type { AnsweredQuestion } from 'unrolled/tasks/vqa';
import { Failure } from '../../failure.ts';
import { shownName } from '../../input/captions.ts';
import { parseQuestions, type QuestionLine } from '../../input/questions.ts';
import type { SourceFile } from '../../input/source-files.ts';
import { countOf } from '../../output/units.ts';
import {
  type ImageFolder,
  ImageNames,
  type ImageSplit,
  listed,
  readImageFolder,
  type SplitFiles,
  splitImages,
} from '../image-folder.ts';

/** An image file and the questions about it. */
export interface AskedFile {
  readonly file: SourceFile;
  readonly questions: readonly AnsweredQuestion[];
  readonly part: QuestionLine['part'];
}

const names = [
  /^questions\.(json|jsonl|csv|tsv)$/i,
  /questions.*\.(json|jsonl|csv|tsv)$/i,
  /qa_pairs.*\.txt$/i,
  /v7w.*\.json$/i,
];

/** @throws Failure if it is not one folder with images, or a file of text */
export const readQuestionFiles = (paths: readonly string[]): ImageFolder =>
  readImageFolder(paths, { what: 'questions', names });

export interface QuestionSource {
  readonly main: ImageFolder;
  /** The files of --questions and --annotations. */
  readonly questions?: ImageFolder | undefined;
  readonly annotations?: ImageFolder | undefined;
  /** Leave out questions without an image. */
  readonly skipBroken?: boolean | undefined;
  /** Leave out questions whose answer is several, with commas. */
  readonly singleAnswers?: boolean | undefined;
}

export interface AskedFiles {
  /** In the order of their files. */
  readonly images: readonly AskedFile[];
  /** What was left out, in sentences for people. */
  readonly about: readonly string[];
}

/**
 * The images of a folder with the questions about them.
 * @throws Failure naming the question without its image, unless such are to be left out
 */
export async function askedFiles(source: QuestionSource): Promise<AskedFiles> {
  const { main, questions, annotations, skipBroken, singleAnswers } = source;
  if (main.images.length === 0) throw new Failure(`${main.path}: it is a file; give the folder with the images`);
  const file = questions?.text ?? main.text;
  if (!file) {
    throw new Failure(`${main.path}: no questions found; name their file questions.csv, or give it with --questions`);
  }
  if (annotations && !annotations.text) throw new Failure(`${annotations.path}: it is a folder; give a file`);
  const lines = await parseQuestions(file.text, file.path, annotations?.text);
  const images = new ImageNames(main);
  const found = new Map<SourceFile, QuestionLine[]>();
  const lost: QuestionLine[] = [];
  for (const line of lines) {
    const image = images.find(line.image, line.place);
    if (image === null) lost.push(line);
    else found.set(image, [...(found.get(image) ?? []), line]);
  }
  const missing =
    lost.length > 0
      ? `${lost[0].place}: there is no image '${shownName(lost[0].image)}' in ${main.path}` +
        `${lost.length > 1 ? ` (${countOf(lost.length, 'question')} like this)` : ''}`
      : null;
  if (missing !== null && !skipBroken) throw new Failure(`${missing}; --skip-broken leaves such out`);
  if (found.size === 0) throw new Failure(`${file.path}: none of its questions is about an image in ${main.path}`);
  const several = ({ answers }: QuestionLine): boolean => answers.some((answer) => answer.includes(','));
  const dropped = singleAnswers ? lines.filter(several).length : 0;
  const kept = (all: readonly QuestionLine[]): AnsweredQuestion[] =>
    all
      .filter((line) => !singleAnswers || !several(line))
      .map(({ question, answers, choices }) => ({ question, answers, ...(choices && { choices }) }));
  return {
    images: main.images.map((file) => {
      const own = found.get(file) ?? [];
      return { file, questions: kept(own), part: own[0]?.part };
    }),
    about: [
      ...(missing === null ? [] : [`Left out: ${missing}`]),
      ...(dropped > 0 ? [`Left out: ${countOf(dropped, 'question')} with several answers`] : []),
    ],
  };
}

/** Divides images by lists; without lists as the file of questions does, or by a share. */
export function splitAsked(
  main: ImageFolder,
  images: readonly AskedFile[],
  lists: SplitFiles,
  options: { readonly share: number; readonly seed: number },
): ImageSplit<AskedFile> {
  const given = lists.trainSplit ?? lists.validationSplit ?? lists.testSplit;
  const asked = ({ questions }: AskedFile): boolean => questions.length > 0;
  if (given || images.every(({ part }) => part === undefined)) {
    const { train, validation, test } = splitImages(main, images, lists, options);
    return { train: train.filter(asked), validation: validation.filter(asked), test: test.filter(asked) };
  }
  const of = (wanted: QuestionLine['part']) => images.filter((image) => asked(image) && image.part === wanted);
  return { train: of('train'), validation: of('validation'), test: of('test') };
}

/** The images to evaluate on: those of a list; without one those that the file marks as the test, or all. */
export function evaluated(
  main: ImageFolder,
  images: readonly AskedFile[],
  list: ImageFolder | null,
): readonly AskedFile[] {
  if (list) return listed(main, images, list);
  const test = images.filter(({ part }) => part === 'test');
  return test.length > 0 ? test : images;
}
