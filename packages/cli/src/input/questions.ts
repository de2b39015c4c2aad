import { Failure } from '../failure.ts';
import { isJson, parsedObject, shownName } from './captions.ts';
import { parseCsv } from './csv.ts';

/** A question, and the image that it is about as the file names it. */
export interface QuestionLine {
  readonly image: string;
  readonly question: string;
  /** Of one person, or of several. */
  readonly answers: readonly string[];
  readonly choices?: readonly string[] | undefined;
  /** The part of the data it belongs to, where the file says so. */
  readonly part?: 'train' | 'validation' | 'test' | undefined;
  /** Where it stands: `questions.csv: line 7`. */
  readonly place: string;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads questions with answers: CSV with columns `image`, `question`, `answer` and optionally `choices` (with | between them);
 * lines of JSON `{ "image", "question", "answer" or "answers", "choices" }`; JSON lists `[question, answer, image]`, as easy-VQA has
 * them; DAQUAR's text, a question that ends in `in the image7 ?` and its answer on the next line; the questions of VQA, whose answers
 * are in another file; and Visual7W.
 * @param name  of the file, for errors
 * @param annotations  VQA's file of answers
 * @throws Failure naming the line that is wrong
 */
export async function parseQuestions(
  text: string,
  name: string,
  annotations?: { readonly text: string; readonly path: string } | null,
): Promise<QuestionLine[]> {
  const found = await linesOf(text.replace(/^\ufeff/, ''), name, annotations ?? null);
  if (found.length === 0) throw new Failure(`${name}: no questions found`);
  for (const { question, answers, choices, place } of found) {
    if (question.trim() === '') throw new Failure(`${place}: the question is empty`);
    if (answers.length === 0 || answers.some((answer) => answer.trim() === '')) {
      throw new Failure(`${place}: the answer to '${shownName(question)}' is empty`);
    }
    if (choices?.some((choice) => choice.trim() === '') || choices?.length === 0) {
      throw new Failure(`${place}: a choice of '${shownName(question)}' is empty`);
    }
  }
  return found;
}

async function linesOf(
  text: string,
  name: string,
  annotations: { readonly text: string; readonly path: string } | null,
): Promise<QuestionLine[]> {
  const start = text.trimStart();
  if (start.startsWith('[')) return listed(text, name);
  if (start.startsWith('{')) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    if (isJson(lines[0])) {
      const first = parsedObject(lines[0], name) as Row;
      if (!('questions' in first) && !('images' in first)) return jsonLines(text, name);
    }
    const whole = parsedObject(text, name) as Row;
    if ('questions' in whole) return vqa(whole, name, annotations);
    if ('images' in whole) return visual7w(whole, name);
    throw new Failure(
      `${name}: JSON of questions must have a list 'questions', as VQA's, or 'images', as Visual7W's, or be one object a line`,
    );
  }
  const lines = text.split(/\r?\n/);
  return lines.length > 1 && daquarImage.test(lines[0]) ? daquar(lines, name) : table(text, name);
}

async function table(text: string, name: string): Promise<QuestionLine[]> {
  const { columns, rows } = await parseCsv(text, name);
  const names = columns.map((column) => column.toLowerCase());
  const find = (...wanted: readonly string[]): number => names.findIndex((column) => wanted.includes(column));
  const [image, question, answer, choices] = [
    find('image', 'image_id', 'image_name', 'img', 'filename'),
    ...[find('question', 'questions'), find('answer', 'answers'), find('choices')],
  ];
  if (image < 0 || question < 0 || answer < 0) {
    throw new Failure(
      `${name}: the first line must name the columns image, question and answer; it has ${shownName(columns.join(', '))}`,
    );
  }
  return rows.map(({ line, fields }) => ({
    image: fields[image].trim(),
    question: fields[question],
    answers: [fields[answer]],
    ...(choices >= 0 &&
      fields[choices].trim() !== '' && { choices: fields[choices].split('|').map((one) => one.trim()) }),
    place: `${name}: line ${line}`,
  }));
}

/** `in the image7 ?`, or only `image7` */
const daquarImage = /\s+(?:(?:in|on|of)\s+)?(?:(?:the|this)\s+)?(image\d+)\s*\??\s*$/;

