import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  count,
  flag,
  nearest,
  number,
  oneOf,
  rate,
  required,
  requireKind,
  requireOptions,
  seed,
  shown,
  whole,
} from './checks.ts';
import { ConfigError } from './errors.ts';

interface Options {
  readonly units: number;
  readonly dropout?: number | undefined;
  readonly mode?: 'mean' | 'sum';
  readonly bias?: boolean;
}
const check = (options: unknown): void =>
  requireOptions<Options>('layer', options as Options, {
    units: required(count),
    dropout: rate,
    mode: oneOf(['mean', 'sum']),
    bias: flag,
  });

describe('options', () => {
  test('that fit pass, also where one is undefined', () => {
    check({ units: 3, dropout: 0.5, mode: 'sum', bias: false });
    check({ units: 1, dropout: undefined });
  });

  test.each([
    [{ units: 3, dropuot: 0.1 }, "layer: unknown option 'dropuot'; did you mean 'dropout'? The options are units"],
    [{ units: 3, whatever: 1 }, "unknown option 'whatever'; the options are units, dropout, mode, bias"],
    [{ units: 2.5 }, 'layer: units must be a whole number from 1, received 2.5'],
    [{ units: Number.NaN }, 'received NaN'],
    [{}, 'units must be a whole number from 1, received undefined'],
    [{ units: 1, dropout: 1 }, 'dropout must be a number in [0, 1), received 1'],
    [{ units: 1, dropout: Number.NaN }, 'received NaN'],
    [{ units: 1, mode: 'mena' }, "mode must be 'mean' or 'sum', received 'mena'; did you mean 'mean'?"],
    [{ units: 1, bias: 1 }, 'bias must be true or false, received 1'],
    [undefined, 'takes an object of options, received undefined'],
    [[1], 'takes an object of options, received [1]'],
  ])('%j are refused', (options, message) => {
    expect(() => check(options)).toThrow(ConfigError);
    expect(() => check(options)).toThrow(message);
  });

  test('that are refused stand in the details', () => {
    try {
      check({ units: -1 });
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).details).toEqual({ operation: 'layer', option: 'units', units: -1 });
    }
  });
});

test('ranges say where they begin and end, and hold it', () => {
  const refusal = (value: unknown, kind: ReturnType<typeof number>): string => {
    try {
      requireKind('f', 'x', value, kind);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refusal(0, number({ above: 0 }))).toBe('f: x must be a finite number above 0, received 0');
  expect(refusal(5, whole({ from: 1, to: 4 }))).toBe('f: x must be a whole number from 1 to 4, received 5');
  expect(refusal(1, number({ from: 0, below: 1 }))).toBe('f: x must be a finite number from 0, below 1, received 1');
  expect(refusal(2, number({ to: 1 }))).toBe('f: x must be a finite number up to 1, received 2');
  expect(refusal(Number.POSITIVE_INFINITY, number())).toContain('finite');
  expect(refusal(2 ** 53, seed)).toContain('whole');
  expect([refusal(0, number({ from: 0, to: 0 })), refusal(-7, seed), refusal(1e-300, number({ above: 0 }))]).toEqual([
    '',
    '',
    '',
  ]);
});

describe('the nearest name', () => {
  const names = ['adam', 'adamw', 'rmsprop', 'bidirectional', 'learningRate'];
  test.each([
    ['Adam', 'adam'],
    ['adma', 'adam'],
    ['rms-prop', 'rmsprop'],
    ['bidirectionl', 'bidirectional'],
    ['learning_rate', 'learningRate'],
    ['momentum', null],
    ['', null],
  ])('to %s is %s', (name, expected) => {
    expect(nearest(name, names)).toBe(expected);
  });
});

test('what is quoted is short, whatever it is', () => {
  fc.assert(fc.property(fc.anything(), (value) => shown(value).length < 700));
  expect(shown('x'.repeat(1e6)).length).toBeLessThan(70);
  expect(shown(new Float32Array(1e6)).length).toBeLessThan(100);
  expect(shown([[1, 2], { a: 1 }, 'b'])).toBe("[[…], { … }, 'b']");
  expect(shown(Promise.resolve())).toBe('a promise');
});
