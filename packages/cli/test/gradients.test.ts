import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompositionBy } from 'unrolled/inspect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clippingOf } from '../src/gradients/clipping.ts';
import { gradientLine } from '../src/run/listeners/progress-line.ts';
import { expectComplaint, readEvents, small, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const steps = ['--steps', '30', '--checkpoint-every', '10'];

beforeAll(async () => {
  for (const cell of ['rnn', 'lstm']) {
    const run = ['train', 'text.txt', '--out', cell, ...small, ...steps, '--cell', cell, '--layers', '2'];
    const ended = await unrolled(cwd, ...run, '--gradient-flow-every', '10');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^step 20 {2}gradient {2}l0 \w+.* {2}l1 \w+.*$/m);
  }
});

describe('train --gradient-flow-every', () => {
  test('reports every layer in the events', () => {
    const events = readEvents(join(cwd, 'lstm')).filter(({ type }) => type === 'gradient-flow') as unknown as {
      step: number;
      layers: { layer: number; norms: number[]; kind: string; verdict: string }[];
    }[];
    expect(events.map(({ step }) => step)).toEqual([10, 20, 30]);
    for (const { layers } of events) {
      expect(layers.map(({ layer }) => layer)).toEqual([0, 1]);
      for (const { norms, kind, verdict } of layers) {
        expect(norms).toHaveLength(16);
        expect(verdict).toMatch(/ after 15 steps$/);
        if (kind !== 'kept') expect(verdict).toMatch(new RegExp(`^${kind}: `));
      }
    }
  });

  test('does not change the weights, also when a run resumes without it', async () => {
    const plain = ['train', 'text.txt', '--out', 'plain', ...small, ...steps, '--cell', 'lstm', '--layers', '2'];
    expect((await unrolled(cwd, ...plain)).code).toBe(0);
    expect(tensorsOf(join(cwd, 'lstm'))).toEqual(tensorsOf(join(cwd, 'plain')));
    expect(readEvents(join(cwd, 'plain')).some(({ type }) => type === 'gradient-flow')).toBe(false);
    const more = ['train', '--steps', '40', '--resume'];
    expect((await unrolled(cwd, ...more, 'plain', '--gradient-flow-every', '5')).code).toBe(0);
    cpSync(join(cwd, 'lstm'), join(cwd, 'without'), { recursive: true });
    expect((await unrolled(cwd, ...more, 'without', '--gradient-flow-every', '0')).code).toBe(0);
    expect(tensorsOf(join(cwd, 'without'))).toEqual(tensorsOf(join(cwd, 'plain')));
  });

  test('prints one line', () => {
    const decay = { perStep: 1, left: 1, until: 9, norms: [], verdict: '' };
    const layers = [
      { layer: 0, reverse: false, kind: 'vanishes', halvesEvery: 3.14, doublesEvery: null, ...decay },
      { layer: 0, reverse: true, kind: 'kept', halvesEvery: 80, doublesEvery: null, ...decay },
      { layer: 1, reverse: false, kind: 'explodes', halvesEvery: null, doublesEvery: 12, ...decay },
    ] as const;
    expect(gradientLine({ type: 'gradient-flow', step: 1250, layers })).toBe(
      'step 1,250  gradient  l0 vanishes, halves every 3.1 steps  l0 reverse kept  l1 explodes, doubles every 12.0 steps',
    );
  });
});