function daquar(lines: readonly string[], name: string): QuestionLine[] {
  const kept = lines.map((line, i) => ({ line: line.trim(), number: i + 1 })).filter(({ line }) => line !== '');
  const found: QuestionLine[] = [];
  for (let i = 0; i < kept.length; i += 2) {
    const { line, number } = kept[i];
    const place = `${name}: line ${number}`;
    const [end, image] = daquarImage.exec(line) ?? [];
    if (end === undefined || i + 1 === kept.length) {
      throw new Failure(
        `${place}: it must be a question that ends in 'in the image7 ?', with its answer on the next line`,
      );
    }
    found.push({ image, question: line.slice(0, -end.length), answers: [kept[i + 1].line], place });
  }
  return found;
}

function listed(text: string, name: string): QuestionLine[] {
  const list = parsedList(text, name);
  return list.map((one, i) => {
    const place = `${name}: item ${i + 1}`;
    if (!Array.isArray(one)) return lineOf(one, place);
    const [question, answer, image] = one as unknown[];
    if (typeof question !== 'string' || typeof answer !== 'string' || !isName(image)) {
      throw new Failure(`${place}: it must be [question, answer, image]`);
    }
    return { image: String(image), question, answers: [answer], place };
  });
}

function jsonLines(text: string, name: string): QuestionLine[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const place = `${name}: line ${i + 1}`;
    return [lineOf(parsedObject(line, place), place)];
  });
}

function lineOf(value: unknown, place: string): QuestionLine {
  const { image, question, answer, answers = [answer], choices } = (value ?? {}) as Row;
  if (
    isName(image) &&
    typeof question === 'string' &&
    isTexts(answers) &&
    (choices === undefined || isTexts(choices))
  ) {
    return { image: String(image), question, answers, ...(choices && { choices }), place };
  }
  throw new Failure(
    `${place}: it must be { "image": name, "question": text, "answer": text } with texts as "choices", if any`,
  );
}

const isName = (value: unknown): value is string | number => typeof value === 'string' || Number.isSafeInteger(value);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

function vqa(
  { questions, annotations: own }: Row,
  name: string,
  file: { readonly text: string; readonly path: string } | null,
): QuestionLine[] {
  const annotations = file ? (parsedObject(file.text, file.path) as Row).annotations : own;
  if (!Array.isArray(questions)) throw new Failure(`${name}: 'questions' must be a list`);
  if (!Array.isArray(annotations)) {
    throw new Failure(
      file
        ? `${file.path}: it must have a list 'annotations', as VQA's files of answers`
        : `${name}: the answers to the questions of VQA are in another file; give it with --annotations`,
    );
  }
  const answersOf = new Map((annotations as Row[]).map((one) => [one?.question_id, one]));
  return (questions as Row[]).map((one, i) => {
    const place = `${name}: question ${i + 1}`;
    const { image_id: image, question, question_id: id, multiple_choices: choices } = one ?? {};
    if (!isName(image) || typeof question !== 'string') {
      throw new Failure(`${place}: it must have image_id, question and question_id`);
    }
    const { answers = [], multiple_choice_answer: only } = answersOf.get(id) ?? {};
    const given = (answers as Row[]).map((each) => each?.answer).filter((each) => typeof each === 'string');
    const all = given.length > 0 ? given : typeof only === 'string' ? [only] : [];
    if (all.length === 0) throw new Failure(`${place}: there is no answer with question_id ${shownName(String(id))}`);
    return { image: String(image), question, answers: all, ...(isTexts(choices) && { choices }), place };
  });
}

const parts: Readonly<Record<string, QuestionLine['part']>> = { train: 'train', val: 'validation', test: 'test' };

function visual7w({ images }: Row, name: string): QuestionLine[] {
  if (!Array.isArray(images)) throw new Failure(`${name}: 'images' must be a list`);
  return (images as Row[]).flatMap((one, i) => {
    const place = `${name}: image ${i + 1}`;
    const { filename, split, qa_pairs: pairs } = one ?? {};
    if (!isName(filename) || !Array.isArray(pairs)) {
      throw new Failure(`${place}: it must have filename and a list qa_pairs, as Visual7W's`);
    }
    return (pairs as Row[]).map(({ question, answer, multiple_choices: others = [] }) => {
      if (typeof question !== 'string' || typeof answer !== 'string' || !isTexts(others)) {
        throw new Failure(`${place}: its questions must have question, answer and multiple_choices`);
      }
      const part = parts[String(split)];
      const choices = others.length > 0 ? [...others, answer].sort() : undefined;
      return { image: String(filename), question, answers: [answer], choices, part, place };
    });
  });
}

function parsedList(text: string, place: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch (cause) {
    throw new Failure(`${place}: it is not JSON`, 1, { cause });
  }
  throw new Failure(`${place}: it is not a list`);
}
