import { whole } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import type { Conversation, Turn } from './dialogue.ts';

/** A conversation in a file, and the id of the image it is about. */
export interface NamedConversation extends Conversation {
  readonly image: string;
  /** Where it stands, for errors: 'visdial.json: dialog 3'. */
  readonly place: string;
}

interface Round {
  readonly question?: unknown;
  readonly answer?: unknown;
  readonly answer_options?: unknown;
}

interface Dialog {
  readonly image_id?: unknown;
  readonly caption?: unknown;
  readonly dialog?: unknown;
}

/**
 * Reads conversations from JSON in the layout of VisDial (Das 2017): `{ data: { questions, answers, dialogs: [{ image_id, caption,
 * dialog: [{ question, answer, answer_options }] }] } }`, where questions and answers are numbers into the lists. A round without an
 * answer, as in its test files, ends its dialog; `answer_options` may be missing.
 * @throws DataError naming the file and what is wrong in it
 */
export function parseVisDial(json: string, name = 'file'): NamedConversation[] {
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch (cause) {
    throw new DataError(`${name}: is not JSON: ${(cause as Error).message}`, { name }, { cause });
  }
  const { data } = (content ?? {}) as { readonly data?: Readonly<Record<string, unknown>> };
  const { questions, answers, dialogs } = data ?? {};
  if (!isTexts(questions) || !isTexts(answers) || !Array.isArray(dialogs)) {
    throw new DataError(`${name}: must have data.questions, data.answers and data.dialogs, as VisDial's`, { name });
  }
  const textOf = (list: readonly string[], index: unknown, what: string, place: string): string => {
    if (isIndex(index) && Number(index) < list.length) return list[Number(index)];
    throw new DataError(`${place}: ${what} must be a number below ${list.length}, received ${JSON.stringify(index)}`, {
      place,
    });
  };
  const turnsOf = (dialog: readonly unknown[], where: string): Turn[] => {
    const turns: Turn[] = [];
    for (const [r, round] of dialog.entries()) {
      const { question, answer, answer_options: options } = (round ?? {}) as Round;
      if (answer === undefined) break;
      const place = `${where}, round ${r + 1}`;
      const said = textOf(answers, answer, 'answer', place);
      const candidates =
        options === undefined
          ? undefined
          : listAt(options, 'answer_options', place).map((one) => textOf(answers, one, 'answer_options', place));
      if (candidates && !candidates.includes(said)) {
        throw new DataError(`${place}: the answer '${said}' is not among its answer_options`, { place });
      }
      turns.push({ question: textOf(questions, question, 'question', place), answer: said, candidates });
    }
    return turns;
  };
  return dialogs.map((one: unknown, i): NamedConversation => {
    const place = `${name}: dialog ${i + 1}`;
    const { image_id: image, caption = '', dialog } = (one ?? {}) as Dialog;
    if (!isIndex(image) && (typeof image !== 'string' || image === '')) {
      throw new DataError(`${place}: image_id must be a number or a name, received ${JSON.stringify(image)}`, {
        place,
      });
    }
    if (typeof caption !== 'string') throw new DataError(`${place}: caption must be text`, { place });
    return { image: String(image), place, caption, turns: turnsOf(listAt(dialog, 'dialog', place), place) };
  });
}

const index = whole();
const isIndex = (value: unknown): boolean => index.fits(value);
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

function listAt(value: unknown, what: string, place: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new DataError(`${place}: ${what} must be a list`, { place });
}

/**
 * Conversations as JSON in the layout of VisDial.
 * @param imageIds  of each the number of its image
 */
export function toVisDial(conversations: readonly Conversation[], imageIds: readonly number[]): string {
  const listOf = () => {
    const places = new Map<string, number>();
    const placeOf = (text: string): number => {
      const known = places.get(text) ?? places.size;
      places.set(text, known);
      return known;
    };
    return { places, placeOf };
  };
  const [questions, answers] = [listOf(), listOf()];
  const dialogs = conversations.map(({ caption, turns }, i) => ({
    image_id: imageIds[i],
    caption,
    dialog: turns.map(({ question, answer, candidates }) => ({
      question: questions.placeOf(question),
      answer: answers.placeOf(answer),
      ...(candidates && { answer_options: candidates.map(answers.placeOf), gt_index: candidates.indexOf(answer) }),
    })),
  }));
  const data = { dialogs, questions: [...questions.places.keys()], answers: [...answers.places.keys()] };
  return JSON.stringify({ version: '1.0', data });
}

export interface CandidateOptions {
  readonly seed: number;
  /** Candidates of each question. Default 100, or as many different answers as there are. */
  readonly count?: number | undefined;
}

/** Of the candidates of a question, at most so many are answers to the same question, and so many are frequent ones. */
const [plausible, popular] = [50, 30];

/**
 * The same conversations with candidates for every answer, after Das 2017: the right one, up to 50 other answers that the same
 * question has elsewhere, the 30 most frequent answers, and others at random; in random order.
 */
export function withCandidates<One extends Conversation>(
  conversations: readonly One[],
  { seed, count = 100 }: CandidateOptions,
): One[] {
  const turns = conversations.flatMap((one) => one.turns);
  const times = new Map<string, number>();
  const sameQuestion = new Map<string, Set<string>>();
  for (const { question, answer } of turns) {
    times.set(answer, (times.get(answer) ?? 0) + 1);
    sameQuestion.set(question, (sameQuestion.get(question) ?? new Set()).add(answer));
  }
  const all = [...times].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([answer]) => answer);
  const random = new Random(seed).fork('candidates');
  const mixed = (list: readonly string[]): string[] => Array.from(random.permutation(list.length), (i) => list[i]);
  return conversations.map((one) => ({
    ...one,
    turns: one.turns.map((turn) => {
      const others = [...sameQuestion.get(turn.question)!].filter((answer) => answer !== turn.answer);
      const chosen = new Set([
        turn.answer,
        ...mixed(others).slice(0, plausible),
        ...all.slice(0, popular),
        ...mixed(all),
      ]);
      return { ...turn, candidates: mixed([...chosen].slice(0, count)) };
    }),
  }));
}
