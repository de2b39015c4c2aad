import { frequencies } from '../../words/index.ts';
import { sentenceWords } from '../sentence-encoder.ts';

/** How questions of one kind begin, and their most frequent answers, the most frequent first. */
export interface QuestionType {
  /** Words with spaces: 'what color is'; '' for all questions. */
  readonly begin: string;
  readonly answers: readonly string[];
}

/** Words of a beginning, and answers kept of each type. */
const [longest, most] = [4, 10];

interface Asked {
  readonly question: string;
  readonly answer: string;
}

/**
 * The types of training questions: beginnings of one to four words that at least 1 in 200 of them have, and at least five; and
 * that of all, ''.
 */
export function questionTypes(asked: readonly Asked[]): QuestionType[] {
  const found = new Map<string, string[]>();
  for (const { question, answer } of asked) {
    for (const begin of beginningsOf(question)) {
      const answers = found.get(begin);
      if (answers) answers.push(answer);
      else found.set(begin, [answer]);
    }
  }
  const least = Math.max(5, asked.length / 200);
  return [...found]
    .filter(([begin, answers]) => begin === '' || answers.length >= least)
    .map(([begin, answers]) => ({
      begin,
      answers: frequencies(answers)
        .slice(0, most)
        .map(([answer]) => answer),
    }))
    .sort((a, b) => (a.begin < b.begin ? -1 : 1));
}

/** Finds the type of a question: the longest beginning it has. */
export function typeFinder(types: readonly QuestionType[]): (question: string) => QuestionType {
  const byBegin = new Map(types.map((type) => [type.begin, type]));
  return (question) =>
    beginningsOf(question)
      .map((begin) => byBegin.get(begin))
      .findLast((type) => type !== undefined) ?? { begin: '', answers: [] };
}

/** '', 'what', 'what color', … */
function beginningsOf(question: string): string[] {
  const words = sentenceWords(question);
  return Array.from({ length: Math.min(longest, words.length) + 1 }, (_, n) => words.slice(0, n).join(' '));
}
