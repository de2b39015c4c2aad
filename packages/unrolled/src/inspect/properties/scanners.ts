import { type CharacterTest, isSpace, isWord } from './character-class.ts';

/** A number for every character. */
export type Scanner = (characters: readonly string[]) => Float32Array;

const marksOf = (text: string): readonly string[] => [...text];

/** Whether the marks are what the text up to and with place `i` ends with, none of them before `from`. */
function endsAt(characters: readonly string[], i: number, marks: readonly string[], from = 0): boolean {
  const start = i + 1 - marks.length;
  if (start < from) return false;
  for (let k = 0; k < marks.length; k++) if (characters[start + k] !== marks[k]) return false;
  return true;
}

/** What a character's value is, given all before it: made anew for each text, so that it may keep a state. */
type Walk = (characters: readonly string[]) => (character: string, i: number) => number;

const scan =
  (walk: Walk): Scanner =>
  (characters) => {
    const next = walk(characters);
    const values = new Float32Array(characters.length);
    for (let i = 0; i < values.length; i++) values[i] = next(characters[i], i);
    return values;
  };

/** 1 where the character is of the class. */
export const ofClass = (test: CharacterTest): Scanner => scan(() => (character) => Number(test(character)));

/** 1 where the last characters pass these tests, one each. */
export const matching = (tests: readonly CharacterTest[]): Scanner =>
  scan((characters) => (_, i) => {
    const start = i + 1 - tests.length;
    return Number(start >= 0 && tests.every((test, k) => test(characters[start + k])));
  });

/** 1 from the opening mark to before the closing one; what opens within is not seen. `end` closes, too. */
export function inside(open: string, close: string, end: string | null): Scanner {
  const [opening, closing, ending] = [marksOf(open), marksOf(close), end === null ? null : marksOf(end)];
  return scan((characters) => {
    let [within, from] = [false, 0];
    return (_, i) => {
      if (endsAt(characters, i, within ? closing : opening, from)) {
        within = !within;
        // The same characters do not open and close.
        from = i + 1;
      } else if (within && ending !== null && endsAt(characters, i, ending)) {
        within = false;
      }
      return Number(within);
    };
  });
}

/** How many of the opening marks have not been closed; a closing mark without an opening one is ignored. */
export function depth(open: string, close: string): Scanner {
  const [opening, closing] = [marksOf(open), marksOf(close)];
  return scan((characters) => {
    let level = 0;
    return (_, i) => {
      if (endsAt(characters, i, opening)) level++;
      else if (level > 0 && endsAt(characters, i, closing)) level--;
      return level;
    };
  });
}

/** Characters read since the text was last completed, 0 with it; before the first time, since the beginning. */
export function since(text: string): Scanner {
  const marks = marksOf(text);
  return scan((characters) => {
    let last = -1;
    return (_, i) => {
      if (endsAt(characters, i, marks)) last = i;
      return i - last;
    };
  });
}

/** 1 at the character that completes the text, and at the `count` − 1 that follow. */
export function after(text: string, count: number): Scanner {
  const marks = marksOf(text);
  return scan((characters) => {
    let last = Number.NEGATIVE_INFINITY;
    return (_, i) => {
      if (endsAt(characters, i, marks)) last = i;
      return Number(i - last < count);
    };
  });
}

/** 1 between the marks that follow a word, as those of `if (…)`, pairs within counted; only spaces may stand between. */
export function within(word: string, open: string, close: string): Scanner {
  const [letters, opening, closing] = [word, open, close].map(marksOf);
  return scan((characters) => {
    let [level, waiting, from] = [0, false, 0];
    return (character, i) => {
      const before = characters[i - letters.length];
      if (level > 0) {
        if (endsAt(characters, i, opening, from)) level++;
        else if (endsAt(characters, i, closing, from)) level--;
      } else if (endsAt(characters, i, letters) && (before === undefined || !isWord(before))) {
        [waiting, from] = [true, i + 1];
      } else if (waiting && endsAt(characters, i, opening, from)) {
        [level, waiting, from] = [1, false, i + 1];
      } else if (waiting && !isSpace(character) && !opening.includes(character)) {
        waiting = false;
      }
      return Number(level > 0);
    };
  });
}

/** Letters, digits and _ of the word so far; 0 between words. */
export const wordSoFar: Scanner = scan(() => {
  let length = 0;
  return (character) => {
    length = isWord(character) ? length + 1 : 0;
    return length;
  };
});

/** Spaces and tabs the line begins with. */
export const indent: Scanner = scan(() => {
  let [count, counting] = [0, true];
  return (character) => {
    if (character === '\n') [count, counting] = [0, true];
    else if (counting && (character === ' ' || character === '\t')) count++;
    else counting = false;
    return count;
  };
});
