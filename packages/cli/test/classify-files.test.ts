import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, start, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const quick = ['--hidden', '4', '--embedding', '4', '--threads', '1', '--steps', '2', '--sample-every', '0'];
const train = (name: string, ...more: string[]) =>
  unrolled(cwd, 'classify', 'train', name, '--out', join('runs', name), ...quick, ...more);

const rows = [
  ['spam', 'you have won a prize, call now'],
  ['ham', 'are you free at noon?'],
  ['ham', 'see you there'],
  ['spam', 'cheap loans today only'],
];
const quoted = (cells: readonly string[]): string => cells.map((cell) => `"${cell}"`).join(',');

describe('files of labelled texts', () => {
  test.each([
    ['header.csv', ['v1,v2', ...rows.map(quoted)], "label in 'v1', text in 'v2', line 1 names the columns"],
    ['plain.csv', rows.map(quoted), 'label in column 1, text in column 2, no header'],
    ['semicolon.csv', rows.map(([label, text]) => `${label};${text.replace('?', ', or not')}`), 'text in column 2'],
    [
      'title.csv',
      rows.map(([label, text], i) => quoted([label, `a title of ${i} words`, text])),
      'label in column 1, text in column 2 and column 3 (joined), no header',
    ],
    [
      'ids.csv',
      rows.map(([label, text], i) => quoted([`${901 + i}`, label, text, 'NO_QUERY'])),
      'label in column 2, text in column 3, column 1 and column 4 not used, no header',
    ],
    ['fasttext.txt', rows.map(([label, text]) => `__label__${label} ${text}`), 'fastText labels'],
    [
      'several.txt',
      rows.map(([label, text]) => `__label__${label} __label__more ${text}`),
      'fastText labels; 4 lines have several, of which the first is used',
    ],
    ['packed.tsv.gz', rows.map((cells) => cells.join('\t')), 'label in column 1, text in column 2, no header'],
  ])('%s', async (name, lines, about) => {
    const text = lines.join('\n');
    file(name, name.endsWith('.gz') ? gzipSync(text) : text);
    const ended = await train(name);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain(`2 labels (ham, spam)`);
    expect(ended.stdout).toContain('4 examples, 0 more');
    expect(ended.stdout).toMatch(new RegExp(`^${name}: .*${about.replace(/[()]/g, '\\$&')}`, 'm'));
    expect(ended.stdout).toContain('--tokens word --pooling attention --dropout 0.5: texts of several words');
  });

  test('that can be read in two ways are refused with both', async () => {
    file('either.tsv', 'ham\thello\nnews\tthe president spoke\nspam\tWIN a prize now');
    file('even.csv', rows.map(([label], i) => `${label};a ${i},b ${i}`).join('\n'));
    file('two.tsv', rows.map(([label, text], i) => [label, i % 2 ? 'web' : 'app', text].join('\t')).join('\n'));
    file('plain.txt', 'North garden carry candle lamp.\nRiver candle under north cloud.');
    const [either, even, two, plain, vectors] = await Promise.all([
      train('either.tsv'),
      train('even.csv'),
      train('two.tsv'),
      train('plain.txt'),
      train('two.tsv', '--tokens', 'char', '--vectors', 'glove.txt', '--text-column', '3', '--label-column', '1'),
    ]);
    expectComplaint(either, 1, 'either.tsv, line 1: (ham, hello)', '--header yes or --header no');
    expectComplaint(even, 1, 'commas or semicolons', "--delimiter ',' or --delimiter ';'");
    expectComplaint(two, 1, '--label-column 1 or --label-column 2');
    expectComplaint(plain, 1, "plain.txt: one text in each file, labelled by its folder's name");
    expectComplaint(vectors, 2, '--vectors are vectors of words');
    const [first, second, chosen] = await Promise.all([
      train('either.tsv', '--header', 'no'),
      train('even.csv', '--delimiter', ';'),
      train('two.tsv', '--label-column', '2', '--text-column', '1,3'),
    ]);
    expect(first.stdout).toContain('3 labels (ham, news, spam)');
    expect(second.stdout).toContain('2 labels (ham, spam)');
    expect(chosen.stdout).toContain('2 labels (app, web)');
    expect(chosen.stdout).toContain('text in column 1 and column 3 (joined)');
  });

  test('are read by eval as they were by train, by columns and labels', async () => {
    const table = rows.map(([label, text], i) => [label, i % 2 ? 'web' : 'app', text]);
    file('where.tsv', table.map((cells) => cells.join('\t')).join('\n'));
    file('other.tsv', `spam\tsms\tcall now\nham\tweb\tsee you\nnews\tweb\tthe president spoke`);
    const trained = await train('where.tsv', '--label-column', '1', '--text-column', '3');
    expect(trained.code).toBe(0);
    const [same, unseen] = await Promise.all([
      unrolled(cwd, 'classify', 'eval', 'runs/where.tsv', 'where.tsv', '--json'),
      unrolled(cwd, 'classify', 'eval', 'runs/where.tsv', 'other.tsv'),
    ]);
    expect(JSON.parse(same.stdout)).toMatchObject({ examples: 4, labels: ['ham', 'spam'] });
    expect(JSON.parse(same.stdout).read).toEqual([
      'where.tsv: label in column 1, text in column 3, column 2 not used, no header',
    ]);
    expectComplaint(unseen, 1, "other.tsv, line 3: the label 'news' is not one of the model's: ham, spam");
  });

  test('starts from word vectors, plain or gzipped, with their dimension', async () => {
    const glove = ['you 1 0 0', 'free 0 1 0', 'movie 0 0 1'].join('\n');
    file('glove.txt', glove);
    file('glove.txt.gz', gzipSync(glove));
    file('rows.tsv', rows.map((cells) => cells.join('\t')).join('\n'));
    const args = ['--hidden', '4', '--threads', '1', '--steps', '2', '--sample-every', '0'];
    const with_ = (vectors: string, ...more: string[]) =>
      unrolled(
        cwd,
        'classify',
        'train',
        'rows.tsv',
        '--vectors',
        vectors,
        '--out',
        `runs/${vectors}`,
        ...args,
        ...more,
      );
    const [plain, packed, other, none] = await Promise.all([
      with_('glove.txt'),
      with_('glove.txt.gz', '--freeze-vectors'),
      with_('glove.txt', '--embedding', '7', '--out', 'runs/seven'),
      train('rows.tsv', '--freeze-vectors'),
    ]);
    for (const ended of [plain, packed]) {
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(ended.stdout).toContain('3 vectors of dimension 3; ');
      expect(ended.stdout).toContain('1 are of other words');
    }
    expectComplaint(other, 2, '--embedding 7: the vectors of --vectors have 3 numbers');
    expectComplaint(none, 2, '--freeze-vectors needs word vectors; name a file with --vectors');
  });
});

