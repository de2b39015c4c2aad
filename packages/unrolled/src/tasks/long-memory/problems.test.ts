import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { Random } from '../../random.ts';
import type { Problem, SequenceBatch } from './problem.ts';
import { embeddedReberString, reberSymbols } from './problems/reber.ts';
import { createProblem, type LongMemoryTask, longMemoryTaskNames } from './tasks.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const lengths = fc.integer({ min: 10, max: 60 });
const batches = fc.integer({ min: 1, max: 7 });

function draw(problem: Problem, seed: number, batch: number): SequenceBatch {
  const { training } = problem;
  if (training.examples !== null) throw new Error('this problem has examples');
  return training.draw(new Random(seed), batch);
}

/** The symbols of row b, read back from one-hot inputs. */
function symbolsOf({ steps, batch, inputs, lengths }: SequenceBatch, b: number): number[] {
  const F = inputs.length / steps / batch;
  return Array.from({ length: lengths?.[b] ?? steps }, (_, t) => {
    const hot = inputs.subarray((t * batch + b) * F, (t * batch + b + 1) * F);
    expect(hot.reduce((sum, one) => sum + one, 0)).toBe(1);
    return hot.indexOf(1);
  });
}

/** What is wanted of row b at each of its steps, −1 for nothing. */
function wantedOf({ steps, batch, lengths, answered, targets }: SequenceBatch, b: number): number[] {
  const before = steps - answered;
  for (let t = lengths?.[b] ?? steps; t < steps; t++) expect(targets[(t - before) * batch + b]).toBe(-1);
  return Array.from({ length: lengths?.[b] ?? steps }, (_, t) => (t < before ? -1 : targets[(t - before) * batch + b]));
}

/** Checks every row of batches of all lengths against a definition of its own. */
function everyRow(
  task: LongMemoryTask,
  check: (symbols: number[], wanted: number[], length: number) => void,
  options: object = {},
): void {
  fc.assert(
    fc.property(seeds, lengths, batches, (seed, length, size) => {
      const batch = draw(createProblem(task, { length, ...options }), seed, size);
      for (let b = 0; b < size; b++) check(symbolsOf(batch, b), wantedOf(batch, b), length);
    }),
    { numRuns: 40 },
  );
}

const generated = longMemoryTaskNames.filter((name) => !/digits|music/.test(name));

describe.each(generated)('%s', (task) => {
  test('makes the same sequences from the same seed, others from another', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const problem = createProblem(task, { length: 10 });
        expect(draw(problem, seed, 3)).toEqual(draw(problem, seed, 3));
        expect(draw(problem, seed, 3)).not.toEqual(draw(problem, seed + 1, 3));
        const [first, again] = [0, 1].map(() => [...problem.heldOut(new Random(seed), 'validation')]);
        expect(first).toEqual(again);
      }),
      { numRuns: 3 },
    );
  });

  test('refuses a length that is none', () => {
    expect(() => createProblem(task, { length: 0 })).toThrow(ConfigError);
    expect(() => createProblem(task, { length: 10.5 })).toThrow('whole number');
  });
});

describe('adding', () => {
  test('marks one step in each half, and asks for the sum of their numbers', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 60 }), batches, (seed, length, size) => {
        const { inputs, targets, steps, answered } = draw(createProblem('adding', { length }), seed, size);
        expect([steps, answered, inputs.length]).toEqual([length, 1, length * size * 2]);
        for (let b = 0; b < size; b++) {
          const numbers = Array.from({ length }, (_, t) => inputs[(t * size + b) * 2]);
          const marks = Array.from({ length }, (_, t) => inputs[(t * size + b) * 2 + 1]);
          expect(numbers.every((number) => number >= 0 && number <= 1)).toBe(true);
          const marked = marks.flatMap((mark, t) => (mark === 1 ? [t] : []));
          expect(marked).toHaveLength(2);
          expect(marks.filter((mark) => mark === 0)).toHaveLength(length - 2);
          expect(marked[0]).toBeLessThan(length / 2);
          expect(marked[1]).toBeGreaterThanOrEqual(Math.floor(length / 2));
          expect(targets[b]).toBeCloseTo(numbers[marked[0]] + numbers[marked[1]], 6);
        }
      }),
    );
  });

  test('has the chance level that answering 1 has', () => {
    const { targets } = draw(createProblem('adding', { length: 4 }), 1, 20_000);
    const error = Array.from(targets).reduce((sum, target) => sum + (target - 1) ** 2, 0) / targets.length;
    expect(error).toBeCloseTo(createProblem('adding').metric.chance, 2);
  });
});

