import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../../errors.ts';
import { Random } from '../../../random.ts';
import type { Problem, SequenceBatch } from '../problem.ts';
import { createProblem } from '../tasks.ts';
import { type DigitSet, digitsProblem } from './digits.ts';

describe('digits', () => {
  /** Images whose pixel i has value (image + i) % 256, labelled by their number. */
  const set = (count: number, [height, width] = [3, 4]): DigitSet => ({
    images: {
      shape: [count, height, width],
      data: Uint8Array.from({ length: count * height * width }, (_, i) => {
        const image = Math.floor(i / (height * width));
        return (image + (i % (height * width))) % 256;
      }),
    },
    labels: { shape: [count], data: Uint8Array.from({ length: count }, (_, i) => i % 10) },
  });
  const digits = { train: set(40), test: set(120) };
  const pick = (problem: Problem, indices: number[], random = new Random(1)): SequenceBatch => {
    if (problem.training.examples === null) throw new Error('digits are examples');
    return problem.training.pick(indices, random);
  };

  // Of the 36 digits that are trained on: images and pixels add up evenly.
  const mean = 17.5 + 5.5;
  const deviation = Math.sqrt((36 ** 2 - 1) / 12 + (12 ** 2 - 1) / 12);

  test('have pixels of mean 0 and variance 1, by those that are trained on', () => {
    const all = pick(
      createProblem('digits', {}, { digits }),
      Array.from({ length: 36 }, (_, i) => i),
    ).inputs;
    const sum = (of: (x: number) => number): number => all.reduce((total, x) => total + of(x), 0);
    expect(sum((x) => x) / all.length).toBeCloseTo(0, 5);
    expect(sum((x) => x * x) / all.length).toBeCloseTo(1, 5);
    const blank: DigitSet = { ...digits.train, images: { shape: [40, 3, 4], data: new Uint8Array(480) } };
    const { inputs } = pick(digitsProblem(blank, blank), [0, 1]);
    expect(inputs.every((x) => x === 0)).toBe(true);
  });

  test('are read pixel by pixel or row by row, and answered after the last', () => {
    for (const rows of [false, true]) {
      const batch = pick(createProblem('digits', { rows }, { digits }), [7, 21]);
      expect([batch.steps, batch.batch, batch.answered]).toEqual([rows ? 3 : 12, 2, 1]);
      expect([...batch.targets]).toEqual([7, 1]);
      const width = rows ? 4 : 1;
      for (const [b, image] of [7, 21].entries()) {
        for (let i = 0; i < 12; i++) {
          const at = (Math.floor(i / width) * 2 + b) * width + (i % width);
          expect(batch.inputs[at]).toBeCloseTo((image + i - mean) / deviation, 5);
        }
      }
    }
  });

  test('permuted have the same pixels in an order of the seed, the same for all digits', () => {
    const permuted = (permutationSeed: number): number[][] => {
      const { inputs } = pick(createProblem('permuted-digits', { permutationSeed }, { digits }), [0, 11]);
      return [0, 1].map((b) =>
        Array.from({ length: 12 }, (_, t) => Math.abs(Math.round(inputs[t * 2 + b] * deviation + mean))),
      );
    };
    const [first, second] = permuted(5);
    expect(first).not.toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(second).toEqual(first.map((pixel) => pixel + 11));
    expect(permuted(5)).toEqual([first, second]);
    expect(permuted(6)).not.toEqual([first, second]);
  });

  test('moved by up to `shift` pixels, all ways alike, leave their background behind; those held out stay', () => {
    /** One pixel of ink in the middle of 5×5. */
    const dot = (count: number): DigitSet => ({
      images: {
        shape: [count, 5, 5],
        data: Uint8Array.from({ length: count * 25 }, (_, i) => (i % 25 === 12 ? 255 : 0)),
      },
      labels: { shape: [count], data: new Uint8Array(count) },
    });
    const problem = createProblem('digits', { shift: 2 }, { digits: { train: dot(10), test: dot(4) } });
    const places = ({ inputs, batch }: SequenceBatch): number[] =>
      Array.from({ length: batch }, (_, b) => {
        const image = Array.from({ length: 25 }, (_, t) => inputs[t * batch + b]);
        const ink = Math.max(...image);
        expect(image.filter((x) => x === ink)).toHaveLength(1);
        return image.indexOf(ink);
      });
    const moved = places(pick(problem, new Array(1000).fill(3)));
    const times = Array.from({ length: 25 }, (_, place) => moved.filter((p) => p === place).length);
    for (const count of times) expect(count).toBeGreaterThan(15);
    expect(places(pick(problem, new Array(1000).fill(3)))).toEqual(moved);
    for (const part of ['validation', 'test'] as const) {
      for (const batch of problem.heldOut(new Random(1), part)) expect(new Set(places(batch))).toEqual(new Set([12]));
    }
  });

  test.each([-1, 1.5, 3])('a shift of %d pixels is refused', (shift) => {
    expect(() => createProblem('digits', { shift }, { digits })).toThrow(ConfigError);
    expect(() => createProblem('digits', { shift }, { digits })).toThrow(
      'shift must be a whole number from 0, below 3',
    );
  });

  test('hold out the last tenth of the training digits, and test on all the test digits', () => {
    const problem = createProblem('digits', {}, { digits });
    expect(problem.training.examples).toBe(36);
    const targets = (part: 'validation' | 'test'): number[] =>
      [...problem.heldOut(new Random(1), part)].flatMap((batch) => [...batch.targets]);
    expect(targets('validation')).toEqual([6, 7, 8, 9]);
    expect(targets('test')).toEqual([...digits.test.labels.data]);
  });

  test.each<[string, DigitSet, DigitSet, string]>([
    [
      'another number of labels',
      { images: set(40).images, labels: set(39).labels },
      set(12),
      '40 training images, but 39',
    ],
    ['images of another size to test', set(40), set(12, [4, 4]), '3×4 pixels, test images 4×4'],
    [
      'labels for images',
      { images: set(40).labels, labels: set(40).labels },
      set(12),
      'must be bytes [N, height, width]',
    ],
    [
      'a label above 9',
      { ...set(40), labels: { shape: [40], data: new Uint8Array(40).fill(10) } },
      set(12),
      'label 10 at 0',
    ],
    ['too few', set(9), set(12), 'at least 10'],
  ])('with %s are refused', (_, train, test, message) => {
    expect(() => digitsProblem(train, test)).toThrow(DataError);
    expect(() => digitsProblem(train, test)).toThrow(message);
  });
});
