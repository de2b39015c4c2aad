/** Whether a character is one of a class. */
export type CharacterTest = (character: string) => boolean;

/** Remembers its answers: a text has few different characters. */
export function remembered(test: CharacterTest): CharacterTest {
  const known = new Map<string, boolean>();
  return (character) => {
    let answer = known.get(character);
    if (answer === undefined) {
      answer = test(character);
      known.set(character, answer);
    }
    return answer;
  };
}

const ofPattern = (pattern: RegExp): CharacterTest => remembered((character) => pattern.test(character));

export const isLetter = ofPattern(/^\p{L}$/u);
export const isUpper = ofPattern(/^\p{Lu}$/u);
export const isLower = ofPattern(/^\p{Ll}$/u);
export const isDigit = ofPattern(/^\p{Nd}$/u);
export const isSpace = ofPattern(/^\s$/u);
/** Letters, digits and _. */
export const isWord = ofPattern(/^[\p{L}\p{M}\p{Nd}_]$/u);

const shorthands: Readonly<Record<string, CharacterTest>> = {
  w: isWord,
  d: isDigit,
  s: isSpace,
  W: (character) => !isWord(character),
  D: (character) => !isDigit(character),
  S: (character) => !isSpace(character),
};

/** What is wrong with a pattern, and where in it: characters from 0. */
export class PatternMistake extends Error {
  readonly place: number;

  constructor(place: number, reason: string) {
    super(reason);
    this.place = place;
  }
}

/**
 * A test for each of some characters in a row: `[A-Z][a-z]`, `[^\w]`, `\d\d`, `x`. Nothing repeats, so that checking a
 * place takes as many tests as the pattern has.
 * @throws PatternMistake
 */
export function parsePattern(pattern: string): CharacterTest[] {
  const characters = [...pattern];
  const tests: CharacterTest[] = [];
  let i = 0;
  /** One character or shorthand; a backslash takes its meaning from a character that has one. */
  const single = (): { test: CharacterTest; character: string | null } => {
    const escaped = characters[i] === '\\';
    if (escaped) i++;
    if (i >= characters.length) throw new PatternMistake(i - 1, 'a backslash must have a character after it');
    const character = characters[i++];
    const shorthand = escaped ? shorthands[character] : undefined;
    if (shorthand) return { test: shorthand, character: null };
    return { test: (other) => other === character, character };
  };
  while (i < characters.length) {
    const begin = i;
    if ('*+?{}|()'.includes(characters[i])) {
      throw new PatternMistake(
        i,
        `'${characters[i]}' is no class: a pattern is characters and classes in a row, such as [A-Z][a-z], and nothing ` +
          'repeats; write a backslash before it if you mean the character itself',
      );
    }
    if (characters[i] === '.') {
      i++;
      tests.push((character) => character !== '\n');
      continue;
    }
    if (characters[i] !== '[') {
      tests.push(single().test);
      continue;
    }
    i++;
    const negated = characters[i] === '^';
    if (negated) i++;
    const members: CharacterTest[] = [];
    while (i < characters.length && characters[i] !== ']') {
      const place = i;
      const first = single();
      if (characters[i] !== '-' || i + 1 >= characters.length || characters[i + 1] === ']') {
        members.push(first.test);
        continue;
      }
      i++;
      const last = single();
      if (first.character === null || last.character === null || first.character > last.character) {
        throw new PatternMistake(place, 'this range does not go from a lower character to a higher one');
      }
      const [from, to] = [first.character.codePointAt(0)!, last.character.codePointAt(0)!];
      members.push((character) => character.codePointAt(0)! >= from && character.codePointAt(0)! <= to);
    }
    if (i >= characters.length) throw new PatternMistake(begin, 'this [ has no closing ]');
    if (members.length === 0) throw new PatternMistake(begin, 'this class is empty');
    i++;
    tests.push(remembered((character) => members.some((test) => test(character)) !== negated));
  }
  return tests;
}
