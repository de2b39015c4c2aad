import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, small, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd } = workplace(afterAll);

describe('doctor', () => {
  test('reports each capability on one line, with the reason if it is missing', async () => {
    const { code, stdout, stderr } = await unrolled(cwd, 'doctor');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(process.version);
    for (const name of ['kernels', 'threads', 'shared memory', 'memory', 'BLAS', 'GPU']) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'));
    }
  });

  test('--json: the same for programs; a BLAS that is not there is a reason', async () => {
    const { code, stdout } = await unrolled(cwd, 'doctor', '--json', '--blas', './no-such-library.so');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ type: 'doctor', node: process.version, blas: null, gpu: null });
    expect(report.webAssembly.gflops).toBeGreaterThan(0);
    expect(report.reasons.blas).toMatch(/no-such-library|koffi/);
  });
});

describe('--blas', () => {
  test('auto is decided once: a run that was cut in two ends where one that was not does', async () => {
    const size = ['--hidden', '64', '--batch', '16', '--threads', '2', '--schedule', 'constant'];
    const train = (out: string, blas: string, steps: number) =>
      unrolled(cwd, 'train', 'text.txt', '--out', out, ...small, ...size, '--blas', blas, '--steps', `${steps}`);
    const half = await train('halves', 'auto', 30);
    expect(half).toMatchObject({ code: 0, stderr: '' });
    expect(half.stdout).toMatch(/^(BLAS|No BLAS): \S/m);
    const { blas } = JSON.parse(readFileSync(join(cwd, 'halves', 'config.json'), 'utf8')).options;
    expect(blas).not.toBe('auto');
    expect(await train('whole', blas, 60)).toMatchObject({ code: 0 });
    const rest = await unrolled(cwd, 'train', '--resume', 'halves', '--steps', '60', '--threads', '2');
    expect(rest).toMatchObject({ code: 0 });
    const [halves, whole] = [tensorsOf(join(cwd, 'halves')), tensorsOf(join(cwd, 'whole'))];
    // Some BLAS libraries do not give the same bits twice.
    if (blas === 'off') expect(halves).toEqual(whole);
    for (const [name, { data }] of Object.entries(whole))
      for (const [i, value] of data.entries()) expect(halves[name].data[i]).toBeCloseTo(value, 3);
  });

  test('a path that is no BLAS is one line on standard error', async () => {
    const ended = await unrolled(cwd, 'train', 'text.txt', '--out', 'none', ...small, '--blas', './no-such-library.so');
    expectComplaint(ended, 1, 'blas');
  });
});
