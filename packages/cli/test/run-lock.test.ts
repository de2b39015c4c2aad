import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { RunLock } from '../src/run/lock.ts';
import { workplace } from './command.ts';

const { file } = workplace(afterAll);
const path = file('run.lock');
const times = { beat: 20, patience: 200 };
const held: RunLock[] = [];

function newLock(): RunLock {
  const lock = new RunLock(path, times);
  held.push(lock);
  return lock;
}

afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
  rmSync(path, { force: true });
  vi.restoreAllMocks();
});

/** What this process writes, and what is different in another one's. */
function ownerOf(different: object): object {
  const lock = newLock();
  lock.take();
  const owner = JSON.parse(readFileSync(path, 'utf8'));
  lock.release();
  return { ...owner, token: 'another', ...different };
}

const written = (owner: unknown): void => writeFileSync(path, JSON.stringify(owner));

describe('a lock', () => {
  test('is held by one process at a time, and removed afterwards', () => {
    const [first, second] = [newLock(), newLock()];
    first.take();
    expect(() => second.take()).toThrow(`${path}: process ${process.pid} is training here`);
    first.release();
    expect(existsSync(path)).toBe(false);
    second.take();
    first.release();
    expect(existsSync(path)).toBe(true);
  });

  test('of a process that ended is abandoned, and so is one whose number another process has now', () => {
    const lock = newLock();
    const ended = spawn(process.execPath, ['--version']);
    return new Promise<void>((resolve) => ended.on('close', () => resolve())).then(() => {
      written(ownerOf({ pid: ended.pid }));
      expect(() => lock.take()).not.toThrow();
      lock.release();
      // This process lives, but it started at another time.
      written(ownerOf({ started: 'boot/1' }));
      expect(() => lock.take()).not.toThrow();
    });
  });

  test('of another machine or container is watched: abandoned unless it shows life', () => {
    const hint = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const other of [{ host: 'elsewhere' }, { space: 'pid:[1]' }]) {
      written(ownerOf(other));
      const lock = newLock();
      expect(() => lock.take()).not.toThrow();
      lock.release();
    }
    expect(hint).toHaveBeenCalledTimes(2);

    written(ownerOf({ host: 'elsewhere', pid: 17 }));
    const toucher = `const { utimesSync } = require('fs'); setInterval(() => utimesSync(${JSON.stringify(path)}, new Date(), new Date()), 20)`;
    const other = spawn(process.execPath, ['-e', toucher]);
    const patient = new RunLock(path, { beat: 20, patience: 20_000 });
    expect(() => patient.take()).toThrow('process 17 on elsewhere is training here');
    other.kill();
  });

  test('of an earlier version (a number) or damaged does not block', () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const content of [String(process.pid), '1', 'x', '{"pid":1}', '']) {
      writeFileSync(path, content);
      const lock = newLock();
      expect(() => lock.take(), content).not.toThrow();
      lock.release();
    }
  });

  test('shows life, and notices that it was taken over', async () => {
    const other = ownerOf({ pid: 99 });
    const lock = newLock();
    lock.take();
    const old = new Date(Date.now() - 60_000);
    utimesSync(path, old, old);
    await expect.poll(() => statSync(path).mtimeMs).toBeGreaterThan(old.getTime() + 30_000);
    expect(() => lock.check()).not.toThrow();
    written(other);
    expect(() => lock.check()).toThrow('process 99 has taken this run over');
    lock.release();
    expect(existsSync(path)).toBe(true);
  });
});
