import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, small, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd } = workplace(afterAll);
const train = (cell: string, out: string, ...more: string[]) =>
  unrolled(cwd, 'train', 'text.txt', '--cell', cell, '--out', out, ...small, '--schedule', 'constant', ...more);

describe('--cell with options', () => {
  test('trains a cell with options, resumes it bit for bit, and samples from it', async () => {
    const cell = 'lstm:peephole,projection=5,forgetBias=2';
    const [whole, part] = await Promise.all([
      train(cell, 'whole', '--steps', '12'),
      train(cell, 'part', '--steps', '8'),
    ]);
    for (const ended of [whole, part]) expect(ended).toMatchObject({ code: 0, stderr: '' });
    const tensors = tensorsOf(join(cwd, 'whole'));
    expect(tensors['lstm.weight_hh_l0'].shape).toEqual([64, 5]);
    expect(Object.keys(tensors)).toContain('lstm.weight_ci_l0');
    const config = JSON.parse(readFileSync(join(cwd, 'whole', 'config.json'), 'utf8'));
    expect(config.options.cell).toBe(cell);

    const resumed = await unrolled(cwd, 'train', '--resume', 'part', '--steps', '12');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'part'))).toEqual(tensors);
    const sampled = await unrolled(cwd, 'sample', 'whole', '--prompt', 'she', '--length', '10');
    expect(sampled).toMatchObject({ code: 0, stderr: '' });
  });

  test('takes the place of those a task of the lab has for the cell', async () => {
    const said = ['--length', '5', '--steps', '2', '--json', '--threads', '1'];
    const settings = async (cell: string) => {
      const { stdout } = await unrolled(cwd, 'lab', 'copying', '--cell', cell, ...said);
      return JSON.parse(stdout.trimEnd().split('\n').at(-1)!).cells[0].settings.cell;
    };
    expect(await settings('lstm')).toMatchObject({ cell: 'lstm', forgetBias: 3 });
    expect(await settings('lstm:chrono=25')).toEqual({ cell: 'lstm', hidden: 128, chrono: 25 });
  });

  test.each([
    ['lstm:peephol', ["lstm': unknown option 'peephol'", "did you mean 'peephole'?"]],
    ['lstm:forgetBias=much', ['forgetBias must be a finite number', 'much']],
    ['gru:reset=never', ["'after' or 'before'"]],
    ['mut1:depth=3', ['mut1', "unknown option 'depth'"]],
    ['lstm:forgetBias=1,chrono=9', ['leave one of them out']],
    ['lstm:bias=false,chrono=9', ['without biases', 'leave bias: false out']],
    ['gru:chrono=2', ['gru', 'from 3, received 2']],
    ['lstm:', ['lstm:peephole,forgetBias=3']],
    ['lstm:a=b=c', ['lstm:peephole,forgetBias=3']],
    ['lstm:peephole:bias', ['lstm:peephole,forgetBias=3']],
  ])('%s is refused', async (cell, words) => {
    expectComplaint(await train(cell, 'none'), 2, ...words);
  });
});
