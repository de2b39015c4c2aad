import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, readEvents, small, start, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

describe('--json', () => {
  test('prints one JSON object per event and nothing else', async () => {
    const often = ['--validate-every', '20', '--checkpoint-every', '20', '--sample-every', '40', '--steps', '60'];
    const ended = await unrolled(cwd, 'train', 'text.txt', '--json', '--out', 'run', ...small, ...often);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const events = ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toEqual(readEvents(join(cwd, 'run')));
    expect(events[0]).toMatchObject({ type: 'start', step: 0, steps: 60, folder: 'run' });
    expect(events.at(-1)).toMatchObject({ type: 'done', reason: 'finished', step: 60 });
    const types = new Set(events.map(({ type }) => type));
    expect(types).toEqual(new Set(['start', 'progress', 'validation', 'sample', 'checkpoint', 'done']));
    expect(events.map(({ step }) => step)).toEqual(events.map(({ step }) => step).sort((a, b) => a - b));

    const progress = events.filter(({ type }) => type === 'progress');
    expect(progress.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50, 60]);
    for (const event of progress) {
      expect(event.loss).toBeGreaterThan(0);
      expect(event.bitsPerCharacter).toBeCloseTo(event.loss / Math.LN2);
      expect(event.charactersPerSecond).toBeGreaterThan(0);
    }
    expect(progress.map(({ validationLoss }) => typeof validationLoss)).toEqual([
      ...['object', 'object', 'number', 'number', 'number', 'number'],
    ]);
    for (const { path } of events.filter(({ type }) => type === 'checkpoint'))
      expect(existsSync(join(cwd, path))).toBe(true);
    for (const { step, text } of events.filter(({ type }) => type === 'sample')) {
      const name = `step-${String(step).padStart(6, '0')}.txt`;
      expect(readFileSync(join(cwd, 'run', 'samples', name), 'utf8')).toBe(text);
    }
    const sampled = await unrolled(cwd, 'sample', 'run', '--json', '--count', '2', '--seed', '1', '--length', '10');
    const samples = sampled.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(samples.map(({ seed, text }) => [seed, text.length])).toEqual([
      [1, 10],
      [2, 10],
    ]);
    const evaluated = await unrolled(cwd, 'eval', 'run', 'text.txt', '--json');
    const { tokens, loss, perplexity, leftOut } = JSON.parse(evaluated.stdout);
    expect(perplexity).toBeCloseTo(Math.exp(loss));
    expect(tokens).toBeGreaterThan(1000);
    expect(leftOut).toEqual({});
  });
});

describe('lines', () => {
  test('come once each, without control sequences', async () => {
    const { stdout } = await unrolled(cwd, 'train', 'text.txt', '--out', 'lines', ...small, '--steps', '120');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '');
    for (const [i, line] of lines.entries()) expect(line).not.toBe(lines[i - 1]);
    expect(lines.filter((line) => line.startsWith('step 120/120'))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('step 120 '))).toHaveLength(1);
    expect(lines.at(-2)).toMatch(/^Finished after 120 steps and 0:0\d$/);
    expect(stdout).not.toContain('\x1b');
  });

  test('use the singular for one, and report a short text', async () => {
    file('one.txt', 'aaaaaaaa');
    const short = await unrolled(cwd, 'train', 'one.txt', '--hidden', '4', '--layers', '1', '--steps', '2');
    expect(short.stdout).toMatch(
      /^8 characters from 1 file, 1 different character\nThe text is short, so --batch is 1 and --seq 7\./,
    );
    const enough = await unrolled(cwd, 'train', 'text.txt', '--out', 'enough', ...small, '--steps', '2');
    expect(enough.stdout).not.toContain('short');
  });
});

describe('an output that nobody reads', () => {
  const shell = (command: string) =>
    spawnSync('bash', ['-c', command, process.execPath, main], { cwd, encoding: 'utf8', timeout: 30_000 });

  test('ends a run quietly, with a checkpoint', () => {
    const args = `train text.txt --out head --steps 1000000 --sample-every 20 ${small.join(' ')}`;
    const { stdout, stderr } = shell(`"$0" "$1" ${args} | head -1; echo "\${PIPESTATUS[0]}"`);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^[\d,]+ characters from 1 file.*\n0\n$/);
    expect(existsSync(join(cwd, 'head', 'checkpoints', 'latest.safetensors'))).toBe(true);
  });

  test('ends a sample quietly', () => {
    const { stdout, stderr } = shell(
      `"$0" "$1" sample head --length 1000000 | head -c 20; echo; echo "\${PIPESTATUS[0]}"`,
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\n0\n$/);
  });

  test.each(['--count 20 --length 100000', '--json --length 2000000'])('does not keep sample %s at work', (args) => {
    // All of it would take minutes.
    const { stdout, stderr } = shell(
      `"$0" "$1" sample head --seed 1 ${args} | head -c 60; echo; echo "\${PIPESTATUS[0]}"`,
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^(── 1\n|\{"type":"sample","seed":1,"prompt":"","text":").*\n0\n$/su);
  });

  test('is an error when it is a disk that is full', () => {
    const sampled = shell('"$0" "$1" sample head > /dev/full');
    expect(sampled).toMatchObject({ status: 1, stderr: 'unrolled: output: the disk is full\n' });
    const trained = shell(`"$0" "$1" train text.txt --out full ${small.join(' ')} --sample-every 20 > /dev/full`);
    expect(trained.status).toBe(1);
    expect(trained.stderr).toBe('unrolled: output: the disk is full; resume with --resume full\n');
  });
});

test('a training that diverged is never the best, and ends with an error', async () => {
  const wild = ['--lr', '300', '--clip-norm', '0', '--steps', '20', '--validate-every', '10', '--sample-every', '0'];
  const ended = await unrolled(cwd, 'train', 'text.txt', '--out', 'wild', ...small, ...wild);
  expectComplaint(ended, 1, 'training diverged', 'lower the learning rate (it was 300)', '--clip-norm');
  expect(ended.stdout).toMatch(/validation .*, diverged$/m);
  expect(ended.stdout).not.toContain('the best so far');
});

test('--help and --version', async () => {
  for (const args of [[], ['--help'], ['train', '--help'], ['sample', '--help'], ['eval', '--help']]) {
    const ended = await unrolled(cwd, ...args);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('Usage: unrolled');
  }
  expect((await start(cwd, ['--version']).ended).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
