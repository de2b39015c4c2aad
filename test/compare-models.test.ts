import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LabTable } from '../packages/cli/src/lab/events.ts';
import { curveOf } from '../tools/compare-models/curve.ts';
import type { RunRecord } from '../tools/compare-models/folder.ts';
import { type MemoryRow, memoryFile, memoryProblems, sizedFor } from '../tools/compare-models/memory-tasks.ts';
import {
  argumentsOf,
  countParameters,
  type ModelName,
  modelNames,
  recipes,
  requireEqual,
} from '../tools/compare-models/recipes.ts';
import { report } from '../tools/compare-models/report.ts';
import type { Speed } from '../tools/compare-models/speed.ts';
import { validationTextOf } from '../tools/compare-models/text.ts';

const folder = mkdtempSync(join(tmpdir(), 'unrolled-compare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (characters: number): string =>
  Array.from({ length: 30_000 }, (_, i) => String.fromCharCode(33 + (i % characters))).join('');
const path = join(folder, 'text.txt');
const filesOf = (text: string) => ({ files: [{ path, bytes: text.length, sha256: '' }], texts: [text], binary: 0 });
const text = textOf(65);
const files = filesOf(text);

describe('recipes', () => {
  test.each([
    ['tinyshakespeare', 65],
    ["Lua's sources", 96],
  ])('of equal parameters have as many with the characters of %s, and others are refused', async (_, characters) => {
    const counts = await countParameters(filesOf(textOf(characters)), recipes.equal);
    expect(Object.keys(counts)).toEqual([...modelNames]);
    expect(() => requireEqual(counts)).not.toThrow();
    expect(counts.lstm / 1.1e6).toBeCloseTo(1, 1);
    expect(() => requireEqual({ ...counts, gru: 1.021 * Math.max(...Object.values(counts)) })).toThrow(
      /lstm 1,[01]\d\d,\d+, gru .* at most 2% are equal; change hidden sizes/,
    );
  });

  test('are typed as options of the command', () => {
    expect(argumentsOf({ cell: 'lstm', feedForward: 8, tie: true, gated: false, steps: undefined })).toEqual([
      ...['--cell', 'lstm', '--feed-forward', '8', '--tie'],
    ]);
  });

  test('of problems of long memory have about as many parameters as the first', async () => {
    const device = await openDevice('wasm', { threads: 1 });
    for (const { task, lengths } of memoryProblems) {
      const sized = await sizedFor(task, lengths[0], device);
      for (const name of modelNames) expect(sized[name].parameters / sized.lstm.parameters).toBeCloseTo(1, 1);
    }
    device.close();
  });
});

const line = (event: object): string => `${JSON.stringify(event)}\n`;

/** Events of a run with validations after 2 and 4 steps of 3 seconds, and the end after 5. */
function eventsOf(loss: number): string {
  const progress = [1, 2, 3, 4].map((step) => ({
    type: 'progress',
    step,
    secondsElapsed: 3 * step,
    charactersPerSecond: 100 * step,
  }));
  const validation = (step: number) => ({ type: 'validation', step, loss: loss / step });
  return [
    { type: 'start', step: 0, parameters: 1234 },
    ...progress.slice(0, 2),
    validation(2),
    ...progress.slice(2),
    validation(4),
    { type: 'done', step: 5, reason: 'finished', secondsElapsed: 16 },
  ]
    .map(line)
    .join('');
}

describe('the curve of a run', () => {
  test('has its validations over seconds and characters', () => {
    const curve = curveOf(eventsOf(4), 50);
    expect(curve).toMatchObject({ parameters: 1234, steps: 5, seconds: 16, characters: 250, charactersPerSecond: 250 });
    expect(curve.finished).toBe(true);
    expect(curve.points).toEqual([
      { step: 2, seconds: 6, characters: 100, loss: 2 },
      { step: 4, seconds: 12, characters: 200, loss: 1 },
    ]);
  });

  test('between progress events takes its share of their time, and no more than the last has', () => {
    const between = (step: number): string => line({ type: 'validation', step, loss: 1 });
    const progress = [10, 20].map((step) => line({ type: 'progress', step, secondsElapsed: 2 * step }));
    const { points } = curveOf([progress[0], between(15), progress[1], between(25)].join(''), 1);
    expect(points.map(({ seconds }) => seconds)).toEqual([30, 40]);
  });

  test('of an interrupted run, whose last line was cut off, is that of what it has', () => {
    const whole = eventsOf(4);
    const { points, finished } = curveOf(whole.slice(0, -20), 50);
    expect([points.length, finished]).toEqual([2, false]);
    expect(curveOf('', 50)).toMatchObject({ points: [], steps: 0, parameters: null, charactersPerSecond: null });
  });
});

test('the last tenth is that on which the command validates', () => {
  expect(validationTextOf(files)).toBe(text.slice(27_000));
});

describe('a report', () => {
  const runs = join(folder, 'tiny');
  const measured = { machine: 'a machine', load: 1 };
  const row = {
    lower: 1,
    upper: 3,
    least: 1,
    most: 4,
    peakBytes: 4096,
    filling: 'read',
    fillingSeconds: 1,
    load: 1,
  } as const;
  let printed = '';

  beforeAll(() => {
    for (const [name, loss] of [
      ['transformer', 3],
      ['lstm', 4],
    ] as const) {
      mkdirSync(join(runs, name), { recursive: true });
      const config = { options: { batch: 5, seq: 10, seed: 7 }, files: [{ path }] };
      writeFileSync(join(runs, name, 'config.json'), JSON.stringify(config));
      writeFileSync(join(runs, name, 'events.jsonl'), eventsOf(loss));
      const evaluation = { natsPerCharacter: loss / 4, tokens: 2999 };
      const record: RunRecord = {
        recipe: 'equal',
        command: `unrolled train ${name}`,
        evaluation,
        began: measured,
        ended: measured,
      };
      writeFileSync(join(runs, `${name}.json`), JSON.stringify(record));
    }
    const rows = [0, 100, 1000].flatMap((context) =>
      ['lstm', 'transformer'].map((model) => ({
        ...{ ...row, model, context, tokens: 20, median: 2, stateBytes: 1024 * (1 + context), residentBytes: 2048 },
      })),
    );
    writeFileSync(join(runs, 'speed.json'), JSON.stringify({ measured, threads: 2, rows } satisfies Speed));
    printed = report([runs], join(folder, 'pictures'));
  });

  test('has a row for each run in the usual order, with its seed, command and machine', () => {
    expect(printed).toContain(
      '| `lstm` | 1,234 | 1.000 | 5 | 0.00 | 250 | 16 | 7 |\n| `transformer` | 1,234 | 0.750 |',
    );
    expect(printed).toContain('    unrolled train lstm\n    unrolled train transformer\n\na machine; load 1.0.');
    expect(printed).toContain('| transformer | 1,000 | 2.000 | 1.000–3.000 | 500 | 1,001 KiB | 2 KiB | 4 KiB | read |');
  });

  test('draws a line for each model in every picture that it names', () => {
    const names = readdirSync(join(folder, 'pictures')).sort();
    expect(names).toEqual(['characters', 'memory', 'seconds', 'time'].map((what) => `compare-tiny-${what}.svg`));
    for (const name of names) {
      expect(printed).toContain(`(pictures/${name})`);
      const svg = readFileSync(join(folder, 'pictures', name), 'utf8');
      // Each line, and its sample in the legend.
      expect(svg.match(/<path class="line /g)).toHaveLength(4);
      for (const word of ['>lstm<', '>transformer<', 'node tools/compare-models.ts report tiny'])
        expect(svg).toContain(word);
    }
  });

  test('of problems has a row for each and a column for each model', () => {
    const rowOf = (model: ModelName, median: number, solved: number): MemoryRow => {
      const summary = {
        median,
        worst: 2 * median,
        best: median,
        solved,
        stepsToSolve: 9,
        secondsToSolve: solved ? 17.4 : null,
      };
      const table = { metric: { chance: 0.25 }, cells: [{ summary, seeds: [{}, {}] }] } as unknown as LabTable;
      return { ...{ task: 'adding', length: 100, seconds: 5, command: '', measured }, model, parameters: 1000, table };
    };
    const rows = [rowOf('transformer', 0.5, 0), rowOf('lstm', 0.01, 2), { ...rowOf('lstm', 0.1, 0), length: 200 }];
    const tasks = join(folder, 'tasks');
    mkdirSync(tasks);
    writeFileSync(join(tasks, memoryFile), JSON.stringify(rows));
    const table = report([tasks], join(folder, 'pictures'));
    expect(table).toContain('| `adding` | 100 | 0.25 | 0.01 (0.02), solved 2 of 2 in 17 s | 0.5 (1) |');
    expect(table).toContain('| `adding` | 200 | 0.25 | 0.1 (0.2) | not measured |');
    expect(table).toContain('Seeds: 2, from 1 on; at most 5 s each. 1,000 parameters. a machine; load 1.0.');
  });

  test('of a folder without runs says so', () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    expect(() => report([empty], join(folder, 'pictures'))).toThrow('there are no runs');
    expect(() => report([join(folder, 'lost')], join(folder, 'pictures'))).toThrow('no such file');
  });
});
