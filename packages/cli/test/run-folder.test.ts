import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from 'unrolled/train';
import { afterAll, describe, expect, test } from 'vitest';
import { RunFolder } from '../src/run/folder.ts';
import { expectComplaint, mountMemory, readEvents, small, start, text, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** A disk of its own, unmounted at the end even when none of its tests was asked for. */
function newDisk(name: string, size?: string) {
  const disk = join(cwd, name);
  mkdirSync(disk);
  const mounted = mountMemory(disk, size);
  afterAll(() => mounted?.unmount());
  return { disk, mounted };
}

const [smallDisk, readOnly] = [newDisk('disk', '200k'), newDisk('read-only')];

function checkpoint(step: number, size = 10): Checkpoint {
  const trainer = {
    ...{ step, secondsElapsed: step, random: [1, 2, 3, 4], validationLoss: null, bestValidationLoss: null },
    sinceProgress: { loss: 0, clipped: 0, steps: 0 },
  };
  const parameters = { x: { shape: [size], data: new Float32Array(size).fill(step) } };
  return { parameters, optimizer: {}, carried: {}, trainer, task: null, model: {} } as unknown as Checkpoint;
}

function newFolder(path: string): RunFolder {
  const folder = new RunFolder(path);
  folder.open();
  return folder;
}

test('saving a checkpoint makes the latest one the previous one', () => {
  const folder = newFolder(join(cwd, 'run'));
  for (const step of [1, 2, 3]) folder.writeCheckpoint('latest', checkpoint(step));
  folder.writeCheckpoint('best', checkpoint(2));
  const steps = (['latest', 'previous', 'best'] as const).map((name) => folder.readCheckpoint(name).trainer.step);
  expect(steps).toEqual([3, 2, 2]);
  expect(readdirSync(join(folder.path, 'checkpoints')).sort()).toEqual([
    ...['best.safetensors', 'latest.safetensors', 'previous.safetensors'],
  ]);
});

test('kept checkpoints never change, and are removed when a run repeats their steps', async () => {
  const run = join(cwd, 'kept');
  const every = ['--checkpoint-every', '4', '--keep-checkpoints', '--validate-every', '0'];
  expect(await unrolled(cwd, 'train', 'text.txt', '--out', run, ...small, ...every, '--steps', '10')).toMatchObject({
    code: 0,
  });
  const folder = new RunFolder(run);
  const kept = () => readdirSync(join(run, 'checkpoints')).filter((name) => name.startsWith('step-'));
  expect(kept()).toEqual(['step-000004.safetensors', 'step-000008.safetensors', 'step-000010.safetensors']);
  const eight = readFileSync(join(run, 'checkpoints', 'step-000008.safetensors'));
  expect(readEvents(run).flatMap(({ kept: path }) => path ?? [])).toEqual(
    kept().map((name) => join(run, 'checkpoints', name)),
  );
  folder.dropKeptAfter(8);
  expect(kept()).toEqual(['step-000004.safetensors', 'step-000008.safetensors']);
  expect(await unrolled(cwd, 'train', '--resume', run, '--steps', '16')).toMatchObject({ code: 0 });
  expect(kept()).toEqual(['04', '08', '12', '16'].map((step) => `step-0000${step}.safetensors`));
  expect(readFileSync(join(run, 'checkpoints', 'step-000008.safetensors'))).toEqual(eight);
  const written = await unrolled(cwd, 'eval', join(run, 'checkpoints', 'step-000008.safetensors'), 'text.txt');
  expect(written).toMatchObject({ code: 0 });
});

test('events after a step, cut-off lines and ends are dropped', () => {
  const folder = newFolder(file('log'));
  const events = [1, 2, 3, 4].map((step) => ({ type: 'progress', step }));
  for (const event of [...events, { type: 'done', step: 2 }]) folder.log(event);
  folder.rewindLog(2);
  const lines = readFileSync(join(folder.path, 'events.jsonl'), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(events.slice(0, 2));
});

describe('a disk that is full', () => {
  const { disk, mounted } = smallDisk;

  // Only root may mount; as someone else this is not tested.
  test.skipIf(!mounted)('is an error that keeps the latest checkpoint and leaves no temporary file', () => {
    const folder = newFolder(join(disk, 'run'));
    folder.writeCheckpoint('latest', checkpoint(1, 20_000));
    const large = checkpoint(2, 40_000);
    for (const name of ['latest', 'best'] as const) {
      expect(() => folder.writeCheckpoint(name, large)).toThrow(
        `${folder.checkpointPath(name)}: the disk is full; ${folder.checkpointPath('latest')} is kept`,
      );
    }
    expect(folder.readCheckpoint('latest').trainer.step).toBe(1);
    expect(existsSync(folder.checkpointPath('best'))).toBe(false);
    expect(readdirSync(join(folder.path, 'checkpoints')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    // A smaller one fits, and goes on from there.
    folder.writeCheckpoint('latest', checkpoint(3, 10));
    expect(folder.readCheckpoint('latest').trainer.step).toBe(3);
  });

  test.skipIf(!mounted)('ends a run with one line; with space again, it resumes', async () => {
    const run = join(disk, 'trained');
    rmSync(join(disk, 'run'), { recursive: true });
    const often = ['--sample-every', '1', '--checkpoint-every', '2', '--steps', '200'];
    const full = await unrolled(cwd, 'train', 'text.txt', '--out', run, ...small, ...often);
    expectComplaint(full, 1, run, 'the disk is full', 'latest.safetensors is kept', '--resume');
    const step = new RunFolder(run).readCheckpoint('latest').trainer.step;
    expect(step).toBeGreaterThan(1);
    rmSync(join(run, 'samples'), { recursive: true });
    const more = ['--sample-every', '0', '--steps', String(step + 4)];
    expect(await unrolled(cwd, 'train', '--resume', run, ...more)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a disk that becomes read-only', () => {
  const { disk, mounted } = readOnly;

  test.skipIf(!mounted)('is reported even if cleaning up fails', async () => {
    const folder = newFolder(join(disk, 'run'));
    folder.writeCheckpoint('latest', checkpoint(1));
    expect(
      await unrolled(cwd, 'train', 'text.txt', '--out', join(disk, 'trained'), ...small, '--steps', '4'),
    ).toMatchObject({ code: 0, stderr: '' });
    mounted!.readOnly();
    expect(() => folder.writeCheckpoint('latest', checkpoint(2))).toThrow('the disk is read-only');
    expect(() => folder.writeJson('config.json', {})).toThrow('config.json: the disk is read-only');
    expect(() => folder.close()).not.toThrow();
    expect(() => folder.remove()).toThrow('the disk is read-only');
    const resumed = await unrolled(cwd, 'train', '--resume', join(disk, 'trained'), '--steps', '8');
    expectComplaint(resumed, 1, 'trained/run.lock', 'the disk is read-only');
    const begun = await unrolled(cwd, 'train', 'text.txt', '--out', join(disk, 'new'), ...small);
    expectComplaint(begun, 1, 'read-only/new', 'the disk is read-only');
  });
});

describe('a run without a checkpoint', () => {
  const train = (out: string, ...args: string[]) => unrolled(cwd, 'train', 'text.txt', '--out', out, ...small, ...args);

  test('that was killed leaves a folder that a new run takes over', async () => {
    const args = ['--validate-every', '0', '--checkpoint-every', '0', '--steps', '1000000', '--sample-every', '1'];
    const running = start(cwd, ['train', 'text.txt', '--out', 'killed', ...small, ...args]);
    await running.printed('sample at step 3');
    running.process.kill('SIGKILL');
    await running.ended;
    expect(existsSync(join(cwd, 'killed', 'run.lock'))).toBe(true);
    writeFileSync(file('killed/notes.txt'), 'mine');
    const ended = await train('killed', '--steps', '2', '--hidden', '8');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(join(cwd, 'killed', 'samples'))).toEqual(['step-000002.txt']);
    expect(readEvents(join(cwd, 'killed'))[0]).toMatchObject({ type: 'start', steps: 2 });
    expect(readFileSync(file('killed/notes.txt'), 'utf8')).toBe('mine');
    expectComplaint(await train('killed'), 1, 'this run exists');
  });

  test('that failed, or never wrote its config.json, is no obstacle either', async () => {
    const wild = await train('wild', '--lr', '1e38', '--optimizer', 'sgd', '--clip-norm', '0');
    expectComplaint(wild, 1, 'lower the learning rate', 'start again with the same --out');
    expect(await train('wild', '--steps', '2')).toMatchObject({ code: 0, stderr: '' });
    for (const name of ['samples', 'checkpoints']) mkdirSync(join(cwd, 'bare', name), { recursive: true });
    expect(await train('bare', '--steps', '2')).toMatchObject({ code: 0, stderr: '' });
  });

  test('is distinguished from a foreign folder with a config.json', async () => {
    mkdirSync(join(cwd, 'project'));
    writeFileSync(file('project/config.json'), '{"options":{"port":80}}');
    expectComplaint(await train('project'), 1, 'project');
    expect(readFileSync(file('project/config.json'), 'utf8')).toBe('{"options":{"port":80}}');
  });

  test.each([
    ['--seq', '99999'],
    ['--hidden', '100000'],
    ['--adaptive'],
    ['--cell', 'missing.ts'],
    ['--tokens', 'word', '--vocab', '1'],
  ])('is not begun with impossible options: %s %s', async (...args) => {
    expect((await train('never', ...args)).code).not.toBe(0);
    expect(existsSync(join(cwd, 'never'))).toBe(false);
  });
});

test('a text that has moved is read from its new place by every command from then on', async () => {
  writeFileSync(file('old.txt'), text);
  const steps = (n: number) => ['--steps', String(n)];
  expect(await unrolled(cwd, 'train', 'old.txt', '--out', 'moved', ...small, ...steps(4))).toMatchObject({ code: 0 });
  mkdirSync(file('place'));
  renameSync(file('old.txt'), file('place/new.txt'));
  const resume = (...args: string[]) => unrolled(cwd, 'train', '--resume', 'moved', ...args);
  expectComplaint(await resume(...steps(6)), 1, 'old.txt is not there', 'npx unrolled train --resume moved FILE');
  expect(await resume('place/new.txt', ...steps(6))).toMatchObject({ code: 0, stderr: '' });
  expect(await resume(...steps(8))).toMatchObject({ code: 0, stderr: '' });
  const gradients = await unrolled(cwd, 'gradients', 'moved', '--jacobians', '0', '--lags', '5');
  expect(gradients).toMatchObject({ code: 0, stderr: '' });
  expect(gradients.stdout).toContain(file('place/new.txt'));
});

test('the file of an option may move', async () => {
  const words = ['one\tein', 'two\tzwei', 'three\tdrei', 'four\tvier'];
  for (const name of ['train.tsv', 'valid.tsv']) writeFileSync(file(name), `${words.join('\n')}\n`.repeat(3));
  const sizes = ['--hidden', '8', '--embedding', '4', '--threads', '1', '--steps', '3', '--out', 'labels'];
  const trained = await unrolled(
    cwd,
    'classify',
    'train',
    'train.tsv',
    '--validation',
    'valid.tsv',
    '--label-column',
    '1',
    ...sizes,
  );
  expect(trained).toMatchObject({ code: 0 });
  renameSync(file('valid.tsv'), file('moved.tsv'));
  const resume = (...args: string[]) =>
    unrolled(cwd, 'classify', 'train', '--resume', 'labels', '--steps', '5', ...args);
  expectComplaint(await resume(), 1, 'valid.tsv is not there', 'classify train --resume labels --validation FILE');
  expectComplaint(await resume('--validation', 'text.txt'), 1, 'text.txt is not the file this run was trained on');
  expect(await resume('--validation', 'moved.tsv')).toMatchObject({ code: 0 });
});
