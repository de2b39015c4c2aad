import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignmentChart,
  attentionFilm,
  attentionMaps,
  choiceChart,
  graphChart,
  heatMap,
  lineChart,
  scatterChart,
  shares,
  textMap,
} from './index.ts';
import { scaleOf } from './scale.ts';
import { inkOn, sequential, seriesCount } from './theme.ts';

const about = { title: 'A <title> & more', description: 'Made by: unrolled "x"' };
const number = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1e-300, 1e300, Number.NaN, Infinity));
const points = fc.array(fc.tuple(number, number), { maxLength: 8 });
const scale = fc.constantFrom('linear', 'log', 'time') as fc.Arbitrary<'linear' | 'log' | 'time'>;

/** Every element is closed, every number is one, nothing of the text has become markup. */
function expectWhole(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (closing) expect(open.pop()).toBe(name);
    else if (!self) open.push(name);
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<(\/?)([a-z]+)([^<>]*?)(\/?)>/g, '')).not.toMatch(/[<>]/);
  expect(svg.replace(/<text[^>]*>[^<]*/g, '')).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg).toContain('A &lt;title&gt; &amp; more');
}

describe('charts are well-formed SVG documents for any numbers', () => {
  test('graphs of boxes and arrows, of which none overlap', () => {
    const lines = fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(lines, fc.nat(), fc.nat()), { maxLength: 12 }), (drawn) => {
        const nodes = drawn.map(([text], i) => ({ id: String(i), lines: text }));
        const edges = drawn
          .slice(1)
          .flatMap(([, a, b], i) =>
            [a, b].map((from) => ({ from: String(from % (i + 1)), to: String(i + 1), dashed: a > b })),
          );
        const svg = graphChart({ ...about, nodes, edges });
        expectWhole(svg);
        const boxes = Array.from(
          svg.matchAll(/<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)" rx="7" class="c/g),
          (found) => found.slice(1).map(Number),
        );
        expect(boxes).toHaveLength(nodes.length);
        for (const [i, [x, y, w, h]] of boxes.entries()) {
          expect(x).toBeGreaterThan(0);
          for (const [x2, y2, w2, h2] of boxes.slice(i + 1)) {
            expect(x + w <= x2 || x2 + w2 <= x || y + h <= y2 || y2 + h2 <= y).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('choices over time', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.array(share, { minLength: 3, maxLength: 3 }), { maxLength: 5 }),
        fc.string(),
        (rows, name) => {
          const decisions = [{ name, choices: [name, 'b', 'c'] }];
          const columns = rows.map((row, i) => ({ at: i + 1, probabilities: [row] }));
          const svg = choiceChart({ ...about, label: name, decisions, columns });
          expectWhole(svg);
          // Fields cover every row from the first column to the last.
          const widths = Array.from(
            svg.matchAll(/M([\d.]+) [\d.]+H([\d.]+)V[\d.]+H\1Z/g),
            ([, from, to]) => Number(to) - Number(from) - 0.3,
          );
          const [first, last] = [20 + 6.6 * Math.min(name.length, 180 / 6.6), 480 - 92];
          const covered = widths.reduce((sum, width) => sum + width, 0);
          expect(covered).toBeCloseTo(rows.length > 0 ? 3 * (last - first) : 0, -1);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('attention over an image', () => {
    const weights = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(weights, fc.string(), (weights, word) => {
        const words = weights.map(() => word);
        const image = { href: 'data:image/png;base64,AAAA', width: 30, height: 20 };
        const svg = attentionMaps({ ...about, image, grid: [2, 3], words, weights });
        expectWhole(svg);
        expect(svg.match(/<use /g)).toHaveLength(weights.length + 1);
        expect(svg.match(/base64/g)).toHaveLength(1);
      }),
      { numRuns: 30 },
    );
  });

  test('attention over frames: a column for each weight that is a number, and the frames it could look at', () => {
    const row = fc.array(number, { maxLength: 6 });
    fc.assert(
      fc.property(fc.string(), fc.array(row, { maxLength: 4 }), fc.nat(5), (word, weights, first) => {
        const images = [0, 2, 9].map((frame) => ({ frame, href: 'data:image/png;base64,AAAA', width: 30, height: 20 }));
        const svg = attentionFilm({ ...about, images, first, words: weights.map(() => word), weights });
        expectWhole(svg);
        expect(svg.match(/<rect /g)).toHaveLength(weights.flat().filter(Number.isFinite).length + 1);
        const last = first + Math.max(1, ...weights.map(({ length }) => length));
        expect(svg.match(/<image /g) ?? []).toHaveLength([0, 2, 9].filter((t) => t >= first && t < last).length);
      }),
      { numRuns: 40 },
    );
  });

  test('lines', () => {
    const band = fc.array(fc.tuple(number, number, number), { maxLength: 5 });
    const series = fc.array(fc.record({ name: fc.string(), points, band: fc.option(band, { nil: undefined }) }));
    fc.assert(
      fc.property(series, scale, scale, (lines, x, y) => {
        expectWhole(lineChart({ ...about, x: { label: 'x', scale: x }, y: { label: 'y', scale: y }, series: lines }));
      }),
    );
  });

  test('points', () => {
    const sizes = fc.option(fc.array(number, { maxLength: 8 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.string(), points, sizes })), fc.boolean(), (groups, unitCircle) => {
        expectWhole(scatterChart({ ...about, x: { label: 'x' }, y: { label: 'y' }, groups, unitCircle }));
      }),
    );
  });

  test('tables', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 4 }),
        fc.nat({ max: 30 }),
        scale,
        fc.infiniteStream(number),
        (rows, columns, kind, some) => {
          const values = Array.from({ length: rows }, () => Array.from({ length: columns }, () => some.next().value!));
          const names = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
          const [x, y] = [
            { label: 'x', names: names(columns) },
            { label: 'y', names: names(rows) },
          ];
          expectWhole(heatMap({ ...about, x, y, value: { label: 'value', scale: kind }, values }));
        },
      ),
    );
  });
});

