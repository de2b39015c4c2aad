import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeModel } from 'unrolled/train';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, small, tensorsOf, text, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const run = (...args: string[]) => unrolled(cwd, 'export', ...args);

beforeAll(async () => {
  const ended = await unrolled(cwd, 'train', 'text.txt', '--out', 'runs/sea', '--steps', '60', ...small);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
});

describe('unrolled export', () => {
  test('writes the model alone, which the other commands open like a run', async () => {
    const { stdout, stderr, code } = await run('runs/sea');
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toMatch(/^sea\.safetensors: [\d.]+ KiB, [\d,]+ numbers of 32 bits, after 60 updates\n$/);
    const best = join(cwd, 'runs/sea/checkpoints/best.safetensors');
    expect(statSync(file('sea.safetensors')).size).toBeLessThan(0.4 * statSync(best).size);
    for (const command of [
      ['sample', '--seed', '1'],
      ['eval', 'text.txt'],
    ]) {
      const [name, ...rest] = command;
      const [ofRun, ofFile] = await Promise.all(
        ['runs/sea', 'sea.safetensors'].map((model) => unrolled(cwd, name, model, ...rest)),
      );
      expect(ofFile).toEqual(ofRun);
    }
  });

  test('--half and --checkpoint choose what is written; a later export replaces it', async () => {
    const first = await run('runs/sea', 'public/small.safetensors', '--json');
    const { type, file: path, bytes, parameters, step, half } = JSON.parse(first.stdout);
    expect({ type, path, step, half }).toEqual({
      type: 'export',
      path: 'public/small.safetensors',
      step: 60,
      half: false,
    });
    const again = await run('runs/sea', 'public/small.safetensors', '--half', '--checkpoint', 'latest', '--json');
    const { bytes: fewer } = JSON.parse(again.stdout);
    expect(bytes - fewer).toBeGreaterThan(1.9 * parameters);
    const { parameters: kept } = decodeModel(readFileSync(file('public/small.safetensors')));
    const trained = tensorsOf(join(cwd, 'runs/sea'));
    for (const [name, { data }] of Object.entries(kept)) {
      data.forEach((number, i) => {
        expect(Math.abs(number - trained[name].data[i])).toBeLessThanOrEqual(2 ** -11 * Math.abs(number) + 2 ** -25);
      });
    }
  });

  test.each<[string, string[], string[]]>([
    ['a text', ['runs/sea', 'notes.safetensors'], ['notes.safetensors', 'refusing to overwrite']],
    [
      'a checkpoint',
      ['runs/sea', 'runs/sea/checkpoints/best.safetensors'],
      ['best.safetensors', 'refusing to overwrite'],
    ],
    ['a folder', ['runs/sea', 'runs'], ['runs', 'it is a folder']],
    [
      'what is no folder',
      ['runs/sea', 'text.txt/x.safetensors'],
      ['text.txt/x.safetensors', 'something else has that name'],
    ],
  ])('%s is not written over', async (_, args, words) => {
    writeFileSync(file('notes.safetensors'), text);
    expectComplaint(await run(...args), 1, ...words);
    for (const name of ['text.txt', 'notes.safetensors']) expect(readFileSync(file(name), 'utf8')).toBe(text);
  });

  test.each<[string, string[], string[]]>([
    ['no run', ['lost'], ['lost', 'no such run folder']],
    ['a text', ['text.txt', 'x.safetensors'], ['text.txt', 'safetensors']],
  ])('%s cannot be exported', async (_, args, words) => {
    expectComplaint(await run(...args), 1, ...words);
  });
});
