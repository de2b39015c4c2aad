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
  ...['--hidden', '16', '--embedding', '8', '--char-hidden', '6', '--dropout', '0.1', '--lr', '0.02', '--threads', '1'],
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
    expect(trained.stdout).toContain('150 sentences, 30 more for validation');
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
    expect(lines.stdout).toBe(shown.stdout.replace('\n', '\n\n'));
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

  test('an interrupted run resumes to the same bits', async () => {
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

  test('reads word vectors, and keeps those of words outside the training text', async () => {
    const vector = (seed: number): string =>
      Array.from({ length: 5 }, (_, i) => Math.sin(seed * 7 + i).toFixed(3)).join(' ');
    file('glove.txt', ['mr', 'lives', 'resides', 'in', '.'].map((word, i) => `${word} ${vector(i)}\n`).join(''));
    const run = ['--vectors', 'glove.txt', '--hidden', '8', '--char-hidden', '0', '--steps', '10', '--out', 'given'];
    const trained = await unrolled(cwd, 'tag', 'train', 'train.conll', ...run);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(/5 vectors of dimension 5; \d+\.\d% of the words have one, 1 are of other words/);
    expect(tensorsOf(join(cwd, 'given'))['further.weight']).toMatchObject({ shape: [1, 5] });
    const resumed = await unrolled(cwd, 'tag', 'train', '--resume', 'given', '--steps', '12');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });

    file('bad.txt', 'mr 1 2 3\nin 1 2\n');
    const bad = ['tag', 'train', 'train.conll', '--out', 'bad', '--vectors'];
    expectComplaint(await unrolled(cwd, ...bad, 'bad.txt'), 1, 'bad.txt: line 2 has 2 numbers, the first line has 3');
    expectComplaint(await unrolled(cwd, ...bad, 'none.txt'), 1, 'none.txt: there is no such file');
    const other = await unrolled(cwd, ...bad, 'glove.txt', '--embedding', '7');
    expectComplaint(other, 2, '--embedding 7: the vectors of --vectors have dimension 5');
  });

  test('stores the columns of its training files for eval and predict', async () => {
    // Columns as in CoNLL-U, but in an order of their own: id, tag, word, and seven more.
    const rows = (all: TaggedSentence[], order: (id: number, word: string, tag: string) => string[]): string =>
      all
        .map(({ words, tags }) => `${words.map((w, i) => order(i + 1, w, tags[i]).join('\t')).join('\n')}\n\n`)
        .join('');
    const odd = (id: number, word: string, tag: string) => [String(id), tag, '_', word, '_'];
    file('odd-train.conll', rows(sentences(150, 1), odd));
    file('odd-test.conll', rows(sentences(30, 3), odd));
    const train = ['tag', 'train', 'odd-train.conll', '--word-column', '4', '--tag-column', '2', ...small];
    expect(await unrolled(cwd, ...train, '--steps', '100', '--out', 'odd')).toMatchObject({ code: 0, stderr: '' });
    const f1 = async (...args: string[]) =>
      JSON.parse((await unrolled(cwd, 'tag', 'eval', ...args, '--json')).stdout).spans.f1;
    expect(await f1('odd', 'odd-test.conll')).toBeGreaterThan(0.9);
    // Named columns come first; here they are the wrong ones.
    const wrong = await unrolled(cwd, 'tag', 'eval', 'odd', 'odd-test.conll', '--tag-column', '3');
    expectComplaint(wrong, 1, "'_' is not a span label");
    const tagged = await unrolled(cwd, 'tag', 'predict', 'odd', '--conll', '--file', 'odd-test.conll');
    expect(tagged.stdout).toMatch(/^Mr\tO\n\w+\tB-PER\n/);
    expect((await piped('Mr\nTom\n', 'tag', 'predict', 'odd', '--conll')).stdout).toBe('Mr\tO\nTom\tB-PER\n\n');
    // They are part of the model, not of its run folder.
    await unrolled(cwd, 'export', 'odd', 'odd.safetensors');
    expect(await f1('odd.safetensors', 'odd-test.conll')).toBeGreaterThan(0.9);
  });

  test('reports a layout that is not word first and tag last, and labels that are not BIO', async () => {
    const about = async (name: string, content: string): Promise<string> => {
      file(name, content);
      const ended = await unrolled(cwd, 'tag', 'train', name, ...small, '--validation', name, '--steps', '1');
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      return ended.stdout;
    };
    expect(await about('first.conll', 'B-PER Ada\nO met\nB-PER Bob\n')).toContain(
      'The tags come first: words in column -1, tags in column 1 (--word-column, --tag-column)',
    );
    expect(await about('bilou.conll', 'Ada U-PER\nmet O\nNew B-LOC\nYork L-LOC\n')).toContain(
      'Tags are BILOU; the model writes BIO',
    );
    expect(await about('bmes.conll', 'Ada S-PER\nmet O\nNew B-LOC\nYork E-LOC\nof M-LOC\n')).toContain('Tags are BMES');
    const line = (id: number, word: string, tag: string) => [id, word, '_', tag, ...Array(6).fill('_')].join('\t');
    expect(await about('ud.conllu', `${line(1, 'dogs', 'NOUN')}\n${line(2, 'bark', 'VERB')}\n`)).toContain(
      'CoNLL-U: words in column 2, tags in column 4',
    );
  });

  test('scores every validation sentence of its own files, also with tags that training does not see', async () => {
    const content = Array.from({ length: 30 }, (_, i) => `word${i}\ttag${i}\n\n`).join('');
    file('single.conll', content);
    const ended = await unrolled(
      cwd,
      'tag',
      'train',
      'single.conll',
      ...small,
      '--steps',
      '2',
      '--validate-every',
      '1',
    );
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/validation \d/);
    expect(ended.stdout).not.toContain('NaN');
    file('unseen.conll', 'Tom\tB-ORG\n');
    const options = ['--validation', 'unseen.conll', '--out', 'never', ...small];
    expectComplaint(
      await unrolled(cwd, 'tag', 'train', 'train.conll', ...options),
      1,
      'every validation sentence has a tag that training never saw, such as B-ORG',
    );
  });

  test('tags every line of a file and keeps blank lines', async () => {
    file('lines.txt', 'Mr Tom lives in Bon.\n\nin Lur\n');
    const { stdout } = await unrolled(cwd, 'tag', 'predict', 'runs/train', '--file', 'lines.txt');
    expect(stdout.split('\n')).toHaveLength(4);
    expect(stdout.split('\n')[1]).toBe('');
  });

  test('reads JSON: texts, and sentences that are split into words', async () => {
    const text = 'Mr Tom Tat lives in Bon.';
    const input = `${JSON.stringify(text)}\n\n["Mr", "Tom", "lives"]\n`;
    const [found, wrong, broken] = await Promise.all([
      piped(input, 'tag', 'predict', 'runs/train', '--json-input', '--json'),
      piped('"Mr Tom"\n["Mr", 5]\n', 'tag', 'predict', 'runs/train', '--json-input'),
      piped(`${text}\n`, 'tag', 'predict', 'runs/train', '--json-input'),
    ]);
    expect(found).toMatchObject({ code: 0, stderr: '' });
    const [first, blank, words] = found.stdout
      .split('\n')
      .slice(0, 3)
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ type: 'tags', text, spans: [{ text: 'Tom Tat' }, { text: 'Bon' }] });
    expect(blank).toEqual({ type: 'tags', text: '', words: [], spans: [] });
    expect(words).toEqual({ type: 'tags', words: ['Mr', 'Tom', 'lives'], tags: ['O', 'B-PER', 'O'] });
    expectComplaint(wrong, 1, 'line 2[1] must be text, received 5');
    expectComplaint(broken, 1, 'line 1: it is not JSON');
  });

  test('names the file, line or option that is wrong', async () => {
    file('odd.conll', 'Mr\tO\nTom\n');
    file('pos.conll', 'Mr\tNOUN\nTom\tPROPN\n');
    const out = ['--out', 'none', '--steps', '2', ...small];
    const cases: [readonly string[], number, string][] = [
      [['train', 'odd.conll', ...out], 1, 'odd.conll: line 2 has 1 column, the first line of data has 2'],
      [['train', 'train.conll', '--tag-column', '3', ...out], 1, 'train.conll: no column 3; the file has 2'],
      [['train', 'train.conll', '--validation', 'pos.conll', ...out], 1, "'NOUN' is not a span label"],
      [['train', 'train.conll', '--word-column', '0', ...out], 2, 'It must be a whole number: from 1'],
      [['train'], 2, 'no sentences given'],
      [['predict', 'nowhere', 'Mr'], 1, 'nowhere: no such run folder'],
      [
        ['predict', 'nowhere', 'Mr', '--conll'],
        2,
        'tag predict: received texts and --file or --conll; omit one of them',
      ],
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