describe('a text map', () => {
  test('is whole for any text and values, and has every character', () => {
    const pieces = fc.array(fc.record({ text: fc.string({ unit: 'binary' }), value: number }), { maxLength: 90 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 20 }), (some, columns) => {
        expectWhole(textMap({ ...about, label: 'value', pieces: some, columns }));
      }),
    );
    const drawn = textMap({
      ...about,
      label: 'h',
      columns: 3,
      pieces: [...'ab\n<d'].map((text, value) => ({ text, value })),
    });
    const letters = Array.from(
      drawn.matchAll(/<text x="[\d. ]+" y="[\d.]+" style="fill:#\w+">([^<]*)/g),
      ([, text]) => text,
    );
    expect(letters.join('').replace('&lt;', '<').split('').sort().join('')).toBe('<abd↵');
    expect(drawn).toContain(sequential(1));
  });

  test('has ink that stands out from every colour', () => {
    expect([0, 0.5, 1].map((share) => inkOn(sequential(share)))).toEqual(['#ffffff', '#000000', '#000000']);
    expect(shares([3, Number.NaN, 5, 4])).toEqual([0, 0.5, 1, 0.5]);
    expect(shares([2, 2])).toEqual([0.5, 0.5]);
  });
});

describe('an alignment chart', () => {
  test('is whole for sequences of any length, and of any names', () => {
    const names = fc.array(fc.string({ maxLength: 12 }), { maxLength: 60 });
    fc.assert(
      fc.property(names, names, fc.infiniteStream(number), (source, target, some) => {
        const weights = target.map(() => source.map(() => some.next().value!));
        expectWhole(alignmentChart({ ...about, source, target, weights }));
      }),
    );
  });

  test('writes every token beside its title and note, and has a square for each pair', () => {
    const source = [...'friday, may 26, 2017', '⏎'];
    const target = [...'2017-05-26', '⏎'];
    const svg = alignmentChart({ ...about, source, target, weights: target.map(() => source.map(() => 0.5)) });
    expect(svg.match(/<rect x=/g)).toHaveLength(source.length * target.length);
    expect(svg.match(/<text /g)).toHaveLength(source.length + target.length + 2);
  });
});

describe('a line chart', () => {
  const chart = (y: readonly number[], more: object = {}): string =>
    lineChart({
      ...about,
      x: { label: 'lag k (steps)' },
      y: { label: 'norm', scale: 'log' },
      series: [{ name: 'l0', points: y.map((value, i) => [i, value]) }],
      ...more,
    });
  const pathOf = (svg: string): string => /class="line c0" d="([^"]*)"/.exec(svg)![1];

  test('shows equal factors as equal distances on a logarithmic axis', () => {
    const heights = [...pathOf(chart([1000, 100, 10, 1])).matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    const gaps = heights.slice(1).map((y, i) => y - heights[i]);
    expect(heights).toHaveLength(4);
    for (const gap of gaps) expect(gap).toBeCloseTo(gaps[0], 1);
    expect(gaps[0]).toBeGreaterThan(10);
  });

  test('has a gap at values that cannot be drawn', () => {
    expect(pathOf(chart([1, 0.5, 0, 0.25, 0.125])).match(/M/g)).toHaveLength(2);
  });

  test('names its series and axes, and follows light and dark', () => {
    const series = ['rnn', 'lstm'].map((name) => ({
      name,
      points: [
        [0, 1],
        [1, 2],
      ] as const,
    }));
    const svg = chart([], { series });
    for (const text of ['>rnn<', '>lstm<', '>lag k (steps)<', '>norm<', 'prefers-color-scheme:dark']) {
      expect(svg).toContain(text);
    }
    expect(chart([1, 2])).not.toContain('>l0<');
  });

  test('has as many colours and dashes as it needs before they come again', () => {
    const series = Array.from({ length: seriesCount }, (_, i) => ({ name: `s${i}`, points: [[0, i]] as const }));
    const lines = [...chart([], { series }).matchAll(/<path class="line [^>]*>/g)].map(([line]) =>
      line.replace(/ d="[^"]*"/, ''),
    );
    expect(new Set(lines).size).toBe(seriesCount);
  });
});

