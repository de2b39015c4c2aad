import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from 'unrolled/train';
import { afterAll, describe, expect, test } from 'vitest';
import { RunFolder } from '../src/run-folder.ts';
import { expectComplaint, readEvents, small, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

function checkpoint(step: number, size = 10): Checkpoint {
  const trainer = {
    ...{ step, secondsElapsed: step, random: [1, 2, 3, 4], validationLoss: null, bestValidationLoss: null },
    sinceProgress: { loss: 0, clipped: 0, steps: 0 },
  };
  const parameters = { x: { shape: [size], data: new Float32Array(size).fill(step) } };
  return { parameters, optimizer: {}, carried: {}, trainer, task: null, model: null } as unknown as Checkpoint;
}

function newFolder(path: string): RunFolder {
  const folder = new RunFolder(path);
  folder.open();
  return folder;
}

test('what was the latest checkpoint becomes the previous one', () => {
  const folder = newFolder(join(cwd, 'run'));
  for (const step of [1, 2, 3]) folder.writeCheckpoint('latest', checkpoint(step));
  folder.writeCheckpoint('best', checkpoint(2));
  const steps = (['latest', 'previous', 'best'] as const).map((name) => folder.readCheckpoint(name).trainer.step);
  expect(steps).toEqual([3, 2, 2]);
  expect(readdirSync(join(folder.path, 'checkpoints')).sort()).toEqual([
    ...['best.safetensors', 'latest.safetensors', 'previous.safetensors'],
  ]);
});

test('checkpoints that are kept stay as they were, and go with the steps that a run does again', async () => {
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
  const disk = join(cwd, 'disk');
  mkdirSync(disk);
  const mounted = mount(disk);
  afterAll(() => {
    if (mounted) execFileSync('umount', [disk]);
  });

  // Only root may mount; as someone else this is not tested.
  test.skipIf(!mounted)('says so, keeps the latest checkpoint and leaves no temporary file', () => {
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

  test.skipIf(!mounted)('ends a run with one line; with room again, it goes on', async () => {
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

function mount(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
