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

function gameOf(line: string, place: string): Game {
  const part = (tag: string): string => {
    const [, found] = new RegExp(`<${tag}>(.*?)</${tag}>`).exec(line) ?? [];
    if (found === undefined) throw new DataError(`${place}: <${tag}> … </${tag}> is missing`, { place });
    return found.trim();
  };
  const numbers = part('input').split(/\s+/).map(Number);
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
  const output = part('output');
  const target = Number(output);
  if (output === '' || !Number.isInteger(target) || target < 0 || target >= dots.length) {
    throw new DataError(`${place}: <output> must be the number of a dot, 0 to ${dots.length - 1}`, { place });
  }
  const utterances = part('dialogue')
    .replace(/<selection>/g, '')
    .split('<eos>')
    .flatMap((said): Utterance[] => {
      if (said.trim() === '') return [];
      const [, who, text] = /^\s*(YOU|THEM):(.*)$/.exec(said) ?? [];
      if (who === undefined) throw new DataError(`${place}: an utterance begins with YOU: or THEM:`, { place });
      return [{ speaker: who === 'YOU' ? 'you' : 'them', text: text.trim() }];
    });
  return { dots, utterances, target };
}

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