test('copying wants the ten symbols after the delimiter, and blanks before', () => {
  everyRow('copying', (symbols, wanted, length) => {
    expect(symbols).toHaveLength(length + 20);
    const message = symbols.slice(0, 10);
    expect(Math.max(...message)).toBeLessThan(8);
    expect(symbols.slice(10)).toEqual([...Array(length - 1).fill(8), 9, ...Array(10).fill(8)]);
    expect(wanted).toEqual([...Array(length + 10).fill(8), ...message]);
  });
});

describe.each([2, 3] as const)('temporal order of %i', (marks) => {
  test('wants the class that the marks spell, at the last step only', () => {
    everyRow(`temporal-order-${marks}`, (symbols, wanted, length) => {
      expect(symbols.length).toBeGreaterThanOrEqual(length);
      expect(symbols.length).toBeLessThanOrEqual(1.1 * length);
      expect([symbols[0], symbols.at(-1)]).toEqual([6, 7]);
      const found = symbols.slice(1, -1).filter((symbol) => symbol >= 4);
      expect(found).toHaveLength(marks);
      const spelt = found.map((symbol) => (symbol === 5 ? '1' : '0')).join('');
      expect(wanted.at(-1)).toBe(Number.parseInt(spelt, 2));
      expect(wanted.slice(0, -1).every((id) => id === -1)).toBe(true);
    });
  });

  test('with length 100 has its marks where they were published', () => {
    const published = {
      2: [
        [10, 20],
        [50, 60],
      ],
      3: [
        [10, 20],
        [33, 43],
        [66, 76],
      ],
    }[marks];
    const batch = draw(createProblem(`temporal-order-${marks}`), 5, 300);
    for (let b = 0; b < 300; b++) {
      const places = symbolsOf(batch, b).flatMap((symbol, t) => (symbol === 4 || symbol === 5 ? [t] : []));
      published.forEach(([first, last], i) => {
        expect(places[i]).toBeGreaterThanOrEqual(first);
        expect(places[i]).toBeLessThanOrEqual(last);
      });
    }
  });
});

describe('parity', () => {
  const parityOf = (bits: readonly number[]): number => bits.filter((bit) => bit === 1).length % 2;

  test('wants at each step whether the ones so far are odd', () => {
    everyRow('parity', (bits, wanted, length) => {
      expect(bits.length).toBeGreaterThanOrEqual(3);
      expect(bits.length).toBeLessThanOrEqual(length);
      expect(wanted).toEqual(bits.map((_, t) => parityOf(bits.slice(0, t + 1))));
    });
  });

  test('or at the end only', () => {
    everyRow('parity', (bits, wanted) => expect(wanted).toEqual([...Array(bits.length - 1).fill(-1), parityOf(bits)]), {
      answers: 'end',
    });
  });

  test('tests on longer sequences than it trains on', () => {
    const { heldOut } = createProblem('parity', { length: 12, testLength: 30 });
    const lengthsOf = (part: 'validation' | 'test'): number[] =>
      [...heldOut(new Random(1), part)].flatMap(({ lengths, steps, batch }) => lengths ?? Array(batch).fill(steps));
    expect(new Set(lengthsOf('validation'))).toEqual(new Set(Array.from({ length: 10 }, (_, i) => i + 3)));
    expect(new Set(lengthsOf('test'))).toEqual(new Set(Array.from({ length: 19 }, (_, i) => i + 12)));
  });
});

