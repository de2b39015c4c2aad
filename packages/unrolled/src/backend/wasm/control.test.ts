import { expect, test } from 'vitest';
import { Control, type Patience } from './control.ts';
import { jobs } from './jobs/index.ts';
import { alone, startOf } from './jobs/job.ts';

const patience = (ms: number, allAlive = () => true): Patience => ({ ms: () => ms, allAlive, waited: () => {} });

test('what a job is given arrives at the other side, for the job with the most to give', () => {
  const here = new Control();
  const there = new Control(here.buffer);
  for (const [number, job] of jobs.entries()) {
    const parameters = Object.fromEntries(job.parameters.map((name, i) => [name, 2 ** 32 - 1.5 * i]));
    const before = there.generation;
    here.start(number, job, parameters, 1);
    expect(there.nextJob(before)).toBe(number);
    expect(there.parametersOf(job)).toEqual(parameters);
    there.done();
    expect(here.waitForAll(patience(1000))).toBe(true);
  }
  here.quit();
  expect(there.nextJob(there.generation - 1)).toBeUndefined();
});

test('a failure is told with its first reason, and whoever waits at a barrier is freed', () => {
  const here = new Control();
  const there = new Control(here.buffer);
  here.start(0, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 1);
  there.fail('unreachable executed');
  there.fail('something that came of it');
  expect(here.hasFailed).toBe(true);
  expect(here.failure).toBe('unreachable executed');
  expect(() => here.share(0, 2).barrier()).toThrow();
});

test('who waits at a barrier for a part that never comes gives up', () => {
  const control = new Control();
  control.start(0, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 1);
  expect(() => control.share(0, 2, patience(30)).barrier()).toThrow();
  expect(control.failure).toContain('barrier');
});

test('who waits for a part that has died gives up at once, with any patience', () => {
  const control = new Control();
  control.start(0, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 1);
  const begin = performance.now();
  expect(control.waitForAll(patience(1e9, () => false))).toBe(false);
  expect(() =>
    control
      .share(
        0,
        2,
        patience(1e9, () => false),
      )
      .barrier(),
  ).toThrow();
  expect(control.failure).toBe('a worker ended');
  expect(performance.now() - begin).toBeLessThan(5000);
});

test('parts cover everything once, in order, in runs of the grain', () => {
  for (const n of [0, 1, 5, 16, 17, 100, 1003]) {
    for (const parts of [1, 2, 3, 7]) {
      for (const grain of [1, 8, 16]) {
        const starts = Array.from({ length: parts + 1 }, (_, part) => startOf(n, part, parts, grain));
        expect([starts[0], starts[parts]]).toEqual([0, n]);
        for (let part = 0; part < parts; part++) {
          expect(starts[part]).toBeLessThanOrEqual(starts[part + 1]);
          expect(starts[part] % grain === 0 || starts[part] === n).toBe(true);
        }
      }
    }
  }
  expect(alone).toMatchObject({ part: 0, parts: 1 });
});
