import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from 'unrolled';
import { afterAll, describe, expect, test } from 'vitest';
import { type Ended, readEvents, small, start, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd } = workplace(afterAll);
const random = new Random(Date.now() % 2 ** 32);
const frequent = ['--validate-every', '5', '--checkpoint-every', '7', '--sample-every', '0'];

/** Begins a run, lets it make progress for a while, and ends it. */
async function interrupt(
  args: string[],
  signal: NodeJS.Signals,
  milliseconds: number,
  after = 'step ',
): Promise<Ended> {
  const running = start(cwd, ['train', ...args]);
  await running.printed(after);
  await sleep(milliseconds);
  running.process.kill(signal);
  return running.ended;
}

const stepsOf = (run: string, type: string): number[] =>
  readEvents(join(cwd, run)).flatMap((event) => (event.type === type ? [event.step] : []));

const temporaryFiles = (run: string): string[] =>
  readdirSync(join(cwd, run), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));

describe('signals', () => {
  test.concurrent.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends with %i, a checkpoint, and how to go on', async (signal, code) => {
    const run = `by ${signal}`;
    const ended = await interrupt(['text.txt', '--out', run, '--steps', '1000000', ...small], signal, 100);
    expect(ended).toMatchObject({ code, signal: null, stderr: '' });
    expect(ended.stdout).toContain('Stopping after this step');
    expect(ended.stdout).toMatch(
      new RegExp(`Stopped after .* steps[^\n]*\nResume with: npx unrolled train --resume '${run}'\n$`),
    );
    const [step] = stepsOf(run, 'done');
    expect(step).toBeGreaterThan(0);
    expect(stepsOf(run, 'checkpoint').at(-1)).toBe(step);
    const resumed = await unrolled(cwd, 'train', '--resume', run, '--steps', String(step + 5));
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(resumed.stdout).toContain('Generate text: npx unrolled sample');
  });

  test.concurrent('the echo of one, which npm and npx pass on, is not a second one', async () => {
    const running = start(cwd, ['train', 'text.txt', '--out', 'echo', '--steps', '1000000', ...small]);
    await running.printed('step ');
    running.process.kill('SIGINT');
    await sleep(5);
    running.process.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 130, signal: null, stderr: '' });
    expect(stepsOf('echo', 'checkpoint').at(-1)).toBe(stepsOf('echo', 'done')[0]);
  });

  test.concurrent('a second one ends with the same code, or at once', async () => {
    const slow = ['--hidden', '256', '--layers', '4', '--batch', '32', '--seq', '64', '--threads', '1'];
    const running = start(cwd, ['train', 'text.txt', '--out', 'slow', ...slow]);
    await running.printed('different characters');
    running.process.kill('SIGINT');
    await sleep(700);
    running.process.kill('SIGINT');
    const { code, signal, stderr } = await running.ended;
    expect(code ?? signal).toBeOneOf([130, 'SIGINT']);
    expect(stderr).toBe('');
  });
});