describe('classify predict', () => {
  test('gives a line for each line, a blank one for a blank one, also with --json and --explain', async () => {
    file('lines.tsv', rows.map((cells) => cells.join('\t')).join('\n'));
    expect((await train('lines.tsv')).code).toBe(0);
    const piped = async (...more: string[]): Promise<string[]> => {
      const running = start(cwd, ['classify', 'predict', 'runs/lines.tsv', ...more]);
      running.process.stdin!.end('\nsee you\n  \nwobbly wobbly prize\n\n');
      const { stdout, stderr } = await running.ended;
      expect(stderr).toBe('');
      return stdout.split('\n').slice(0, -1);
    };
    const [plain, json, explained] = await Promise.all([piped(), piped('--json'), piped('--explain')]);
    expect(plain.map((line) => line.split('\t')[1] ?? '')).toEqual(['', 'see you', '', 'wobbly wobbly prize', '']);
    const objects = json.map((line) => JSON.parse(line));
    expect(objects.map(({ label }) => label === null)).toEqual([true, false, true, false, true]);
    expect(objects[0]).toEqual({ type: 'classification', text: '', label: null, probability: null, probabilities: [] });
    expect(explained).toHaveLength(7);
    expect(explained.join('\n')).toMatch(/wobbly\? [+-]?\d\.\d\d {2}/);
  });
});
