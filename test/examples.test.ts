import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each example must show, from the lines it prints. */
const examples: Record<string, (lines: readonly string[]) => void> = {
  'caption.ts': (lines) => {
    const right = lines.findIndex((line) => line.endsWith('new drawings are described word for word'));
    expect(Number.parseInt(lines[right], 10)).toBeGreaterThan(90);
    const maps = lines.slice(right + 1);
    expect(maps[0]).toMatch(/^a +([.+#]{4} ?){4}$/);
    expect(maps.at(-1)).toMatch(/^⏎/);
  },
  'classify-images.ts': (lines) => {
    const accuracies = lines.flatMap((line) => /accuracy ([\d.]+)$/.exec(line)?.[1] ?? []).map(Number);
    expect(accuracies).toHaveLength(5);
    expect(accuracies[0]).toBeLessThan(0.9);
    expect(accuracies.at(-1)).toBeGreaterThan(0.97);
    const answers = lines.slice(5, 8).map((line) => /^(\w+) → (\w+) /.exec(line)?.slice(1));
    expect(answers).toEqual(['square', 'disc', 'cross'].map((name) => [name, name]));
  },
  'classify-words.ts': (lines) => {
    const accuracies = lines.flatMap((line) => /accuracy ([\d.]+)$/.exec(line)?.[1] ?? []).map(Number);
    expect(accuracies).toHaveLength(6);
    expect(accuracies.at(-1)).toBeGreaterThan(0.95);
    expect(lines.slice(6, 8).map((line) => line.split(' ')[0])).toEqual(['rhyming', 'plain']);
    expect(lines.at(-1)).toMatch(/^contributions: b .* a /);
  },
  'dates.ts': (lines) => {
    const right = lines.slice(0, 3).map((line) => Number(/: ([\d.]+)% of new dates/.exec(line)?.[1]));
    expect(right[0]).toBeLessThan(right[2]);
    expect(right[2]).toBeGreaterThan(90);
    expect(lines[3]).toBe('Tuesday, March 7, 1995 → 1995-03-07');
    expect(lines.slice(4).map((line) => line[0])).toEqual([...'1995-03-07⏎']);
  },
  'dialogue.ts': (lines) => {
    const [result, ...chosen] = lines.slice(-3);
    expect(Number(/^([\d.]+)% right/.exec(result)?.[1])).toBeGreaterThan(80);
    for (const line of chosen) expect(line).toMatch(/^the (darkest|highest) one: dot \d$/);
  },
  'draw.ts': (lines) => {
    const [bound, reconstruction, divergence] = lines[6].match(/[\d.]+/g)!.map(Number);
    expect(bound, 'pixels by themselves have 24 nats').toBeLessThan(8);
    expect(reconstruction + divergence).toBeCloseTo(bound, 1);
    expect(lines.slice(7).join('')).toMatch(/[█▀▄]/);
  },
  'forecast.ts': (lines) => {
    const [naive, network] = lines.map((line) => Number(/MAE ([\d.]+)/.exec(line)?.[1]));
    expect(network, 'the noise alone is off by 0.8').toBeLessThan(0.95);
    expect(naive).toBeGreaterThan(1.1);
    expect(Number(/(\d+)% within/.exec(lines[1])?.[1])).toBeGreaterThan(70);
    expect(lines).toHaveLength(14);
  },
  'glimpses.ts': (lines) => {
    expect(Number(/^right (\d+)%/.exec(lines[4])?.[1])).toBeGreaterThan(80);
    expect(lines.at(-1)).toMatch(/^\(7\.5, 7\.5\) \([\d.-]+, [\d.-]+\) \([\d.-]+, [\d.-]+\) → (cross|square)$/);
  },
  'hello.ts': (lines) => {
    const words = lines.map((line) => line.split(' ').at(-1));
    expect(words[0], 'noise at first').not.toBe('hello');
    expect(words.at(-1)).toBe('hello');
    const losses = lines.map((line) => Number(/loss ([\d.]+) nats/.exec(line)?.[1]));
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.1);
  },
  'keras-digits.ts': (lines) => {
    expect(lines).toHaveLength(21);
    expect(Number(/new digits ([\d.]+)$/.exec(lines[20])?.[1])).toBeGreaterThan(0.9);
  },
  'keras-reviews.ts': (lines) => {
    expect(lines[0]).toMatch(/^Epoch 1\/7 - .* val_accuracy: /);
    expect(Number(/new reviews ([\d.]+)$/.exec(lines.at(-1)!)?.[1])).toBeGreaterThan(0.95);
  },
  'keras-sums.ts': (lines) => {
    expect(Number(/right: ([\d.]+)%$/.exec(lines.at(-1)!)?.[1])).toBeGreaterThan(90);
  },
  'keras-tickets.ts': (lines) => {
    expect(lines.join('\n')).toContain('concatenate (concatenate)');
    const [, priority, department] = /^priority ([\d.]+), department ([\d.]+)$/.exec(lines.at(-1)!)!.map(Number);
    expect(Math.min(priority, department)).toBeGreaterThan(0.9);
  },
  'names.ts': (lines) => {
    const scores = lines.slice(0, 4).map((line) => Number(/F1 of new names ([\d.]+)$/.exec(line)?.[1]));
    expect(scores.at(-1)).toBeGreaterThan(0.95);
    expect(lines.slice(4)).toEqual([
      '[Florence Paris]person lives in [Paris]place with [Florence]person .',
      '[Paris]place is a town near [Florence]place .',
    ]);
  },
  'navigate.ts': (lines) => {
    const losses = lines.flatMap((line) => /^step \d+: loss ([\d.]+)$/.exec(line)?.[1] ?? []).map(Number);
    expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
    expect(lines.slice(-3, -1)).toEqual(['turn left → left stop', 'turn around → right right stop']);
    expect(lines.at(-1)).toMatch(/^go as far as you can → (forward )+stop$/);
  },
  'quote-cell.ts': (lines) => {
    const [name, auc, shuffled, p] = /^(l0\.[hc]\.\d+): AUC ([\d.]+), shuffled ([\d.]+), p ([\d.]+)$/
      .exec(lines[3])!
      .slice(1);
    expect(Number(auc)).toBeGreaterThan(0.95);
    expect(Number(shuffled)).toBeLessThan(0.6);
    expect(Number(p)).toBeLessThan(0.01);
    expect(lines[4]).toHaveLength(100);
    const inside = [...lines[5]].filter((_, i) => /"[^"]*$/.test(lines[4].slice(0, i + 1).replaceAll(/"[^"]*"/g, '')));
    expect(inside.filter((shade) => '-=#'.includes(shade)).length).toBeGreaterThan(0.9 * inside.length);
    const [, whole, cut] = /^loss ([\d.]+) nats, with (?:.*) cut ([\d.]+)$/.exec(lines[6])!.map(Number);
    expect(lines[6]).toContain(name);
    expect(cut).toBeGreaterThan(whole + 0.05);
  },
  'see.ts': (lines) => {
    const [x, y] = /^The square is at (\d+), (\d+): (left|right)\. The network says \3\.$/
      .exec(lines.find((line) => line.startsWith('The square'))!)!
      .slice(1, 3)
      .map(Number);
    const first = lines.indexOf('occlusion') + 1;
    const rows = lines.slice(first, first + 8).map((line) => line.slice(3, -1));
    const inSquare = rows.slice(y >> 1, (y + 4) >> 1).flatMap((row) => [...row.slice(x, x + 4)]);
    expect(
      inSquare.some((mark) => '%@'.includes(mark)),
      'the square matters most',
    ).toBe(true);
    expect(rows.join('').replaceAll(/[ .:]/g, '').length, 'little else does').toBeLessThan(50);
  },
  'vanishing-gradients.ts': (lines) => {
    const shares = (from: number): number[] =>
      lines.slice(from + 1, from + 7).map((line) => Number(/steps back +(\S+)/.exec(line)?.[1]));
    const [rnn, lstm] = [shares(0), shares(7)];
    expect(lines).toHaveLength(14);
    expect([rnn[0], lstm[0]]).toEqual([1, 1]);
    expect(rnn[5], 'vanishes').toBeLessThan(1e-6);
    expect(Math.min(...lstm), 'arrives').toBeGreaterThan(0.05);
    expect(rnn).toEqual([...rnn].sort((a, b) => b - a));
  },
  'video.ts': (lines) => {
    const accuracies = lines.flatMap((line) => /^step \d+: (\d+)% right$/.exec(line)?.[1] ?? []).map(Number);
    expect(accuracies.at(-1)).toBeGreaterThan(80);
    const label = lines.at(-1)!.replace('it is: ', '');
    expect(lines.at(-2)).toMatch(new RegExp(`^frame \\d+: ${label} \\(\\d+%\\)$`));
  },
  'vqa.ts': (lines) => {
    const right = lines.findIndex((line) => line.endsWith('answers about new drawings are right'));
    expect(Number.parseFloat(lines[right])).toBeGreaterThan(90);
    expect(Number.parseFloat(lines[right + 1])).toBeLessThan(65);
    expect(lines.slice(right + 2)).toHaveLength(3);
  },
  'your-own-cell.ts': (lines) => {
    expect(lines[0]).toBe('parameters: 1.weight_z_l0, 1.bias_z_l0, 1.weight_n_l0, 1.bias_n_l0');
    const losses = lines.slice(1).map((line) => Number(/loss ([\d.]+) nats/.exec(line)?.[1]));
    expect(losses).toHaveLength(7);
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.2);
    expect(lines.at(-1)).toMatch(/hell → ello$/);
  },
  'your-own-loop.ts': (lines) => {
    const errors = lines.map((line) => Number(/error ([\d.]+)$/.exec(line)?.[1]));
    expect(errors).toHaveLength(5);
    // The sums have variance 10/12.
    expect(errors.at(-1)).toBeLessThan(0.02);
  },
};

test('every example is run', () => {
  expect(globSync('examples/*.ts', { cwd: root }).sort()).toEqual(
    Object.keys(examples).map((name) => `examples/${name}`),
  );
});

describe.each(Object.entries(examples))('%s', (name, check) => {
  test('prints what it promises, and ends', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [`examples/${name}`], {
      cwd: root,
      timeout: 50_000,
    });
    check(stdout.trimEnd().split('\n'));
  });

  test('is no longer than 60 lines, and says how to run it', () => {
    const code = readFileSync(`${root}/examples/${name}`, 'utf8');
    expect(code.split('\n').length).toBeLessThanOrEqual(61);
    expect(code).toContain(`node examples/${name}`);
  });
});