describe('a run that is interrupted and resumed', () => {
  test('has the same parameters and optimizer as one that was not, to the last bit', async () => {
    const args = [...small, ...frequent, '--dropout', '0.2', '--steps', '3000'];
    const whole = await unrolled(cwd, 'train', 'text.txt', '--out', 'whole', ...args);
    expect(whole).toMatchObject({ code: 0, stderr: '' });

    let interruptions = 0;
    let more = ['text.txt', '--out', 'parts', ...args];
    for (let code: number | null = null; code !== 0; ) {
      expect(interruptions).toBeLessThan(30);
      const ended = await interrupt(more, 'SIGINT', random.below(250));
      code = ended.code;
      // By the signal itself: it came when all was written and nobody listened any more.
      expect([0, 130, null]).toContain(code);
      if (code === 130) interruptions++;
      more = ['--resume', 'parts', '--threads', '1'];
      if (interruptions === 5) break;
    }
    await unrolled(cwd, 'train', ...more);
    expect(interruptions).toBeGreaterThan(1);
    expect(tensorsOf(join(cwd, 'parts'))).toEqual(tensorsOf(join(cwd, 'whole')));
    expect(tensorsOf(join(cwd, 'parts'), 'best')).toEqual(tensorsOf(join(cwd, 'whole'), 'best'));
    for (const type of ['progress', 'checkpoint']) {
      const steps = stepsOf('parts', type);
      expect(steps).toEqual([...steps].sort((a, b) => a - b));
    }
    for (const type of ['progress', 'validation', 'done'])
      expect(stepsOf('parts', type)).toEqual(stepsOf('whole', type));
  });

  test('and whose updates have several batches each has the same parameters, too', async () => {
    const args = [
      'text.txt',
      ...small,
      '--dropout',
      '0.2',
      '--schedule',
      'constant',
      '--accumulate',
      '3',
      '--ema',
      '0.9',
    ];
    const end = ['--epochs', '2'];
    expect(await unrolled(cwd, 'train', ...args, ...end, '--out', 'whole-3')).toMatchObject({ code: 0, stderr: '' });
    expect(await unrolled(cwd, 'train', ...args, '--steps', '5', '--out', 'parts-3')).toMatchObject({ code: 0 });
    expect(await unrolled(cwd, 'train', '--resume', 'parts-3', ...end)).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'parts-3'))).toEqual(tensorsOf(join(cwd, 'whole-3')));
    const batches = stepsOf('whole-3', 'done')[0] * 3;
    const alone = await unrolled(cwd, 'train', 'text.txt', ...small, ...end, '--out', 'whole-1');
    expect(alone).toMatchObject({ code: 0, stderr: '' });
    expect(batches - stepsOf('whole-1', 'done')[0]).toBeOneOf([0, 1, 2]);
    const other = await unrolled(cwd, 'train', '--resume', 'parts-3', '--accumulate', '2', '--epochs', '3');
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('--accumulate') });
  });

  test('killed at any moment, checkpoints are whole and no temporary file remains', async () => {
    const args = [...small, ...frequent, '--validate-every', '1', '--checkpoint-every', '1', '--steps', '1000000'];
    let more = ['text.txt', '--out', 'killed', ...args];
    for (let i = 0; i < 8; i++) {
      // A line is printed before its step's checkpoint is written.
      const ended = await interrupt(more, 'SIGKILL', random.below(150), i === 0 ? 'step 2' : undefined);
      expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' });
      const names = readdirSync(join(cwd, 'killed', 'checkpoints'));
      expect(names.filter((name) => name.startsWith('latest') || name.startsWith('previous'))).not.toHaveLength(0);
      tensorsOf(join(cwd, 'killed'));
      more = ['--resume', 'killed', '--threads', '1'];
    }
    const [step] = stepsOf('killed', 'checkpoint').slice(-1);
    const ended = await unrolled(cwd, 'train', ...more, '--steps', String(step + 3));
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(temporaryFiles('killed')).toEqual([]);
    const steps = stepsOf('killed', 'validation');
    expect(steps).toEqual(Array.from({ length: step + 3 }, (_, i) => i + 1));
  });

  test('removes the temporary files and the half-written last event of a killed process', async () => {
    const run = join(cwd, 'left');
    const first = await unrolled(cwd, 'train', 'text.txt', '--out', run, ...small, ...frequent, '--steps', '20');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(join(run, 'checkpoints', '.latest.safetensors.tmp'), 'half');
    writeFileSync(join(run, '.config.json.tmp'), '{');
    writeFileSync(join(run, 'samples', '.step-000020.txt.tmp'), '');
    appendFileSync(join(run, 'events.jsonl'), '{"type":"progress","step":21,"lo');
    const second = await unrolled(cwd, 'train', '--resume', run, '--steps', '40');
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(temporaryFiles('left')).toEqual([]);
    expect(stepsOf('left', 'progress')).toEqual([10, 20, 30, 40]);
    expect(stepsOf('left', 'done')).toEqual([40]);
  });

  test('starts from step 0 if it was killed before the first checkpoint', async () => {
    const args = [...small, '--validate-every', '0', '--checkpoint-every', '0', '--steps', '1000000'];
    await interrupt(['text.txt', '--out', 'early', ...args], 'SIGKILL', 0);
    const ended = await unrolled(cwd, 'train', '--resume', 'early', '--steps', '20');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(stepsOf('early', 'progress')).toEqual([10, 20]);
  });
});
