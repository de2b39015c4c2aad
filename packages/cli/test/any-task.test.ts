import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DataError, type Device, type Tensor } from 'unrolled';
import { mapExamples } from 'unrolled/data';
import { initialiseParameters, Linear, type Parameters, type SavedParameters, squaredErrorLoss } from 'unrolled/nn';
import type { Task } from 'unrolled/tasks';
import { loadModel, SupervisedTraining } from 'unrolled/train';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { evalPart } from '../src/commands/eval.ts';
import { predictPart } from '../src/commands/predict.ts';
import { trainCommand, trainPart } from '../src/commands/train.ts';
import { useCommand } from '../src/commands/use.ts';
import { type BinaryFiles, binaryFiles } from '../src/input/source-files.ts';
import { type TrainOptions, trainDefaults } from '../src/options/train.ts';
import type { UseFlags } from '../src/options/use.ts';
import { exampleUnits } from '../src/run/events.ts';
import { withDefaults } from '../src/run/options.ts';
import type { Trainable } from '../src/run/trainable.ts';
import type { Evaluated, EvaluatePart, Item, PredictPart } from '../src/tasks/task-commands.ts';
import { type TextFlags, textItems, textOptions } from '../src/tasks/text-items.ts';
import { readEvents, tensorsOf, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** From three numbers to a fourth: a linear layer. */
class ByteModel {
  readonly config = {};
  readonly layer = new Linear({ units: 1 });
  readonly device: Device;
  readonly parameters: Parameters;

  constructor(device: Device, initial: number | SavedParameters) {
    this.device = device;
    this.parameters = initialiseParameters(this.layer, [-1, 3], device, initial);
  }

  describe = () => ({ task: 'bytes' });
  apply = (threes: readonly (readonly number[])[]): Tensor =>
    this.layer.apply(this.device.tensor(threes.flat(), [threes.length, 3]));
  loss = (fours: readonly (readonly number[])[]): Tensor =>
    squaredErrorLoss(
      this.apply(fours.map((four) => four.slice(0, 3))),
      this.device.tensor(
        fours.map((four) => four[3]),
        [fours.length, 1],
      ),
    );
}

const numbersOf = (bytes: Uint8Array): number[] => Array.from(bytes, (byte) => byte / 255);

interface Types {
  model: ByteModel;
  input: readonly number[];
  options: object;
  answer: number;
  data: readonly (readonly number[])[];
  evaluate: object;
  evaluation: { readonly loss: number };
  explain: never;
  explanation: never;
}

const task: Task<Types> = {
  name: 'bytes',
  open: (device, source) => loadModel(source, 'bytes', (_, parameters) => new ByteModel(device, parameters)),
  about: () => ({}),
  input(value, place) {
    if (Array.isArray(value) && value.length === 3) return value;
    throw new DataError(`${place} must be three numbers`);
  },
  options: {},
  predict: async (model, inputs) => [...(await model.device.read(() => model.apply(inputs)))],
  evaluate: async (model, data) => ({ loss: (await model.device.read(() => model.loss(data)))[0] }),
};

/** No text, no cell. */
const bytes: Trainable<TrainOptions, BinaryFiles> = {
  task: 'bytes',
  command: 'bytes train',
  inputs: 'files',
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
      begin: (device) =>
        new SupervisedTraining(new ByteModel(device, seed), mapExamples(main, numbersOf), { batch, seed }),
    };
  },
};

const predict: PredictPart<Types, UseFlags & TextFlags, Item<readonly number[]>> = {
  description: 'predict the fourth of three numbers',
  options: textOptions,
  help: '',
  items: (used, given) => textItems(used.task, given),
  begin: () => ({
    text: (_, found) => `${found?.toFixed(3) ?? ''}\n`,
    json: ({ input }, found) => ({ input, found }),
  }),
};

const evaluate: EvaluatePart<Types, UseFlags, Evaluated<Types>> = {
  description: 'evaluate on files',
  argument: { name: '<files...>', description: 'files of four bytes' },
  options: () => [],
  help: '',
  async read(_, paths) {
    const files = binaryFiles(paths, (path) => path.endsWith('.bin'));
    return { data: await Promise.all(files.files.map(async (_, i) => numbersOf(await files.read(i)))) };
  },
  report: ({ loss }) => ({ json: { loss }, text: `loss ${loss.toFixed(3)}\n` }),
};

const folder = join(cwd, 'data');
mkdirSync(join(folder, 'more'), { recursive: true });
for (let i = 0; i < 40; i++) {
  file(`data/${i % 2 ? 'more/' : ''}${i}.bin`, Uint8Array.of(i, 7 * i, 255 - i, (3 * i) % 256));
}
file('data/notes.txt', 'not one of them');

/** What a command prints on standard output. */
const printedBy = async (command: Command, ...args: string[]): Promise<string> => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await command.exitOverride().parseAsync([...args, '--threads', '1'], { from: 'user' });
    return written.mock.calls.join('');
  } finally {
    written.mockRestore();
  }
};
const train = (...args: string[]) => printedBy(trainCommand([trainPart(bytes)]), ...args);
const load = async () => task;
const run = (name: string): string => join(cwd, name);

describe('a task of one file, without cells and without texts', () => {
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

  test('predicts from JSON, and evaluates on files', async () => {
    await train(folder, '--out', run('used'), '--batch', '8', '--steps', '200', '--lr', '0.05');
    file('three.jsonl', '[0, 0, 1]\n\n[0.1, 0.7, 0.9]\n');
    const lines = ['--file', join(cwd, 'three.jsonl'), '--json-input'];
    const shown = await printedBy(useCommand([predictPart(bytes, load, predict)]), run('used'), ...lines);
    expect(shown).toMatch(/^-?\d\.\d{3}\n\n-?\d\.\d{3}\n$/);
    const json = await printedBy(useCommand([predictPart(bytes, load, predict)]), run('used'), ...lines, '--json');
    const [first, blank] = json.split('\n').map((line) => JSON.parse(line || 'null'));
    expect(first.input).toEqual([0, 0, 1]);
    expect(first.found.toFixed(3)).toBe(shown.split('\n')[0]);
    expect(blank).toEqual({ input: null, found: null });
    const found = JSON.parse(
      await printedBy(useCommand([evalPart(bytes, load, evaluate)]), run('used'), folder, '--json'),
    );
    expect(found).toMatchObject({ type: 'evaluation', task: 'bytes' });
    expect(found.loss).toBeLessThan(0.1);
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
