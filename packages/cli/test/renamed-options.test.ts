import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { positive } from '../src/options/parse.ts';
import { acceptOldOptions } from '../src/options/renamed.ts';
import { readEvents, small, unrolled, workplace } from './command.ts';

const { path: cwd } = workplace(afterAll);
const train = (...args: string[]) => unrolled(cwd, 'train', ...args, ...small);
const hint = 'unrolled: --gradients is now called --gradient-flow-every\n';

beforeAll(async () => {
  const ended = await train('text.txt', '--out', 'old', '--steps', '4', '--gradients', '2');
  expect(ended).toMatchObject({ code: 0, stderr: hint });
});

describe('an option that was renamed', () => {
  test('acts as the current name, and is stored under it', () => {
    const flows = readEvents(join(cwd, 'old')).filter(({ type }) => type === 'gradient-flow');
    expect(flows.map(({ step }) => step)).toEqual([2, 4]);
    const { options } = JSON.parse(readFileSync(join(cwd, 'old', 'config.json'), 'utf8'));
    expect(options).toMatchObject({ gradientFlowEvery: 2 });
    expect(options).not.toHaveProperty('gradients');
  });

  test('is not in --help', async () => {
    const { stdout } = await unrolled(cwd, 'train', '--help');
    expect(stdout).toContain('--gradient-flow-every <n>');
    expect(stdout).not.toMatch(/--gradients|--batch-size/);
  });

  test('is read from the config.json of an older run', async () => {
    const path = join(cwd, 'old', 'config.json');
    const { options, ...config } = JSON.parse(readFileSync(path, 'utf8'));
    const { gradientFlowEvery: gradients, ...others } = options;
    writeFileSync(path, JSON.stringify({ ...config, options: { ...others, gradients } }));
    expect(await unrolled(cwd, 'train', '--resume', 'old', '--steps', '6')).toMatchObject({ code: 0, stderr: '' });
    const flows = readEvents(join(cwd, 'old')).filter(({ type }) => type === 'gradient-flow');
    expect(flows.map(({ step }) => step)).toEqual([2, 4, 6]);
  });
});

test('a synonym sets the option without a hint; wrong values name what was typed; values are left alone', () => {
  const parse = (...args: string[]): { values: object; hints: string[]; errors: string } => {
    const hints: string[] = [];
    let errors = '';
    const command = new Command('train')
      .exitOverride()
      .configureOutput({ writeErr: (text) => (errors += text) })
      .option('--lr <rate>', '', positive)
      .option('--prompt <text>')
      .option('--gradient-flow-every <n>', '', Number);
    acceptOldOptions(command, (line) => hints.push(line), 'train');
    try {
      command.parse(args, { from: 'user' });
    } catch {
      // The message is in errors.
    }
    return { values: command.opts(), hints, errors };
  };
  expect(parse('--learning-rate', '0.1')).toEqual({ values: { lr: 0.1 }, hints: [], errors: '' });
  expect(parse('--learning-rate', '-1').errors).toContain("'--learning-rate <rate>' argument '-1' is invalid");
  expect(parse('--prompt', '--gradients')).toMatchObject({ values: { prompt: '--gradients' }, hints: [] });
  expect(parse('--gradients', '1', '--gradients', '2')).toMatchObject({
    values: { gradientFlowEvery: 2 },
    hints: ['--gradients is now called --gradient-flow-every'],
  });
});