describe('gradients', () => {
  test('prints its numbers if the pictures cannot be written', async () => {
    // A file in the place of the folder; a disk that is read-only would do, too.
    cpSync(join(cwd, 'rnn'), join(cwd, 'blocked'), { recursive: true });
    rmSync(join(cwd, 'blocked', 'gradients'), { recursive: true, force: true });
    writeFileSync(join(cwd, 'blocked', 'gradients'), '');
    const args = ['gradients', 'blocked', '--jacobians', '0', '--lags', '5'];
    const plain = await unrolled(cwd, ...args);
    expect(plain).toMatchObject({ code: 0, stderr: expect.stringMatching(/^unrolled: no pictures: .*--out FOLDER/) });
    expect(plain.stdout).toMatch(/^l0 \w+/m);
    const asked = await unrolled(cwd, ...args, '--json', '--out', 'blocked/gradients');
    expect(asked.code).toBe(1);
    expect(JSON.parse(asked.stdout.split('\n')[0])).toMatchObject({ type: 'gradients', files: [] });
  });

  test("reads the run's own validation text, and draws", async () => {
    const ended = await unrolled(cwd, 'gradients', 'rnn', '--lags', '20');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^Read from the last tenth of .*text\.txt\n/);
    expect(ended.stdout).toMatch(/^l0 .+ after 20 steps;\n {3}largest singular value of W_hh/ms);
    expect(ended.stdout).toMatch(/^k +0 .* 20$/m);
    expect(ended.stdout).toMatch(/^l1 {2}[▁▂▃▄▅▆▇█]{21}$/m);
    expect(ended.stdout).toContain('Clipping fired in ');
    for (const name of ['norms', 'positions-l0', 'eigenvalues-l1', 'gates-l1']) {
      const picture = readFileSync(join(cwd, 'rnn', 'gradients', `${name}.svg`), 'utf8');
      expect(picture).toMatch(/^<svg .*<\/svg>\n$/s);
      expect(picture).toContain('Made by: npx unrolled gradients rnn --lags 20');
      expect(picture).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  test('--json has all of it as data', async () => {
    const ended = await unrolled(cwd, 'gradients', 'lstm', 'text.txt', '--json', '--lags', '12', '--out', 'pictures');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(ended.stdout);
    expect(report).toMatchObject({ type: 'gradients', run: 'lstm', text: 'text.txt', lags: 12, rows: 8, notes: [] });
    expect(report.layers.map(({ name }: { name: string }) => name)).toEqual(['l0', 'l1']);
    for (const { norms, parts, byPosition } of report.layers) {
      expect(Object.keys(parts)).toEqual(['h', 'c']);
      expect(norms.mean).toHaveLength(13);
      expect(byPosition).toHaveLength(report.positions.length);
    }
    expect(report.weights.map(({ gate }: { gate: string }) => gate).join('')).toBe('ifgoifgo');
    expect(report.weights[0].eigenvalues).toHaveLength(16);
    expect(report.jacobians).toMatchObject([{ size: 32 }, { size: 32 }]);
    expect(report.jacobians[0].products.map(({ lag }: { lag: number }) => lag)).toEqual([1, 2, 4, 8, 12]);
    expect(report.gates).toHaveLength(8);
    expect(report.clipping.steps).toBe(30);
    for (const path of report.files) expect(existsSync(join(cwd, path))).toBe(true);
  });

  test('takes a text with characters the run never saw, and a very short one', async () => {
    file('strange.txt', 'she sells 123 sea shells');
    const strange = await unrolled(cwd, 'gradients', 'rnn', 'strange.txt', '--jacobians', '0', '--out', 'strange');
    expect(strange.stdout).toContain("were left out: '1' (U+0031) ×1");
    expect(strange.stdout).not.toContain('Jacobian');
    file('three.txt', 'she');
    const three = await unrolled(cwd, 'gradients', 'rnn', 'three.txt', '--out', 'three');
    expect(three).toMatchObject({ code: 0, stderr: '' });
    expect(three.stdout).toContain('after 1 step');
  });

  test.concurrent.each<[string, string[], number, string[]]>([
    ['no run', [], 2, ['run']],
    ['a run that is not there', ['nowhere'], 1, ['nowhere', 'no such run']],
    ['a folder that is no run', ['.'], 1, ['no checkpoint']],
    ['a file that is no checkpoint', ['text.txt'], 1, ['text.txt', 'safetensors']],
    ['no lags', ['rnn', '--lags', '0'], 2, ['--lags', 'whole number from 1']],
    ['more lags than text', ['rnn', 'text.txt', '--lags', '99999'], 1, ['--lags 99999', 'enough for', 'longer text']],
    ['a text that is not there', ['rnn', 'lost.txt'], 1, ['lost.txt', 'no such file']],
    ['a checkpoint file without a place for pictures', ['rnn/checkpoints/best.safetensors'], 2, ['--out']],
    ['a checkpoint file without a text', ['rnn/checkpoints/best.safetensors', '--out', 'x'], 1, ['text.txt']],
    ['a file in place of a folder', ['rnn', '--out', 'text.txt'], 1, ['something else has that name']],
  ])('refuses %s', async (_, args, code, words) => {
    expectComplaint(await unrolled(cwd, 'gradients', ...args), code, ...words);
  });

  test('refuses a text of unknown tokens only, and a run whose text is missing', async () => {
    file('digits.txt', '1234567890');
    expectComplaint(await unrolled(cwd, 'gradients', 'rnn', 'digits.txt'), 1, '0 tokens', 'at least 3');
    file('gone.txt', readFileSync(file('text.txt'), 'utf8'));
    const train = await unrolled(cwd, 'train', 'gone.txt', '--out', 'gone', ...small, '--steps', '5');
    expect(train.code).toBe(0);
    writeFileSync(file('gone.txt'), `${readFileSync(file('text.txt'), 'utf8')} shore`);
    const changed = await unrolled(cwd, 'gradients', 'gone', '--jacobians', '0', '--lags', '5');
    expect(changed.stdout).toContain('changed since the training');
    rmSync(file('gone.txt'));
    expectComplaint(await unrolled(cwd, 'gradients', 'gone'), 1, 'gone.txt', 'unrolled gradients gone text.txt');
  });
});

describe('the decompositions', () => {
  test('of a rotation: eigenvalues e^{±iθ}, singular values 1', async () => {
    const { eigenvalues, singularValues } = decompositionBy(await import('ml-matrix'));
    const angle = 0.7;
    const rotation = { size: 2, data: [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)] };
    for (const { re, im } of eigenvalues(rotation)) {
      expect(re).toBeCloseTo(Math.cos(angle), 12);
      expect(Math.abs(im)).toBeCloseTo(Math.sin(angle), 12);
    }
    for (const value of singularValues(rotation)) expect(value).toBeCloseTo(1, 12);
  });

  test('take rows as rows, and give the largest first', async () => {
    const { eigenvalues, singularValues } = decompositionBy(await import('ml-matrix'));
    // [[0, 4], [0, 0]] has singular values 4 and 0, and eigenvalues 0.
    const shift = { size: 2, data: Float32Array.of(0, 4, 0, 0) };
    expect(singularValues(shift)[0]).toBeCloseTo(4, 12);
    for (const { re, im } of eigenvalues(shift)) expect([re, im].map(Math.abs)).toEqual([0, 0]);
    const diagonal = { size: 3, data: [1, 0, 0, 0, -5, 0, 0, 0, 2] };
    expect(singularValues(diagonal).map((value) => Math.round(value * 1e9) / 1e9)).toEqual([5, 2, 1]);
  });
});

test('the share of clipped steps weighs every event by its steps', () => {
  mkdirSync(file('events'));
  const events = [
    { type: 'progress', step: 10, clipped: 1 },
    { type: 'validation', step: 10 },
    { type: 'progress', step: 40, clipped: 0.2 },
  ];
  writeFileSync(
    join(file('events'), 'events.jsonl'),
    `${events.map((event) => JSON.stringify(event)).join('\n')}\n{"cut`,
  );
  expect(clippingOf(file('events'))).toEqual({ share: 0.4, steps: 40 });
  expect(clippingOf(cwd)).toBeNull();
});
