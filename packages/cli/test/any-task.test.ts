import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mapExamples } from 'unrolled/data';
import { initialiseParameters, Linear, squaredErrorLoss } from 'unrolled/nn';
import { SupervisedTraining } from 'unrolled/train';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { trainCommand } from '../src/commands/train.ts';
import { type BinaryFiles, binaryFiles } from '../src/input/source-files.ts';
import { type TrainOptions, trainDefaults } from '../src/options/train.ts';
import { exampleUnits } from '../src/run/events.ts';
import { withDefaults } from '../src/run/options.ts';
import type { Trainable } from '../src/run/trainable.ts';
import { readEvents, tensorsOf, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** From files of four bytes: predicts the last from the first three. No text, no cell. */
const bytes: Trainable<TrainOptions, BinaryFiles> = {
  task: 'bytes',
  command: 'bytes train',
  description: 'predict a byte',
  argument: 'files of four bytes',
  missing: 'no files given',
  help: '',
  defaults: trainDefaults,
  optional: {},
  fileOptions: [],
  options: () => [],
  end: { epochs: 1, steps: 10 },
  interval: () => 5,
  read: (paths) => binaryFiles(paths, (path) => path.endsWith('.bin')),
  prepare({ main }, said) {
    const options = withDefaults(bytes, said);
    const { batch, seed } = options;
    return {
      options,
      about: [`${main.length} files`],
      model: {},
      files: {},
      units: exampleUnits,
      itemsPerStep: batch,
      next: () => 'done',
      begin(device) {
        const layer = new Linear({ units: 1 });
        const parameters = initialiseParameters(layer, [-1, 3], device, seed);
        const numbers = mapExamples(main, (all) => Array.from(all, (byte) => byte / 255));
        const model = {
          parameters,
          describe: () => ({ task: 'bytes' }),
          loss(examples: readonly number[][]) {
            const B = examples.length;
            const input = device.tensor(
              examples.flatMap((four) => four.slice(0, 3)),
              [B, 3],
            );
            const target = device.tensor(
              examples.map((four) => four[3]),
              [B, 1],
            );
            return squaredErrorLoss(layer.apply(input), target);
          },
        };
        return new SupervisedTraining(model, numbers, { batch, seed });
      },
    };
  },
};

const folder = join(cwd, 'data');
mkdirSync(join(folder, 'more'), { recursive: true });
for (let i = 0; i < 40; i++) {
  file(`data/${i % 2 ? 'more/' : ''}${i}.bin`, Uint8Array.of(i, 7 * i, 255 - i, (3 * i) % 256));
}
file('data/notes.txt', 'not one of them');

const train = async (...args: string[]): Promise<string> => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await trainCommand(bytes)
      .exitOverride()
      .parseAsync(['--threads', '1', ...args], { from: 'user' });
    return written.mock.calls.join('');
  } finally {
    written.mockRestore();
  }
};
const run = (name: string): string => join(cwd, name);

describe('a task without cells and without texts', () => {
  beforeEach(() => {
    process.exitCode = undefined;
  });

  test('trains on files of bytes, which config.json names with their hashes', async () => {
    expect(await train(folder, '--out', run('whole'), '--batch', '4')).toContain('40 files');
    const config = JSON.parse(readFileSync(join(run('whole'), 'config.json'), 'utf8'));
    expect(config).toMatchObject({ task: 'bytes', options: { batch: 4, optimizer: 'adam', seed: 1 } });
    expect(Object.keys(config.options)).not.toContain('cell');
    expect(config.files).toHaveLength(40);
    expect(config.files[0]).toEqual({
      path: join(folder, '0.bin'),
      bytes: 4,
      sha256: expect.stringMatching(/^\w{64}$/),
    });
    expect(readEvents(run('whole')).at(-1)).toMatchObject({ type: 'done', step: 10 });
  });

  test('has no option for a cell', async () => {
    const complaint = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    await expect(train(folder, '--cell', 'gru')).rejects.toThrow(/unknown option '--cell'/);
    complaint.mockRestore();
  });

  test('resumes to the same bits', async () => {
    await train(folder, '--out', run('part'), '--batch', '4', '--steps', '4', '--schedule', 'constant');
    await train('--resume', run('part'), '--steps', '9');
    await train(folder, '--out', run('once'), '--batch', '4', '--steps', '9', '--schedule', 'constant');
    expect(tensorsOf(run('part'))).toEqual(tensorsOf(run('once')));
  });

  test('does not resume with a file that changed', async () => {
    await train(folder, '--out', run('other'), '--steps', '2');
    file('data/4.bin', Uint8Array.of(1, 2, 3, 4));
    await expect(train('--resume', run('other'), '--steps', '4')).rejects.toThrow(
      /4\.bin is not the file this run was/,
    );
  });

  test('names what it cannot read', async () => {
    await expect(train(run('nothing'))).rejects.toThrow(/nothing: there is no such file/);
    mkdirSync(run('empty'));
    await expect(train(run('empty'))).rejects.toThrow(/empty: no files found/);
  });
});
