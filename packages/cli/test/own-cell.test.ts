import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, small, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** A cell file whose step is `body`. */
const cellFile = (body: string): string => `import { defineCell } from 'unrolled/nn';

export default defineCell({
  name: 'my-gru',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
  step(x, { h }, { linear }) {
    ${body}
  },
});
`;
const gru = cellFile(`const z = linear('z', [x, h]).sigmoid();
    const n = linear('n', [x, h]).tanh();
    const next = h.mul(z).add(n.mul(z.mul(-1).add(1)));
    return { output: next, state: { h: next }, gates: { z, n } };`);

/** The one that the documentation shows. */
const documents = fileURLToPath(new URL('../../../docs/cells.md', import.meta.url));
const [, documented] = /```ts\n(.*?)```/s.exec(readFileSync(documents, 'utf8'))!;

const train = (cell: string, out: string, ...more: string[]) =>
  unrolled(cwd, 'train', 'text.txt', '--cell', cell, '--out', out, ...small, '--schedule', 'constant', ...more);

describe('a cell of the user', () => {
  test('trains; sample, eval and --resume need only the run folder', async () => {
    file('mine.ts', documented);
    const whole = train('./mine.ts', 'whole', '--steps', '60');
    const part = await train('mine.ts', 'part', '--steps', '40');
    expect(part).toMatchObject({ code: 0, stderr: '' });
    expect(await whole).toMatchObject({ code: 0, stderr: '' });
    rmSync(file('mine.ts'));
    expect(Object.keys(tensorsOf(join(cwd, 'part')))).toContain('my-gru.weight_z_l0');

    const resumed = await unrolled(cwd, 'train', '--resume', 'part', '--steps', '60');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'part'))).toEqual(tensorsOf(join(cwd, 'whole')));

    const say = ['--prompt', 'she', '--length', '10', '--seed', '1'];
    const [run, checkpoint, evaluated] = await Promise.all([
      unrolled(cwd, 'sample', 'whole', '--checkpoint', 'latest', ...say),
      unrolled(cwd, 'sample', join('whole', 'checkpoints', 'latest.safetensors'), ...say),
      unrolled(cwd, 'eval', 'whole', 'text.txt'),
    ]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(checkpoint.stdout).toBe(run.stdout);
    expect(evaluated).toMatchObject({ code: 0, stderr: '' });
  });

  test('can be used in the lab', async () => {
    file('lab-cell.ts', gru);
    const said = ['--length', '5', '--steps', '4', '--hidden', '6', '--json', '--threads', '1'];
    const { stdout, code } = await unrolled(cwd, 'lab', 'adding', '--cell', './lab-cell.ts', ...said);
    expect(code).toBe(0);
    const table = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    expect(table.cells).toMatchObject([{ cell: './lab-cell.ts', seeds: [{ step: 4 }] }]);
  });

  test('may be JavaScript, under a package of CommonJS', async () => {
    file('package.json', '{ "type": "commonjs" }');
    file('plain.js', gru);
    expect(await train('plain.js', 'plain', '--steps', '2')).toMatchObject({ code: 0, stderr: '' });
    rmSync(file('package.json'));
  });

  test('that is missing from its run, or changed there, is named', async () => {
    file('kept.ts', gru);
    expect((await train('kept.ts', 'kept', '--steps', '2')).code).toBe(0);
    const copy = join(cwd, 'kept', 'cell.ts');
    expect(readFileSync(copy, 'utf8')).toBe(gru);
    const other = await unrolled(cwd, 'train', '--resume', 'kept', '--cell', 'gru');
    expectComplaint(other, 2, '--cell gru', 'started with kept.ts');
    writeFileSync(copy, `${gru}\n`);
    expectComplaint(await unrolled(cwd, 'sample', 'kept'), 1, join('kept', 'cell.ts'), 'it was changed');
    rmSync(copy);
    for (const command of [
      ['sample', 'kept'],
      ['train', '--resume', 'kept', '--steps', '4'],
    ]) {
      expectComplaint(await unrolled(cwd, ...command), 1, join('kept', 'cell.ts'), 'there is no such file');
    }
    rmSync(join(cwd, 'kept', 'config.json'));
    expectComplaint(await unrolled(cwd, 'sample', 'kept'), 1, "cell 'my-gru' is not built in");
  });

  test.concurrent.each<[string, string | null, string[]]>([
    ['is not there', null, ['there is no such file']],
    ['cannot be parsed', cellFile('return {'), ['parsed.ts:9']],
    ['has TypeScript that is more than types', `enum A { b }\n${gru}`, ['types.ts:1', 'enum']],
    ['fails when it is read', `${gru}nothing();\n`, ['read.ts:13', 'nothing is not defined']],
    ['imports another file', `import './other.ts';\n${gru}`, ["it imports './other.ts'", 'a cell must be one file']],
    ['has no cell', 'export default 3;', ['does not export a cell', 'export default defineCell']],
    ['has a name that is taken', gru.replace('my-gru', 'gru'), ["'gru' is the name of a built-in cell"]],
    [
      'has a mistake in its step',
      cellFile('return { output: h.nope(), state: { h } };'),
      ['step.ts:7', "cell 'my-gru'", 'h.nope'],
    ],
    ['loses its state', cellFile('return { output: h, state: {} };'), ["cell 'my-gru'", "state part 'h' is missing"]],
    ['mixes shapes', cellFile('return { output: h.mul(x), state: { h } };'), ['shapes.ts:7', 'mul: shapes']],
    [
      'becomes NaN',
      cellFile("const n = linear('n', h).add(-1).log();\n    return { output: n, state: { h: n } };"),
      ['the loss became NaN at step 1', "cell 'my-gru', layer 0, step 0: state part 'h' is NaN"],
    ],
  ])('that %s is one line', async (what, content, words) => {
    const name = `${what.split(' ').at(-1)}.ts`;
    if (content !== null) file(name, content);
    expectComplaint(await train(name, `not-${name}`, '--steps', '3'), 1, name.replace('.ts', ''), ...words);
  });
});
