import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { openDevice, Random } from 'unrolled';
import { decodeSafetensors } from 'unrolled/io';
import { type CellSource, type DefinedCell, defineCell, initialiseParameters, Recurrent } from 'unrolled/nn';
import {
  cellArchitecture,
  cellEquations,
  cellFile,
  cellSpace,
  nasArchitecture,
  randomChoices,
  treeCell,
} from 'unrolled/search';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { searchCommand } from '../src/commands/search.ts';
import { encodePng } from '../src/output/png.ts';
import { nearestSize } from '../src/search/compare.ts';
import { text, unrolled, workplace } from './command.ts';
import { picture } from './image-fixtures.ts';
import { printedBy } from './in-process.ts';

const { path: cwd, file } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);
const search = (...args: string[]): Promise<string> => printedBy(searchCommand(), ...args);
const read = (name: string): string => readFileSync(at(name), 'utf8');
const events = (printed: string) =>
  printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const device = await openDevice('reference');

/** What a cell computes with the parameters of a seed. */
function computed(cell: CellSource): number[] {
  const layer = new Recurrent({ cell, hidden: 3 });
  initialiseParameters(layer, [-1, -1, 2], device, 1);
  return [...layer.run(device.tensor([0.5, -1, 2, 0.3, -0.2, 1], [3, 1, 2])).outputs.data()];
}

/** The cell of a file's text. */
function cellIn(content: string): DefinedCell {
  const body = stripTypeScriptTypes(content)
    .replace("import { defineCell } from 'unrolled/nn';", '')
    .replace('export default', 'return');
  return new Function('defineCell', body)(defineCell);
}

test('a cell as a file computes what the tree computes', () => {
  for (let seed = 0; seed < 12; seed++) {
    const space = cellSpace([2, 4, 8][seed % 3]);
    const architecture = cellArchitecture(space, randomChoices(space, new Random(seed)));
    const cell = cellIn(cellFile(architecture, { name: 'it', about: 'A test.' }));
    expect(computed(cell)).toEqual(computed(treeCell(architecture)));
  }
});

test('the example is the published cell', () => {
  const example = readFileSync(new URL('../../../examples/cells/nas-cell.ts', import.meta.url), 'utf8');
  expect(computed(cellIn(example))).toEqual(computed('nas'));
  expect(example).toContain(cellEquations(nasArchitecture).join('\n *     '));
});

