import { isDigit, isLetter, isLower, isSpace, isUpper, parsePattern } from './character-class.ts';
import { codeRegion } from './code-regions.ts';
import type { Property } from './property.ts';
import { after, depth, indent, inside, matching, ofClass, type Scanner, since, within, wordSoFar } from './scanners.ts';

export type Kind = Property['kind'];

export interface Expression {
  readonly kind: Kind;
  readonly scan: Scanner;
}

/** What stands for itself. */
export const words: Readonly<Record<string, Expression>> = {
  column: { kind: 'graded', scan: since('\n') },
  indent: { kind: 'graded', scan: indent },
  word: { kind: 'graded', scan: wordSoFar },
  letter: { kind: 'binary', scan: ofClass(isLetter) },
  upper: { kind: 'binary', scan: ofClass(isUpper) },
  lower: { kind: 'binary', scan: ofClass(isLower) },
  digit: { kind: 'binary', scan: ofClass(isDigit) },
  space: { kind: 'binary', scan: ofClass(isSpace) },
  comment: { kind: 'binary', scan: codeRegion('comment') },
  string: { kind: 'binary', scan: codeRegion('string') },
};

export interface Callable {
  /** How it is called, for messages. */
  readonly form: string;
  /** Texts it takes, and how many of them at least; the last may be a number where it says so. */
  readonly texts: readonly [least: number, most: number];
  readonly number?: boolean;
  make(texts: readonly string[], count: number): Expression;
}

/** What takes texts in parentheses. */
export const functions: Readonly<Record<string, Callable>> = {
  inside: {
    form: 'inside("open", "close") or inside("open", "close", "end")',
    texts: [2, 3],
    make: ([open, close, end]) => ({ kind: 'binary', scan: inside(open, close, end ?? null) }),
  },
  depth: {
    form: 'depth("open", "close")',
    texts: [2, 2],
    make: ([open, close]) => ({ kind: 'graded', scan: depth(open, close) }),
  },
  within: {
    form: 'within("word", "open", "close")',
    texts: [3, 3],
    make: ([word, open, close]) => ({ kind: 'binary', scan: within(word, open, close) }),
  },
  after: {
    form: 'after("text") or after("text", 3)',
    texts: [1, 1],
    number: true,
    make: ([text], count) => ({ kind: 'binary', scan: after(text, count) }),
  },
  since: { form: 'since("text")', texts: [1, 1], make: ([text]) => ({ kind: 'graded', scan: since(text) }) },
  matches: {
    form: 'matches("[A-Z]")',
    texts: [1, 1],
    make: ([pattern]) => ({ kind: 'binary', scan: matching(parsePattern(pattern)) }),
  },
};

export const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};
export const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
};
export const logic: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  and: (a, b) => a !== 0 && b !== 0,
  or: (a, b) => a !== 0 || b !== 0,
};
