import { DataError } from '../errors.ts';

const numbers = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const articles = ['a', 'an', 'the'];

/**
 * An answer as it is compared with others: in lower case, without articles and signs around words, with underscores as spaces
 * and number words up to ten as digits, close to what the VQA evaluation does (Antol 2015).
 *
 * @example
 * normaliseAnswer('The Garbage_bin.');   // 'garbage bin'
 * normaliseAnswer('Two');                // '2'
 */
export function normaliseAnswer(text: string): string {
  const plain = text.toLowerCase().replaceAll('’', "'").replaceAll('_', ' ');
  const words = plain
    .split(/[^\p{L}\p{M}\p{N}'.:/%$°+-]+/u)
    .map((word) => word.replace(/^['.:/+]+|['.:/+-]+$/gu, ''))
    .filter((word) => word !== '');
  const kept = words.filter((word) => !articles.includes(word));
  const digits = (kept.length > 0 ? kept : words).map((word) => {
    const number = numbers.indexOf(word);
    return number < 0 ? word : String(number);
  });
  return digits.length > 0 ? digits.join(' ') : plain.trim();
}

/**
 * How right an answer is, from 0 to 1, against those of people, all compared as `normaliseAnswer` has them. Where one person
 * answered, or fewer than four, 1 if one of them said the same. Of more, the accuracy of the VQA evaluation (Antol 2015): the mean,
 * over all sets that leave out one person, of min(1, persons who said the same / 3).
 * @throws DataError without answers of people
 */
export function answerAccuracy(answer: string, people: readonly string[]): number {
  if (people.length === 0) throw new DataError('answerAccuracy: there is no answer of people to compare with');
  const own = normaliseAnswer(answer);
  const same = people.filter((one) => normaliseAnswer(one) === own).length;
  const all = people.length;
  if (all < 4) return Math.min(1, same);
  const without = (left: number): number => Math.min(1, left / 3);
  return (same * without(same - 1) + (all - same) * without(same)) / all;
}

/** The answer that most people gave, as `normaliseAnswer` has it; of several the first. @throws DataError without answers */
export function commonAnswer(people: readonly string[]): string {
  if (people.length === 0) throw new DataError('commonAnswer: there is no answer of people');
  const counts = new Map<string, number>();
  for (const one of people.map(normaliseAnswer)) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].reduce((best, other) => (other[1] > best[1] ? other : best))[0];
}
