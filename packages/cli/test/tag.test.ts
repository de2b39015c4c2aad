import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from 'unrolled';
import { formatConll, type TaggedSentence } from 'unrolled/tasks/tag';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, expectComplaint, readEvents, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** People after Mr, places after in. */
function sentences(count: number, seed: number): TaggedSentence[] {
  const random = new Random(seed);
  const name = (): string => `${'ABDKLMT'[random.below(7)]}${'aeiou'[random.below(5)]}${'nrst'[random.below(4)]}`;
  return Array.from({ length: count }, () => {
    const person = random.below(2) === 0 ? [name()] : [name(), name()];
    const tags = person.map(() => 'I-PER');
    return { words: ['Mr', ...person, 'lives', 'in', name(), '.'], tags: ['O', ...tags, 'O', 'O', 'I-LOC', 'O'] };
  });
}

const small = [
  ...['--hidden', '16', '--embedding', '8', '--characters', '6', '--dropout', '0.1', '--lr', '0.02', '--threads', '1'],
];
const plain = (text: string): string => text.replace(/\d+(\.\d+)?/g, '#');

beforeAll(() => {
  file('train.conll', formatConll(sentences(150, 1)));
  file('dev.conll', formatConll(sentences(30, 2)));
  file('test.conll', formatConll(sentences(30, 3)));
});

