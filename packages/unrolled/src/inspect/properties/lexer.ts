import { ConfigError } from '../../errors.ts';

export type TokenKind = 'number' | 'string' | 'name' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** What it stands for: of a string, its content. */
  readonly text: string;
  /** Where it begins, in characters from 1. */
  readonly column: number;
}

/** @returns what to throw: it names the place and the reason */
export function mistake(source: string, column: number, reason: string): ConfigError {
  return new ConfigError(`property '${source}', column ${column}: ${reason}`, { source, column });
}

const symbols = /^(?:<=|>=|!=|[<>=+\-*/(),])/;
const numbers = /^(?:\d+(?:\.\d*)?|\.\d+)/;
const names = /^[A-Za-z][A-Za-z0-9_]*/;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" };

/** @throws ConfigError at a character that begins nothing, and at a string without an end */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let place = 0;
  // Columns count characters, places UTF-16 units.
  let column = 1;
  const take = (kind: TokenKind, length: number, text = source.slice(place, place + length)): void => {
    tokens.push({ kind, text, column });
    column += [...source.slice(place, place + length)].length;
    place += length;
  };
  while (place < source.length) {
    const rest = source.slice(place);
    const space = /^\s+/.exec(rest)?.[0];
    const number = numbers.exec(rest)?.[0];
    const name = names.exec(rest)?.[0];
    const symbol = symbols.exec(rest)?.[0];
    if (space !== undefined) {
      place += space.length;
      column += space.length;
    } else if (number !== undefined) {
      take('number', number.length);
    } else if (name !== undefined) {
      take('name', name.length);
    } else if (rest[0] === '"' || rest[0] === "'") {
      const { content, length } = readString(source, rest, column);
      take('string', length, content);
    } else if (symbol !== undefined) {
      take('symbol', symbol.length);
    } else {
      throw mistake(source, column, `'${[...rest][0]}' is not part of the language; texts stand in quotes`);
    }
  }
  tokens.push({ kind: 'end', text: '', column });
  return tokens;
}

/** A backslash before anything but n, t, r, a quote or itself stays, for the classes of `matches`. */
function readString(source: string, rest: string, column: number): { content: string; length: number } {
  let content = '';
  for (let i = 1; i < rest.length; i++) {
    if (rest[i] === rest[0]) return { content, length: i + 1 };
    if (rest[i] === '\\' && i + 1 < rest.length) {
      i++;
      content += escapes[rest[i]] ?? `\\${rest[i]}`;
    } else {
      content += rest[i];
    }
  }
  throw mistake(source, column, `the text that begins here has no closing ${rest[0]}`);
}
