import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { matchSegments, movingMean, segmentScores, segmentsIn, temporalIou } from './segments.ts';

const segment = (label: string, start: number, end: number, score = 1) => ({ label, start, end, score });

test('runs of equal labels are segments, but for the background', () => {
  expect(segmentsIn([])).toEqual([]);
  expect(segmentsIn(['a'])).toEqual([{ label: 'a', start: 0, end: 1 }]);
  expect(segmentsIn(['-', 'a', 'a', 'b', '-', 'a'], '-')).toEqual([
    { label: 'a', start: 1, end: 3 },
    { label: 'b', start: 3, end: 4 },
    { label: 'a', start: 5, end: 6 },
  ]);
});

test('intersection over union', () => {
  const [a, b] = [segment('', 0, 10), segment('', 5, 15)];
  expect(temporalIou(a, a)).toBe(1);
  expect(temporalIou(a, b)).toBeCloseTo(5 / 15, 12);
  expect(temporalIou(b, a)).toBe(temporalIou(a, b));
  expect(temporalIou(a, segment('', 10, 12))).toBe(0);
});

test('a moving mean keeps what is constant, and is narrower at the ends', () => {
  expect(movingMean([[3], [3], [3], [3]], 3).map(([x]) => x)).toEqual([3, 3, 3, 3]);
  expect(movingMean([[0], [3], [6], [30]], 3).map(([x]) => x)).toEqual([1.5, 3, 13, 18]);
  expect(
    movingMean(
      [
        [0, 1],
        [4, 3],
      ],
      2,
    ).map((row) => [...row]),
  ).toEqual([
    [2, 2],
    [4, 3],
  ]);
  expect(movingMean([[1], [5]], 1).map(([x]) => x)).toEqual([1, 5]);
  expect(() => movingMean([[1]], 0)).toThrow(ConfigError);
});

describe('mean average precision', () => {
  const truth = [[segment('a', 0, 10), segment('b', 20, 30)], [segment('a', 5, 9)]];
  const mapOf = (predicted: Parameters<typeof segmentScores>[0], iou = 0.5) =>
    segmentScores(predicted, truth, [iou]).mean;

  test('is 1 for what is true, and 0 for nothing, other labels, other videos or other times', () => {
    expect(mapOf(truth)).toBe(1);
    expect(mapOf([[], []])).toBe(0);
    expect(mapOf([[segment('c', 0, 10)], []])).toBe(0);
    expect(mapOf([[], [segment('b', 20, 30)]])).toBe(0);
    expect(mapOf([[segment('a', 8, 18)], []])).toBe(0);
  });

  test('by hand: one of two found at the second rank', () => {
    const predicted = [[segment('a', 40, 50, 0.9), segment('a', 1, 10, 0.8)], []];
    // Label a: precision 1/2 at recall 1/2. Label b: 0.
    expect(mapOf(predicted)).toBeCloseTo(0.5 * 0.5 * 0.5, 12);
    // Sure of the right one: precision 1 up to recall 1/2.
    expect(mapOf([[segment('a', 40, 50, 0.7), segment('a', 1, 10, 0.8)], []])).toBeCloseTo(0.25, 12);
  });

  test('a true segment counts once', () => {
    const twice = [[segment('a', 0, 10, 0.9), segment('a', 0, 9, 0.8)], [segment('a', 5, 9, 0.7)]];
    // Ranks: right, wrong, right: area 1/2 · 1 + 1/2 · 2/3.
    expect(mapOf(twice)).toBeCloseTo((0.5 + 0.5 * (2 / 3)) / 2, 12);
  });

  test('falls with the threshold', () => {
    const shifted = truth.map((list) => list.map((one) => ({ ...one, start: one.start + 1, end: one.end + 1 })));
    const { map } = segmentScores(shifted, truth);
    expect(map.map(({ iou }) => iou)).toEqual([0.1, 0.3, 0.5, 0.7]);
    for (let i = 1; i < map.length; i++) expect(map[i].map).toBeLessThanOrEqual(map[i - 1].map);
    expect(map[0].map).toBe(1);
    expect(map.at(-1)!.map).toBeLessThan(1);
  });

  test('without truth, or of other videos, is refused', () => {
    expect(() => segmentScores([[]], [[]])).toThrow(DataError);
    expect(() => segmentScores([[]], truth)).toThrow(/predictions of 1 videos, the truth of 2/);
  });
});

test('the best predictions take the segments they overlap most, each of which is taken once', () => {
  const actual = [segment('x', 0, 10), segment('y', 12, 20)];
  const predicted = [
    segment('a', 0, 9, 0.4),
    segment('b', 1, 10, 0.9),
    segment('c', 11, 20, 0.5),
    segment('d', 30, 40, 1),
  ];
  const names = (iou: number) => matchSegments(predicted, actual, iou).map(([one, other]) => one.label + other.label);
  expect(names(0.5)).toEqual(['bx', 'cy']);
  expect(names(0.9)).toEqual(['bx']);
  expect(names(0.95)).toEqual([]);
});
