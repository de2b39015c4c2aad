import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, wrap } from '../src/output/text.ts';
import { type Progress, progressLine } from '../src/run/listeners/progress-line.ts';

const positive = fc.double({ min: 0, max: 1e12, noNaN: true });
const progress: fc.Arbitrary<Progress> = fc.record({
  type: fc.constant('progress' as const),
  step: fc.nat(),
  steps: fc.option(fc.nat()),
  epoch: positive,
  loss: positive,
  bitsPerCharacter: positive,
  validationLoss: fc.option(positive),
  gradientNorm: positive,
  clipped: positive,
  learningRate: positive,
  charactersPerSecond: positive,
  secondsElapsed: positive,
  secondsLeft: fc.option(positive),
});

describe('progressLine', () => {
  test('never is longer than the terminal is wide', () => {
    fc.assert(
      fc.property(progress, fc.integer({ min: 1, max: 200 }), (event, columns) => {
        const line = progressLine(event, columns);
        return line.length <= columns && !line.includes('\n');
      }),
    );
  });

  test('drops the least important fields first, and the loss last', () => {
    const event: Progress = {
      ...{ type: 'progress', step: 1250, steps: 9800, epoch: 2.5, loss: 1.512, bitsPerCharacter: 2.181 },
      ...{ validationLoss: 1.634, gradientNorm: 0.5, clipped: 0, learningRate: 0.002, charactersPerSecond: 31250 },
      ...{ secondsElapsed: 40, secondsLeft: 252 },
    };
    expect([100, 80, 60, 40, 30, 16].map((columns) => progressLine(event, columns))).toMatchInlineSnapshot(`
      [
        "step 1,250/9,800  loss 1.512 nats  2.18 bits/char  validation 1.634  31,250 chars/s  4:12 left",
        "step 1,250/9,800  loss 1.512 nats  validation 1.634  31,250 chars/s  4:12 left",
        "step 1,250/9,800  loss 1.512 nats  validation 1.634",
        "step 1,250/9,800  loss 1.512 nats",
        "loss 1.512 nats",
        "loss 1.512 nats",
      ]
    `);
  });
});

describe('printable', () => {
  /** Characters that begin what steers a terminal, and characters such sequences are made of. */
  const nasty = fc.string({ unit: fc.constantFrom(...'\x1b\x9b\x07\r\b\0\x7f\t\n[];?0123HJmKA\\az') });

  test('escapes terminal control characters', () => {
    fc.assert(
      fc.property(nasty, (text) => !/(?!\n)\p{Cc}/u.test(printable(text))),
      { numRuns: 1000 },
    );
  });

  test('nor when it comes piece by piece', () => {
    fc.assert(fc.property(fc.array(nasty), (pieces) => !/(?!\n)\p{Cc}/u.test(pieces.map(printable).join(''))));
  });

  test('does not change plain text', () => {
    const text = 'Grüße, 日本語 😀\nnew line';
    expect(printable(text)).toBe(text);
    expect(printable('a\tb\x1b[31mred\x1b[0m\r\n')).toBe('a  bred·\n');
  });
});

describe('wrap', () => {
  const visible = (text: string): string => text.replace(/\s/g, '');

  test('wraps to the columns, and loses only spaces', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab c\n'), maxLength: 200 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 30 }), (value, columns) => {
        const rows = wrap(value, columns);
        return rows.every((row) => row.length <= columns) && visible(rows.join('')) === visible(value);
      }),
    );
  });

  test('breaks at spaces, keeps indentation, and measures wide characters', () => {
    expect(wrap('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
    expect(wrap('    indented_word', 10)).toEqual(['    indent', 'ed_word']);
    expect(wrap('日本語', 4)).toEqual(['日本', '語']);
    expect(wrap('a\n\nb', 4)).toEqual(['a', '', 'b']);
  });
});