describe('search cell', () => {
  const tiny = ['--base', '2', '--hidden', '6', '--embedding', '4', '--batch', '4', '--seq', '8', '--steps', '6'];
  const options = [...tiny, '--round', '4'];
  const run = (...args: string[]) => search('cell', at('text.txt'), ...options, ...args);

  test('writes what it finds, whatever the number of workers, and resumes with the same bits', async () => {
    const printed = events(await run('--out', at('one'), '--candidates', '12', '--workers', '1', '--json'));
    expect(printed.map(({ type }) => type).filter((type) => type !== 'candidate')).toEqual([
      ...['start', 'round', 'checkpoint', 'round', 'checkpoint', 'round', 'checkpoint', 'done'],
    ]);
    const done = printed.at(-1);
    const rewards = printed.flatMap(({ type, reward }) => (type === 'candidate' ? [reward] : []));
    expect(done).toMatchObject({ reason: 'finished', evaluated: 12 });
    expect(done.leaderboard[0].reward).toBe(Math.max(...rewards));
    expect(done.leaderboard[0].reward).toBeCloseTo(
      1 - done.leaderboard[0].measures.loss / Math.log(new Set(text).size),
      12,
    );
    expect(JSON.parse(read('one/leaderboard.json')).leaderboard).toHaveLength(12);
    expect(read('one/choices.svg')).toContain('a0 combine');
    expect(read('one/rewards.svg')).toContain('best so far');
    expect(read('one/found.svg')).toContain('c (t−1)');
    const found = cellArchitecture(cellSpace(2), done.leaderboard[0].choices);
    expect(JSON.parse(read('one/found.json'))).toEqual(found);
    expect(computed(cellIn(read('one/found.ts')))).toEqual(computed(treeCell(found)));

    await run('--out', at('two'), '--candidates', '8', '--workers', '2');
    const resumed = await search('cell', '--resume', at('two'), '--candidates', '12', '--workers', '1');
    expect(resumed).toContain(`Resuming ${at('two')} after round 2`);
    expect(resumed).toMatch(/Finished after 12 candidates/);
    const [one, two] = ['one', 'two'].map((name) =>
      decodeSafetensors(readFileSync(at(`${name}/checkpoints/latest.safetensors`))),
    );
    expect(two.tensors).toEqual(one.tensors);
    expect(two.metadata.task).toBe(one.metadata.task);
    const before = read('two/leaderboard.json');
    await search('cell', '--resume', at('two'), '--candidates', '5');
    expect(read('two/leaderboard.json')).toBe(before);
    const report = await search('report', at('one'), at('two'), '--plot', at('both.svg'));
    expect(report).toMatch(/one +controller +1 +12 /);
    expect(read('both.svg')).toContain('two: best so far');

    await run('--out', at('other'), '--candidates', '12', '--workers', '1', '--seed', '2');
    await search('report', at('one'), at('other'), '--plot', at('seeds.svg'));
    expect(read('seeds.svg')).toContain('class="band');
    expect(read('seeds.svg')).toContain('>mean of a round<');
  });

  test('with shared weights trains the best alone at the end', async () => {
    const shared = ['--share', '--shared-steps', '3', '--finalists', '2', '--candidates', '8', '--workers', '1'];
    const printed = await run(...shared, '--out', at('shared'));
    expect(printed).toContain('Training the 2 best candidates alone');
    expect(JSON.parse(read('shared/leaderboard.json')).leaderboard).toHaveLength(2);
    await expect(run('--share', '--method', 'random', '--out', at('no'))).rejects.toThrow('leave out --method random');
  });

  test('refuses what cannot be resumed, and texts that are too short', async () => {
    await expect(run('--out', at('one'))).rejects.toThrow('there is a run here');
    await expect(search('cell', '--resume', at('one'), '--hidden', '9')).rejects.toThrow(
      '--hidden 9: this search was started with 6, which cannot be changed',
    );
    file('other.txt', `${text}!`);
    await expect(search('cell', at('other.txt'), '--resume', at('one'))).rejects.toThrow(
      'other.txt is not the file this search began with',
    );
    await expect(search('block', '--resume', at('one'))).rejects.toThrow('this is a search for a cell');
    file('short.txt', 'ab ab');
    await expect(search('cell', at('short.txt'))).rejects.toThrow('5 characters are too few for batches of 16');
    await expect(search('cell')).rejects.toThrow('no text given');
  });

  test('compares a found cell with others on a text that the search has not seen', async () => {
    file('third.txt', text.split(' ').reverse().join(' '));
    const sizes = ['--hidden', '6', '--embedding', '4', '--batch', '4', '--seq', '8', '--steps', '8', '--seeds', '2'];
    const args = [at('third.txt'), ...sizes, '--lr', '0.01', '--lr', '1e-6', '--workers', '1'];
    // In a process of its own, where cell files import the library from anywhere.
    const plot = ['--plot', at('c.svg')];
    const ended = await unrolled(cwd, 'search', 'compare', at('one'), ...args, '--cell', 'lstm', '--json', ...plot);
    expect(ended).toMatchObject({ stderr: '', code: 0 });
    const printed = events(ended.stdout);
    expect(printed).toHaveLength(2 * 2 * 2 + 1);
    // What is not chosen says nothing of the test.
    expect(printed.slice(0, -1).every((event) => event.loss > 0 && !('testLoss' in event))).toBe(true);
    const { cells } = printed.at(-1);
    expect(cells.map(({ name }: { name: string }) => name).sort()).toEqual(['found', 'lstm']);
    for (const { learningRate, test: losses } of cells) expect([learningRate, losses.length]).toEqual([0.01, 2]);
    const [a, b] = cells.map(({ parameters }: { parameters: number }) => parameters);
    expect(Math.abs(a - b) / a).toBeLessThan(0.15);
    expect(read('c.svg')).toContain('test loss, nats per character');
    await expect(search('compare', at('one'), at('text.txt'))).rejects.toThrow('the cell was found on this text');
    // Equal time: each training makes as many updates as it can.
    const untimed = args.filter((one, i) => one !== '--steps' && args[i - 1] !== '--steps');
    const timed = ['--seconds', '0.5', '--cell', 'lstm', '--plot', at('timed.svg')];
    const equal = await unrolled(cwd, 'search', 'compare', at('one'), ...untimed, ...timed);
    expect(equal.code).toBe(0);
    expect(equal.stdout).toMatch(/validation +updates +seconds/);
    expect(read('timed.svg')).toContain('at equal parameters and equal time');
  });
});

