import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, start, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const lab = (...args: string[]) => unrolled(cwd, 'lab', ...args, '--threads', '1');
const small = ['--hidden', '8', '--batch', '8'];

/** An IDX file of bytes. */
function idx(shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  shape.forEach((extent, axis) => {
    header.setUint32(4 + 4 * axis, extent);
  });
  return Uint8Array.from([...new Uint8Array(header.buffer), ...bytes]);
}

/** Images of 4 × 4 pixels in which the row of the label's last two bits is lit. */
function digits(folder: string, files: Record<string, number>): void {
  mkdirSync(file(folder));
  for (const [name, count] of Object.entries(files)) {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 4);
    const images = Uint8Array.from({ length: 16 * count }, (_, i) => ((i >> 2) % 4 === labels[i >> 4] ? 255 : 0));
    writeFileSync(join(file(folder), `${name}-images-idx3-ubyte.gz`), gzipSync(idx([count, 4, 4], images)));
    writeFileSync(join(file(folder), `${name}-labels-idx1-ubyte`), idx([count], labels));
  }
}

describe('unrolled lab', () => {
  test('without a task lists the tasks with their chance levels', async () => {
    const { stdout, code } = await unrolled(cwd, 'lab');
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n').slice(2);
    expect(lines).toHaveLength(10);
    for (const line of lines) expect(line).toMatch(/^ {2}[a-z0-9-]+ {2,}.*\(chance: .*\)$/);
  });

  test('prints a line per seed, a table and the chance level', async () => {
    const { stdout, stderr, code } = await lab('parity', '--cell', 'rnn', '--length', '5', '--seeds', '2', ...small);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toMatch(
      /^parity, length 5; chance: share of sequences right 0\.5\nrnn, 8 hidden units; adam 0.002, clip 1, batch 8, at most 5,000 steps\n/,
    );
    for (const seed of [1, 2]) expect(stdout).toMatch(new RegExp(`^seed ${seed}  .*; share of sequences right `, 'm'));
    expect(stdout).toMatch(/^seed +share of sequences right +end +steps +seconds +solved at step +at second$/m);
    expect(stdout).toMatch(/median .*, worst .*, best .*; chance 0\.5; solved \d of 2/);
  });

  test('--json prints only events, the table last; --out writes the table', async () => {
    const args = [
      'adding',
      '--cell',
      'gru',
      '--length',
      '4',
      '--seeds',
      '2',
      '--steps',
      '20',
      '--validate-every',
      '10',
    ];
    const { stdout, code } = await lab(...args, '--json', '--out', 'results.json', ...small);
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const one = ['start', 'progress', 'validation', 'progress', 'validation', 'result'];
    expect(events.map(({ type }) => type)).toEqual([...one, ...one, 'table']);
    expect(events.slice(0, -1).map(({ seed }) => seed)).toEqual([...Array(6).fill(1), ...Array(6).fill(2)]);
    const { type: _, ...table } = events.at(-1);
    expect(table).toMatchObject({ task: 'adding', options: { length: 4 }, data: null });
    const [gru] = table.cells;
    expect(gru).toMatchObject({ cell: 'gru', settings: { hidden: 8, steps: 20 } });
    expect(table.metric.chance).toBeCloseTo(1 / 6, 12);
    const values = gru.seeds.map(({ metric }: { metric: number }) => metric);
    const { median, worst, best } = gru.summary;
    expect([best, worst]).toEqual([Math.min(...values), Math.max(...values)]);
    expect(median).toBeCloseTo((values[0] + values[1]) / 2, 12);
    expect(JSON.parse(readFileSync(file('results.json'), 'utf8'))).toEqual(table);
    expectComplaint(await lab(...args, '--out', 'results.json'), 1, 'results.json', 'exists', '--out');
  });

  test('several cells are compared, and their ways drawn', async () => {
    const cells = ['--cell', 'gru', '--cell', 'lstm:chrono=9', '--seeds', '2'];
    const end = ['--steps', '20', '--validate-every', '10', '--plot', 'curves.svg'];
    const { stdout, stderr, code } = await lab(
      'parity',
      '--length',
      '4',
      '--test-length',
      '6',
      ...cells,
      ...end,
      ...small,
    );
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toMatch(/^parity, length 4, test length 6; chance/);
    for (const cell of ['gru', 'lstm:chrono=9']) {
      expect(stdout).toContain(`\n${cell}, 8 hidden units; adam`);
      expect(stdout.match(new RegExp(`^${cell} +[12] +[\\d.]+ +finished +20`, 'gm'))).toHaveLength(2);
      expect(stdout).toMatch(new RegExp(`^${cell} +[\\d.]+ +[\\d.]+ +[\\d.]+ +0 of 2`, 'm'));
    }
    const picture = readFileSync(file('curves.svg'), 'utf8');
    for (const word of [
      'parity, length 4, test length 6',
      'gru',
      'lstm:chrono=9',
      'chance',
      'npx unrolled lab parity',
    ]) {
      expect(picture).toContain(word);
    }
    // Both cells and chance, and each in the legend.
    expect(picture.match(/<path class="line /g)).toHaveLength(6);
    expect(picture.match(/<path class="band /g)).toHaveLength(2);
    expectComplaint(await lab('parity', '--plot', 'nowhere/x.svg', ...small), 1, 'nowhere/x.svg', 'no such');
  });

  test('a Transformer takes the place of cells', async () => {
    const size = ['--hidden', '8', '--layers', '1', '--heads', '2', '--batch', '8', '--steps', '5'];
    const { stdout, code } = await lab(
      'parity',
      '--length',
      '4',
      '--test-length',
      '6',
      '--model',
      'transformer',
      ...size,
    );
    expect(code).toBe(0);
    expect(stdout).toContain('\ntransformer, 1 block of 2 heads, 8 wide; adam 0.001');
    expect(stdout).toMatch(/^seed 1 {2}finished at step 5/m);
  });

  test('the same seed gives the same result, alone or among others', async () => {
    const metrics = async (...seeds: string[]): Promise<number[]> => {
      const { stdout } = await lab('reber', '--steps', '20', '--json', ...small, ...seeds);
      const table = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
      return table.cells[0].seeds.map(({ loss }: { loss: number }) => loss);
    };
    const all = await metrics('--seeds', '2');
    expect(await metrics('--seed', '2')).toEqual([all[1]]);
    expect(all[0]).not.toBe(all[1]);
  });

  test('digits come from IDX files, compressed or not, and results say how many there were', async () => {
    digits('digits', { train: 1000, t10k: 50 });
    // With options of its own a cell has none of those that 784 steps need.
    const args = ['--steps', '60', '--hidden', '16', '--batch', '20', '--lr', '0.01', '--dropout', '0'];
    const { stdout, code } = await lab('digits', '--data', 'digits', '--rows', ...args, '--cell', 'gru:bias', '--json');
    expect(code).toBe(0);
    const table = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    expect(table).toMatchObject({ data: '1k-train', options: { rows: true } });
    expect(table.cells[0].summary.best).toBe(1);
  });

  test('music comes from a JSON file of notes', async () => {
    const piece = Array.from({ length: 12 }, (_, t) => [60 + (t % 3), 72]);
    file('music.json', JSON.stringify({ train: Array(20).fill(piece), valid: [piece], test: [piece] }));
    const size = ['--hidden', '32', '--dropout', '0', '--batch', '8'];
    const { stdout, code } = await lab(
      'music',
      '--data',
      'music.json',
      '--steps',
      '300',
      '--lr',
      '0.01',
      '--json',
      ...size,
    );
    expect(code).toBe(0);
    const { metric, cells } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
    expect(cells[0].summary.best).toBeLessThan(0.5 * metric.chance);
  });

  test('Ctrl-C prints the table of finished seeds', async () => {
    // Whatever comes reaches this bar, so a seed ends with its third validation.
    const end = ['--until-solved', '--bar', '1e9', '--validate-every', '500'];
    const running = start(cwd, ['lab', 'adding', '--length', '4', '--seeds', '2', ...end, '--threads', '1', ...small]);
    await running.printed('seed 1  solved');
    running.process.kill('SIGINT');
    const { stdout, stderr, code } = await running.ended;
    expect({ stderr, code }).toEqual({ stderr: '', code: 130 });
    expect(stdout).toContain('Stopping after this step');
    expect(stdout).toMatch(/seed 2 {2}aborted at step/);
    expect(stdout).toMatch(/solved 1 of 1/);
  });
});

describe('options of lab that cannot work', () => {
  beforeAll(() => {
    file('music-2.json', JSON.stringify({ train: [[[60], [60]]], valid: [[[60], [60]]], test: [[[60], [60]]] }));
  });

  test.concurrent.each<[string, string[], string[]]>([
    ['an unknown task', ['addng'], ['addng', 'adding', 'copying']],
    ['an unknown cell', ['adding', '--cell', 'lsmt'], ['lsmt', 'lstm', 'gru']],
    ['an option of another task', ['adding', '--rows'], ['adding takes no --rows', '--length']],
    ['a length too short', ['adding', '--length', '1'], ['length', 'from 2', 'received 1']],
    ['tests shorter than the training', ['parity', '--test-length', '5'], ['test length', 'from 40']],
    ['no data where it is needed', ['digits'], ['digits needs --data', 'IDX']],
    ['data where none is needed', ['adding', '--data', 'x'], ['takes no --data']],
    ['no end', ['music', '--data', 'music-2.json', '--until-solved'], ['--bar', 'leave out --until-solved']],
    ['two ends that exclude each other', ['adding', '--steps', '5', '--until-solved'], ['--until-solved', '--steps']],
    ['one seed and several', ['adding', '--seed', '1', '--seeds', '2'], ['--seed', '--seeds']],
    ['no seeds', ['adding', '--seeds', '0'], ['--seeds', 'from 1']],
    ['a bar that is no number', ['adding', '--bar', 'low'], ['--bar', 'number']],
    ['heads without a Transformer', ['adding', '--heads', '2'], ['--heads', '--model transformer']],
    ['a cell and a Transformer', ['adding', '--model', 'transformer', '--cell', 'gru'], ['--cell', '--model']],
    ['another moment', ['parity', '--answers', 'never'], ['never', 'each', 'end']],
  ])('%s', async (_, args, words) => {
    const ended = await lab(...args);
    expectComplaint(ended, 2, ...words);
    expect(ended.stdout).toBe('');
  });

  test.concurrent.each<[string, () => void, string[], string[]]>([
    ['that is not there', () => {}, ['digits', '--data', 'lost'], ['lost', 'no such file']],
    [
      'without the test digits',
      () => digits('half', { train: 20 }),
      ['digits', '--data', 'half'],
      ['half', 'images to test'],
    ],
    [
      'with a file that is cut off',
      () => {
        digits('cut', { train: 20, test: 20 });
        writeFileSync(join(file('cut'), 'train-labels-idx1-ubyte'), idx([20], new Uint8Array(19)));
      },
      ['digits', '--data', 'cut'],
      ['train-labels-idx1-ubyte', 'cut off'],
    ],
    [
      'with a compressed file that is cut off',
      () => {
        digits('packed', { train: 20, test: 20 });
        const path = join(file('packed'), 'test-images-idx3-ubyte.gz');
        writeFileSync(path, readFileSync(path).subarray(0, 40));
      },
      ['digits', '--data', 'packed'],
      ['test-images-idx3-ubyte.gz', 'gzip data is damaged'],
    ],
    [
      'of two files for one',
      () => digits('two', { train: 20, 'train-5': 20, test: 9 }),
      ['digits', '--data', 'two'],
      ['and', 'one is needed'],
    ],
    ['that is no JSON', () => file('no.json', '{'), ['music', '--data', 'no.json'], ['no.json', 'not JSON']],
    ['of other JSON', () => file('other.json', '[]'), ['music', '--data', 'other.json'], ['other.json', "'train'"]],
    [
      'in a place that is not there',
      () => {},
      ['adding', '--out', 'lost/results.json'],
      ['lost/results.json', 'no such file'],
    ],
  ])('data or a place %s', async (_, prepare, args, words) => {
    prepare();
    expectComplaint(await lab(...args), 1, ...words);
  });
});
