import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { parseProperty, readyProperties } from './index.ts';

const values = (source: string, text: string): string => [...parseProperty(source).of([...text])].join('');

/** Properties of a text, written below it. */
test.each([
  ['inside("(", ")")', 'a(b(c)d)', '01111000'],
  ['inside("\\"", "\\"")', 'a"bc"d"e', '01110011'],
  ['inside("/*", "*/")', '/*/ a*/b', '01111100'],
  ['inside("\\"", "\\"", "\\n\\n")', 'a"b\n\nc"', '0111001'],
  ['inside("<!", "!>")', '<!!>', '0110'],
  ['depth("(", ")")', ')a(b(c)d)', '001122110'],
  ['within("if", "(", ")")', 'if (a(b)) c (d)', '000111110000000'],
  ['within("if", "(", ")")', 'elif(a) if b (c)', '0000000000000000'],
  ['after("ab")', 'abab', '0101'],
  ['after("a", 2)', 'abcaa', '11011'],
  ['since("\\n")', 'ab\ncd', '12012'],
  ['column', 'ab\n\nc', '12001'],
  ['indent', '  a \n b', '1222011'],
  ['word', 'ab c_1, d', '120123001'],
  ['matches("[A-Z][a-z]")', 'AbCD e', '010000'],
  ['matches("[^\\w ]")', 'a, b-', '01001'],
  ['matches("\\[")', '[a', '10'],
  ['matches(".")', 'a\n', '10'],
  ['matches("\\d\\d")', '1a23', '0001'],
  ['upper', 'aBÉ1', '0110'],
  ['lower or digit', 'aB1', '101'],
  ['letter and not upper', 'aB1', '100'],
  ['not not 3', 'a', '1'],
  ['column >= 2 and column < 4', 'abcde', '01100'],
  ['column * 2 - 1', 'abc', '135'],
  ['-(1 - 3) + 2 * 3', 'a', '8'],
  ['column = 1', 'ab', '10'],
  ['column != 1', 'ab', '01'],
  ['quotes and upper', '"aB" C', '001000'],
  ['matches("🙂")', 'a🙂', '01'],
])('%s of %j', (source, text, expected) => {
  expect(values(source, text)).toBe(expected);
});

describe('code like C', () => {
  const text = 'a="//";/*"*/c=\'\\\'"\';d//e"\nf="g\nh';
  test('is comment from its second character to its last', () => {
    expect(values('comment', text)).toBe(
      [...text]
        .map((_, i) =>
          Number(
            marked(i, [
              [8, 11],
              [22, 25],
            ]),
          ),
        )
        .join(''),
    );
  });
  test('is string from its opening quote to its closing one, or the end of the line', () => {
    expect(values('string', text)).toBe(
      [...text]
        .map((_, i) =>
          Number(
            marked(i, [
              [2, 5],
              [14, 18],
              [28, 30],
            ]),
          ),
        )
        .join(''),
    );
  });
  const marked = (i: number, ranges: number[][]): boolean => ranges.some(([from, to]) => i >= from && i < to);
});

test('every built-in property equals its source expression', () => {
  const text = [...'if (x) { "A b" }\n\n/* c */ y = 1; "open\n\n  z'];
  for (const [name, { source }] of Object.entries(readyProperties)) {
    const property = parseProperty(name);
    expect(property.name).toBe(name);
    const own = parseProperty(`(${source})`);
    expect(property.kind).toBe(own.kind);
    expect([...property.of(text)]).toEqual([...own.of(text)]);
    expect(new Set(property.of(text)).size, name).toBeGreaterThan(1);
  }
});

test('what can only be 0 or 1 is binary', () => {
  const kinds = (...sources: string[]) => sources.map((source) => parseProperty(source).kind);
  expect(new Set(kinds('upper', 'not column', 'column > 3', 'column and 1', 'inside("a", "b")'))).toEqual(
    new Set(['binary']),
  );
  expect(new Set(kinds('column', 'upper + 1', '-upper', 'depth("a", "b")', '2'))).toEqual(new Set(['graded']));
});

test('a property of a text does not depend on what follows, and is deterministic', () => {
  const source = fc.constantFrom(...Object.keys(readyProperties), 'after("a", 3)', 'inside("a", "b", "c")');
  const text = fc.string({ unit: fc.constantFrom(...'aAb"(){}/*\n \\if'), maxLength: 60 });
  fc.assert(
    fc.property(source, text, text, (some, first, second) => {
      const property = parseProperty(some);
      const whole = property.of([...(first + second)]);
      expect([...whole.subarray(0, [...first].length)]).toEqual([...property.of([...first])]);
      expect([...property.of([...(first + second)])]).toEqual([...whole]);
    }),
  );
});

test.each([
  ['', 'empty'],
  ['inside("(")', 'column 11', 'expected 2 texts'],
  ['inside("(", ")"', 'column 16', "expected ')'", 'found the end', 'column 7'],
  ['inside("(", 3)', 'column 13', 'inside("open", "close")'],
  ['inside("(", "")', 'column 13', 'empty'],
  ['inside("a", "b", "c", "d")', 'column 23'],
  ['colum', 'column 1', "no 'colum'", 'column, indent'],
  ['colum-n', "no 'colum-n'"],
  ['line-posit', "no 'line-posit'", 'line-position'],
  ['column(3)', 'column 7', 'nothing in parentheses'],
  ['upper upper', 'column 7', "found 'upper'"],
  ['upper and', 'column 10', 'found the end'],
  ['1 < 2 < 3', 'column 7', 'second comparison'],
  ['upper & digit', 'column 7', "'&'"],
  ['"abc', 'column 1', 'no closing "'],
  ['"abc"', 'column 1', 'after("abc")'],
  ['matches("a+")', 'column 11', "'+' is no class", 'nothing repeats'],
  ['matches("[z-a]")', 'column 11', 'lower character'],
  ['matches("[a")', 'column 10', 'closing ]'],
  ['matches("[]")', 'column 10', 'empty'],
  ['matches("a\\\\")', 'column 11', 'backslash'],
  ['after("a", 0)', 'column 12', 'whole number from 1'],
  ['after("a", 1.5)', 'column 12', 'whole number from 1'],
  ['("🙂" and', 'column 2'],
  ['upper and "🙂" # x', 'column 15', "'#'"],
  ['('.repeat(100), 'column 41', '40 parentheses'],
  ['1+'.repeat(2000), '2000 characters'],
])('%j is refused with the place of the mistake', (source, ...words) => {
  let message = '';
  try {
    parseProperty(source);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    message = (error as Error).message;
  }
  for (const word of words) expect(message).toContain(word);
});

test('any text is a property or a named mistake', () => {
  const words = fc.constantFrom(
    'inside',
    '(',
    ')',
    '"a"',
    ',',
    'not',
    'and',
    'column',
    '<',
    '-',
    '1',
    ' ',
    '"[a',
    '\\',
    'matches',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((all) => all.join(' ')),
      ),
      (source) => {
        try {
          expect(parseProperty(source).of([...'ab\n"']).length).toBe(4);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      },
    ),
    { numRuns: 500 },
  );
});
