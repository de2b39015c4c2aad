import { DataError } from '../../errors.ts';

/** A dot that a player sees: x to the right, y down, size and colour (dark is low), each from −1 to 1. */
export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly colour: number;
}

export const speakers = ['you', 'them'] as const;
export type Speaker = (typeof speakers)[number];

export interface Utterance {
  readonly speaker: Speaker;
  readonly text: string;
}

/** What a player sees, and what was said. */
export interface Situation {
  readonly dots: readonly Dot[];
  readonly utterances: readonly Utterance[];
}

/** A game from one player's side, and the dot that this player chose in the end, counted from 0. */
export interface Game extends Situation {
  readonly target: number;
}

/**
 * Reads games in the layout of OneCommon (Udagawa & Aizawa 2019), one a line: `<input> x y size colour … </input> <dialogue> YOU: …
 * <eos> THEM: … <eos> <selection> </dialogue> <output> 3 </output>`.
 * @throws DataError naming the file and the line that is wrong
 */
export function parseOneCommon(content: string, name = 'file'): Game[] {
  const games = content
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .flatMap((line, i) => (line.trim() === '' ? [] : [gameOf(line, `${name}: line ${i + 1}`)]));
  if (games.length === 0) throw new DataError(`${name}: no games found`, { name });
  return games;
}

/** Whether a text looks like games. */
export const isOneCommon = (content: string): boolean => /^\ufeff?\s*<input>/.test(content);

/**
 * One line of such a file without what was chosen, which may be there.
 * @param place  where it stands, for errors
 * @throws DataError naming the place and what is wrong
 */
export function readSituation(line: string, place: string): Situation {
  const numbers = partOf(line, 'input', place).split(/\s+/).map(Number);
  if (numbers.length < 8 || numbers.length % 4 !== 0 || !numbers.every(Number.isFinite)) {
    throw new DataError(
      `${place}: <input> must have four numbers (x, y, size, colour) for each of two dots or more, received ${numbers.length}`,
      { place },
    );
  }
  const dots = Array.from({ length: numbers.length / 4 }, (_, i): Dot => {
    const [x, y, size, colour] = numbers.slice(4 * i, 4 * i + 4);
    return { x, y, size, colour };
  });
  const utterances = partOf(line, 'dialogue', place)
    .replace(/<selection>/g, '')
    .split('<eos>')
    .flatMap((said): Utterance[] => {
      if (said.trim() === '') return [];
      const [, who, text] = /^\s*(YOU|THEM):(.*)$/s.exec(said) ?? [];
      if (who === undefined) throw new DataError(`${place}: an utterance begins with YOU: or THEM:`, { place });
      return [{ speaker: who === 'YOU' ? 'you' : 'them', text: text.trim() }];
    });
  return { dots, utterances };
}

function gameOf(line: string, place: string): Game {
  const seen = readSituation(line, place);
  const output = partOf(line, 'output', place);
  const target = Number(output);
  if (output === '' || !Number.isInteger(target) || target < 0 || target >= seen.dots.length) {
    throw new DataError(`${place}: <output> must be the number of a dot, 0 to ${seen.dots.length - 1}`, { place });
  }
  return { ...seen, target };
}

function partOf(line: string, tag: string, place: string): string {
  const [, found] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(line) ?? [];
  if (found === undefined) throw new DataError(`${place}: <${tag}> … </${tag}> is missing`, { place });
  return found.trim();
}

/** A situation as a line of such a file. */
export const showSituation = ({ dots, utterances }: Situation): string =>
  [
    `<input> ${dots.map(({ x, y, size, colour }) => [x, y, size, colour].map((n) => Number(n.toFixed(3))).join(' ')).join(' ')} </input>`,
    '<dialogue>',
    ...utterances.map(({ speaker, text }) => `${speaker.toUpperCase()}: ${text} <eos>`),
    '</dialogue>',
  ].join(' ');

/** The same game in the mirror: left is right, in the dots and in the words. */
export const mirrored = <One extends Situation>(game: One): One => ({
  ...game,
  dots: game.dots.map((dot) => ({ ...dot, x: -dot.x })),
  utterances: game.utterances.map((one) => ({
    ...one,
    text: one.text.replace(/\b(left|right)(most|ish|ward|wards)?\b/gi, (_, side: string, end = '') => {
      return `${side.toLowerCase() === 'left' ? 'right' : 'left'}${end}`;
    }),
  })),
});
