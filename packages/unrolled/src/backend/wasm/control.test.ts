import { expect, test } from 'vitest';
import { Control, type Patience } from './control.ts';
import { jobs } from './jobs/index.ts';
import { alone, startOf } from './jobs/job.ts';

const patience = (ms: number, allAlive = () => true): Patience => ({ ms: () => ms, allAlive, waited: () => {} });

const first = { job: 0, phase: 0 };

test('what a job is given arrives at the other side, for the job with the most to give', () => {
  const here = new Control();
  const there = new Control(here.buffer);
  for (const [number, job] of jobs.entries()) {
    const parameters = Object.fromEntries(job.parameters.map((name, i) => [name, 2 ** 32 - 1.5 * i]));
    const before = there.generation;
    here.start({ job: number, phase: 1 }, job, parameters, 1);
    expect(there.waitForWork(before)).toBe(true);
    expect(there.work).toEqual({ job: number, phase: 1 });
    expect(there.parametersOf(job)).toEqual(parameters);
    there.done();
    expect(here.waitForAll(patience(1000))).toBe(true);
  }
  here.quit();
  expect(there.waitForWork(there.generation - 1)).toBe(false);
});

test('a part is for the thread that claims it first, once for each start', () => {
  const here = new Control();
  const there = new Control(here.buffer);
  for (let start = 0; start < 3; start++) {
    here.start(first, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 2);
    const late = here.generation - 1;
    expect(there.claim(1, late)).toBe(false);
    expect([there.claim(1), here.claim(1), there.claim(1, late)]).toEqual([true, false, false]);
    expect([here.claim(2), there.claim(2)]).toEqual([true, false]);
  }
});

test('a failure is told with its first reason, and whoever waits at a barrier is freed', () => {
  const here = new Control();
  const there = new Control(here.buffer);
  here.start(first, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 1);
  there.fail('unreachable executed');
  there.fail('something that came of it');
  expect(here.hasFailed).toBe(true);
  expect(here.failure).toBe('unreachable executed');
  expect(() => here.share(0, 2).barrier()).toThrow();
});

test('who waits at a barrier for a part that never comes gives up', () => {
  const control = new Control();
  control.start(first, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 1);
  expect(() => control.share(0, 2, patience(30)).barrier()).toThrow();
  expect(control.failure).toContain('barrier');
});

test('who waits for a part that has died gives up at once, with any patience', () => {
  const control = new Control();
  control.start(first, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 1);
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