test('the nearest size is nearest from above and below', () => {
  for (const [budget, expected] of [
    [1, 1],
    [35, 6],
    [43, 7],
    [49, 7],
    [1e6, 1000],
  ]) {
    expect(nearestSize((H) => H * H, budget)).toBe(expected);
  }
});

describe('search block', () => {
  beforeAll(() => {
    for (const label of ['a', 'b']) {
      mkdirSync(at(`pictures/${label}`), { recursive: true });
      for (let i = 0; i < 12; i++) {
        const image = picture(8, 8 + (i % 3));
        if (label === 'a') image.data.fill(10 * i);
        writeFileSync(at(`pictures/${label}/${i}.png`), encodePng(image));
      }
    }
  });

  test('refuses images of which none would be held out', async () => {
    for (const label of ['a', 'b']) {
      mkdirSync(at(`pair/${label}`), { recursive: true });
      writeFileSync(at(`pair/${label}/1.png`), encodePng(picture(8, 8)));
    }
    await expect(search('block', at('pair'), '--out', at('none'))).rejects.toThrow('too few to hold out 15% of them');
  });

  const options = ['--nodes', '1', '--channels', '2', '--batch', '4', '--steps', '2', '--round', '4', '--workers', '1'];

  test('writes the network of the best block', async () => {
    const printed = await search(
      'block',
      at('pictures'),
      ...options,
      '--candidates',
      '4',
      '--out',
      at('block'),
      '--json',
    );
    const { leaderboard } = events(printed).at(-1);
    const rewards = leaderboard.map(({ reward }: { reward: number }) => reward);
    expect(rewards).toEqual(rewards.toSorted((a: number, b: number) => b - a));
    for (const { reward, measures } of leaderboard) expect(reward).toBeLessThan(measures.accuracy);
    expect(JSON.parse(read('block/network.json'))).toMatchObject({ layer: 'sequential' });
    expect(read('block/found.svg')).toContain('input');
  });

  test('compares blocks by the images of a folder val', async () => {
    for (const label of ['a', 'b']) {
      cpSync(at(`pictures/${label}`), at(`parts/train/${label}`), { recursive: true });
      mkdirSync(at(`parts/val/${label}`), { recursive: true });
    }
    for (const name of ['a/0.png', 'a/1.png', 'a/2.png', 'b/0.png', 'b/1.png'])
      cpSync(at(`pictures/${name}`), at(`parts/val/${name}`));
    const printed = await search(
      'block',
      at('parts'),
      ...options,
      '--candidates',
      '4',
      '--out',
      at('parts-run'),
      '--json',
    );
    for (const { measures } of events(printed).at(-1).leaderboard) {
      expect(5 * measures.accuracy).toBeCloseTo(Math.round(5 * measures.accuracy));
    }
  });
});