describe('brackets', () => {
  const depths = (symbols: readonly number[]): number[] =>
    symbols.map((_, t) => {
      const before = symbols.slice(0, t + 1);
      return before.filter((one) => one === 0).length - before.filter((one) => one === 1).length;
    });

  test('wants the depth after each step, which stays within its bounds', () => {
    everyRow('brackets', (symbols, wanted) => {
      expect(wanted).toEqual(depths(symbols));
      expect(Math.min(...wanted)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...wanted)).toBeLessThanOrEqual(8);
    });
  });

  test('has as chance level the share of the commonest depth', () => {
    const problem = createProblem('brackets', { length: 10, testLength: 20 });
    const counts = new Array(9).fill(0);
    for (let seed = 0; seed < 10; seed++) {
      for (const { targets } of problem.heldOut(new Random(seed), 'test'))
        for (const id of targets) if (id >= 0) counts[id]++;
    }
    expect(Math.max(...counts) / counts.reduce((a, b) => a + b)).toBeCloseTo(problem.metric.chance, 2);
  });
});

describe('the embedded Reber grammar', () => {
  const write = (symbols: readonly number[]): string => symbols.map((symbol) => reberSymbols[symbol]).join('');
  // The published diagram as an expression: `fork` is its node that S and X leave.
  const fork = '(?:XT*VP)*(?:S|XT*VV)';
  const inner = `B(?:TS*X${fork}|PT*V(?:V|P${fork}))E`;

  test('makes strings of the published grammar', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 4 }), (seed, count) => {
        const { symbols, successors } = embeddedReberString(new Random(seed), count);
        expect(write(symbols)).toMatch(new RegExp(`^B([TP])(?:${inner}){${count}}\\1E$`));
        expect(successors).toHaveLength(symbols.length - 1);
        successors.forEach((legal, t) => {
          expect(legal).toContain(symbols[t + 1]);
        });
      }),
    );
  });

  test('names as legal what does come after a beginning, and nothing else', () => {
    const seen = new Map<string, { times: number; next: Set<number>; legal: readonly number[] }>();
    const random = new Random(3);
    for (let i = 0; i < 20_000; i++) {
      const { symbols, successors } = embeddedReberString(random);
      successors.forEach((legal, t) => {
        const beginning = write(symbols.slice(0, t + 1));
        const entry = seen.get(beginning) ?? { times: 0, next: new Set(), legal };
        entry.times++;
        entry.next.add(symbols[t + 1]);
        seen.set(beginning, entry);
      });
    }
    const often = [...seen.values()].filter(({ times }) => times >= 40);
    expect(often.length).toBeGreaterThan(100);
    for (const { next, legal } of often) expect([...next].sort()).toEqual([...legal].sort());
  });

  test('wants the next symbol at each step', () => {
    const batch = draw(createProblem('reber'), 4, 9);
    for (let b = 0; b < 9; b++) {
      const symbols = symbolsOf(batch, b);
      const wanted = wantedOf(batch, b);
      expect(wanted.slice(0, -1)).toEqual(symbols.slice(1));
      expect(reberSymbols[wanted.at(-1)!]).toBe('E');
    }
  });

  test('counts a string as right only when at each step exactly the legal symbols are likely', () => {
    const { count } = createProblem('reber');
    const batch = draw(createProblem('reber'), 8, 5);
    const width = reberSymbols.length;
    const outputs = new Float32Array(batch.steps * batch.batch * width);
    batch.legal!.forEach((steps, b) => {
      steps.forEach((legal, t) => {
        for (const symbol of legal) outputs[(t * batch.batch + b) * width + symbol] = 9;
      });
    });
    expect(count!(batch, outputs)).toEqual({ right: 5, of: 5 });
    // One that knows the grammar but not which of T and P it was, at the last but one step of row 2.
    const last = (batch.legal![2].length - 2) * batch.batch + 2;
    const forgetful = outputs.slice();
    for (const symbol of [1, 2]) forgetful[last * width + symbol] = 9;
    expect(count!(batch, forgetful)).toEqual({ right: 4, of: 5 });
    // One that leaves out a legal symbol at the first step of row 0.
    const narrow = outputs.slice();
    narrow[2] = 0;
    expect(count!(batch, narrow)).toEqual({ right: 4, of: 5 });
  });
});

test('a task that is not there, or lacks its data, is answered with what there is', () => {
  expect(() => createProblem('addding' as LongMemoryTask)).toThrow(ConfigError);
  expect(() => createProblem('addding' as LongMemoryTask)).toThrow('use adding, copying');
  expect(() => createProblem('music')).toThrow('needs data');
  expect(() => createProblem('parity', { answers: 'never' as 'end' })).toThrow("received 'never'");
});