describe('ticks', () => {
  const ends = fc.tuple(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  );

  test('lie within a linear axis, a few of them, in order', () => {
    fc.assert(
      fc.property(ends, ([from, length]) => {
        const { ticks, at } = scaleOf({ label: '', from, to: from + length }, [], 0, 100);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(11);
        const places = ticks.map(({ value }) => at(value)!);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        for (const place of places) expect(Math.abs(place - 50)).toBeLessThanOrEqual(50.1);
      }),
    );
  });

  test('are powers of ten on a logarithmic axis, at most seven', () => {
    const labels = (from: number, to: number): string[] =>
      scaleOf({ label: '', scale: 'log', from, to }, [], 0, 1).ticks.map(({ label }) => label);
    expect(labels(1e-3, 20)).toEqual(['10⁻³', '0.01', '0.1', '1', '10']);
    expect(labels(1e-30, 1)).toEqual(['10⁻³⁰', '10⁻²⁵', '10⁻²⁰', '10⁻¹⁵', '10⁻¹⁰', '10⁻⁵', '1']);
    expect(labels(2, 6)).toEqual(['2', '3', '4', '5', '6']);
  });

  test('of time are round dates, a few of them, in order and within the axis', () => {
    const labels = (from: string, to: string): string[] =>
      scaleOf({ label: '', scale: 'time', from: Date.parse(from), to: Date.parse(to) }, [], 0, 1).ticks.map(
        ({ label }) => label,
      );
    expect(labels('2012-03-01', '2016-02-01')).toEqual(['2013', '2014', '2015', '2016']);
    expect(labels('2023-11-15', '2024-08-01')).toEqual(['2024', 'Apr 2024', 'Jul 2024']);
    expect(labels('2024-01-01T22:00Z', '2024-01-02T03:00Z')).toEqual([
      '22:00',
      '23:00',
      '2 Jan',
      '01:00',
      '02:00',
      '03:00',
    ]);
    const moments = fc.tuple(
      fc.double({ min: -8e15, max: 8e15, noNaN: true }),
      fc.double({ min: 1, max: 4, noNaN: true }),
    );
    fc.assert(
      fc.property(moments, fc.integer({ min: 4, max: 14 }), ([from, factor], power) => {
        const to = from + factor * 10 ** power;
        const { ticks } = scaleOf({ label: '', scale: 'time', from, to }, [], 0, 1);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        expect(ticks.length).toBeLessThanOrEqual(7);
        const values = ticks.map(({ value }) => value);
        expect(values).toEqual(values.toSorted((a, b) => a - b));
        expect(values[0]).toBeGreaterThanOrEqual(from - 1);
        expect(values.at(-1)!).toBeLessThanOrEqual(to + 1);
      }),
    );
  });

  test('say −0.5 and 1,000, and no −0', () => {
    const labels = (from: number, to: number): string[] =>
      scaleOf({ label: '', from, to }, [], 0, 1).ticks.map(({ label }) => label);
    expect(labels(-1, 1)).toEqual(['−1', '−0.5', '0', '0.5', '1']);
    expect(labels(0, 2000)).toContain('1,000');
  });
});

test('the colours of a heat map go from one end to the other', () => {
  expect([sequential(0), sequential(0.5), sequential(1), sequential(9)]).toEqual([
    ...['#440154', '#21918c', '#fde725', '#fde725'],
  ]);
});

test('areas of bubbles are in proportion to their sizes', () => {
  const svg = scatterChart({
    ...about,
    ...{ x: { label: 'x' }, y: { label: 'y' } },
    groups: [
      {
        name: 'a',
        points: [
          [1, 1],
          [2, 3],
        ],
        sizes: [1, 4],
      },
    ],
  });
  const radii = Array.from(svg.matchAll(/<circle[^>]* r="([\d.]+)"/g), ([, r]) => Number(r));
  expect(radii).toHaveLength(2);
  expect(radii[1] / radii[0]).toBeCloseTo(2);
  const [lower, upper] = Array.from(svg.matchAll(/<circle[^>]* cy="([\d.]+)"/g), ([, y]) => Number(y));
  const frame = scatterChart({
    ...about,
    x: { label: 'x' },
    y: { label: 'y' },
    groups: [
      {
        name: 'a',
        points: [
          [1, 1],
          [2, 3],
        ],
      },
    ],
  });
  const bottom = Number(/<path class="point[^"]*" d="M[\d.]+ ([\d.]+)/.exec(frame)?.[1]);
  expect(lower, 'marks lie on the axis, bubbles above it').toBeLessThan(bottom);
  expect(upper).toBeLessThan(lower);
});