describe('tag', () => {
  test('train, predict, eval', async () => {
    const held = ['--validation', 'dev.conll'];
    const trained = await unrolled(cwd, 'tag', 'train', 'train.conll', ...held, ...small, '--steps', '100');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toContain('150 sentences, 30 more to validate on');
    expect(trained.stdout).toContain('spans of LOC, PER');
    expect(trained.stdout).toMatch(/validation 0\.\d+ {2}f1 [01]\.\d+ {2}precision [01]\.\d+/);
    expect(trained.stdout).toContain('Use it: npx unrolled tag predict runs/train "a sentence"');
    const validations = readEvents(join(cwd, 'runs/train')).filter(({ type }) => type === 'validation');
    expect(validations.at(-1)).toMatchObject({ metrics: { f1: expect.any(Number), accuracy: expect.any(Number) } });

    const text = 'Mr Tom Tat lives in Bon.';
    const [shown, json, lines, tagged, evaluated, report] = await Promise.all([
      unrolled(cwd, 'tag', 'predict', 'runs/train', text, 'in Lur'),
      unrolled(cwd, 'tag', 'predict', 'runs/train', text, '--json'),
      piped(`${text}\n\nin Lur\n`, 'tag', 'predict', 'runs/train'),
      piped('1 Mr\n2 Tom\n3 lives\n\n1 in\n2 Lur\n', 'tag', 'predict', 'runs/train', '--conll', '--word-column', '2'),
      unrolled(cwd, 'tag', 'eval', 'runs/train', 'test.conll', '--json'),
      unrolled(cwd, 'tag', 'eval', 'runs/train', 'test.conll'),
    ]);
    for (const ended of [shown, json, lines, tagged, evaluated, report]) {
      expect(ended).toMatchObject({ code: 0, stderr: '' });
    }
    expect(shown.stdout).toBe('Mr [Tom Tat]PER lives in [Bon]LOC.\nin [Lur]LOC\n');
    expect(lines.stdout).toBe(shown.stdout);
    const found = JSON.parse(json.stdout);
    expect(found).toMatchObject({ type: 'tags', text });
    expect(found.spans[0]).toEqual({ type: 'PER', text: 'Tom Tat', start: 3, end: 10 });
    expect(found.words[1]).toEqual({ text: 'Tom', start: 3, end: 6, tag: 'B-PER' });
    expect(tagged.stdout).toBe('Mr\tO\nTom\tB-PER\nlives\tO\n\nin\tO\nLur\tB-LOC\n\n');
    const measured = JSON.parse(evaluated.stdout);
    expect(measured).toMatchObject({ type: 'evaluation', task: 'tag', sentences: 30 });
    expect(measured.spans.f1).toBeGreaterThan(0.9);
    expect(Object.keys(measured.spans.types)).toEqual(['LOC', 'PER']);
    expect(plain(report.stdout)).toMatch(/#% of # words in # sentences have the right tag\n.*\n\nspan +precision/);
    expect(report.stdout).toContain(`${(100 * measured.spans.types.PER.f1).toFixed(2)}`);
  });

  test('one that was interrupted goes on, and ends with the same bits', async () => {
    const kind = ['--crf', 'off', '--scheme', 'BIOES', '--schedule', 'constant', ...small];
    const train = (run: string, steps: string) =>
      unrolled(cwd, 'tag', 'train', 'train.conll', ...kind, '--steps', steps, '--out', run);
    const [half, whole] = await Promise.all([train('half', '9'), train('whole', '20')]);
    for (const ended of [half, whole]) expect(ended).toMatchObject({ code: 0, stderr: '' });
    const resumed = await unrolled(cwd, 'tag', 'train', '--resume', 'half', '--steps', '20');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'half'))).toEqual(tensorsOf(join(cwd, 'whole')));
    expect(JSON.parse(readFileSync(join(cwd, 'half/tags.json'), 'utf8'))).toContain('E-PER');
  });

  test('takes word vectors, and keeps those of words it has not seen', async () => {
    const vector = (seed: number): string =>
      Array.from({ length: 5 }, (_, i) => Math.sin(seed * 7 + i).toFixed(3)).join(' ');
    file('glove.txt', ['mr', 'lives', 'resides', 'in', '.'].map((word, i) => `${word} ${vector(i)}\n`).join(''));
    const run = ['--vectors', 'glove.txt', '--hidden', '8', '--characters', '0', '--steps', '10', '--out', 'given'];
    const trained = await unrolled(cwd, 'tag', 'train', 'train.conll', ...run);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(/5 vectors of 5 numbers; \d+\.\d% of the words have one, 1 are of other words/);
    expect(tensorsOf(join(cwd, 'given'))['further.weight']).toMatchObject({ shape: [1, 5] });
    const resumed = await unrolled(cwd, 'tag', 'train', '--resume', 'given', '--steps', '12');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });

    file('bad.txt', 'mr 1 2 3\nin 1 2\n');
    const bad = ['tag', 'train', 'train.conll', '--out', 'bad', '--vectors'];
    expectComplaint(await unrolled(cwd, ...bad, 'bad.txt'), 1, 'bad.txt: line 2 has 2 numbers, the first line has 3');
    expectComplaint(await unrolled(cwd, ...bad, 'none.txt'), 1, 'none.txt: there is no such file');
    const other = await unrolled(cwd, ...bad, 'glove.txt', '--embedding', '7');
    expectComplaint(other, 2, '--embedding 7: the vectors of --vectors have 5 numbers');
  });

  test('says what is wrong with files and words', async () => {
    file('odd.conll', 'Mr\tO\nTom\n');
    file('pos.conll', 'Mr\tNOUN\nTom\tPROPN\n');
    const out = ['--out', 'none', '--steps', '2', ...small];
    const cases: [readonly string[], number, string][] = [
      [['train', 'odd.conll', ...out], 1, 'odd.conll: line 2 has 1 column, the first line of data has 2'],
      [['train', 'train.conll', '--tag-column', '3', ...out], 1, 'train.conll: there is no column 3; the file has 2'],
      [['train', 'train.conll', '--validation', 'pos.conll', ...out], 1, "'NOUN' is of no tagging scheme"],
      [['train', 'train.conll', '--word-column', '0', ...out], 2, 'It must be a whole number: from 1'],
      [['train'], 2, 'no sentences given'],
      [['predict', 'nowhere', 'Mr'], 1, 'nowhere: there is no such run folder'],
      [['predict', 'nowhere', 'Mr', '--conll'], 2, 'leave one of them out'],
    ];
    const ended = await Promise.all(cases.map(([args]) => unrolled(cwd, 'tag', ...args)));
    for (const [i, [, code, words]] of cases.entries()) expectComplaint(ended[i], code, words);
  });
});

/** Runs the command with a text on its standard input. */
function piped(text: string, ...args: string[]): Promise<Ended> {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { cwd });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  child.stdin.end(text);
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })));
}
