import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, readEvents, start, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** Letters and how they are spelt out: a → alfa. */
const names: Record<string, string> = { a: 'alfa', b: 'bravo', c: 'charlie' };
const strings = (length: number): string[] =>
  length === 0 ? [''] : strings(length - 1).flatMap((start) => [...'abc'].map((letter) => start + letter));
const pairs = [1, 2, 3, 4]
  .flatMap(strings)
  .map((letters) => [letters, [...letters].map((letter) => names[letter]).join(' ')]);
const table = (some: readonly string[][]): string => some.map((pair) => pair.join('\t')).join('\n');
file('letters.tsv', table(pairs));
file('test.tsv', table(pairs.slice(100)));
file('sources.txt', pairs.map(([source]) => source).join('\n'));
file('targets.txt', pairs.map(([, target]) => target).join('\n'));

const tiny = ['--hidden', '16', '--embedding', '8', '--threads', '1', '--lr', '0.02', '--batch', '16'];
const train = (...more: string[]) => unrolled(cwd, 'translate', 'train', ...more, ...tiny);
const words = ['--target-tokens', 'word', '--dropout', '0'];

describe('unrolled translate', () => {
  test('trains, evaluates and translates, from a run folder alone', async () => {
    const trained = await train('letters.tsv', '--out', 'run', '--steps', '240', '--validate-every', '120', ...words);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(/^1\d\d training pairs, \d+ for validation; vocabularies of 4 and 5 tokens$/m);
    expect(trained.stdout).toContain('npx unrolled translate predict run');
    const validation = readEvents(join(cwd, 'run')).findLast(({ type }) => type === 'validation');
    expect(validation).toMatchObject({ step: 240, metrics: { exact: expect.any(Number), bleu: expect.any(Number) } });

    const [evaluated, plain, asked, best] = await Promise.all([
      unrolled(cwd, 'translate', 'eval', 'run', 'test.tsv', '--json', '--beam', '3'),
      unrolled(cwd, 'translate', 'eval', 'run', 'sources.txt', '--target', 'targets.txt'),
      unrolled(cwd, 'translate', 'predict', 'run', 'cab', 'a?b', '--alignment', 'seen.svg'),
      unrolled(cwd, 'translate', 'predict', 'run', 'bb', '--n-best', '2', '--alignment', 'seen.json', '--json'),
    ]);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ task: 'translate', pairs: 20, signatures: {} });
    expect(JSON.parse(evaluated.stdout).exact).toBeGreaterThan(0.9);
    expect(plain.stdout).toMatch(/% of 120 translations exactly right\n.*\nBLEU [\d.]+ \(nrefs:1\|case:mixed.*\nchrF/);
    expect(asked.stdout).toBe('charlie alfa bravo\nalfa bravo\n');
    expect(asked.stderr).toBe("Ignored, since the model does not know them: '?' (U+003F)\n");
    expect(readFileSync(join(cwd, 'seen.svg'), 'utf8')).toContain('>charlie<');
    expect(existsSync(join(cwd, 'seen-2.svg'))).toBe(true);
    expect(JSON.parse(best.stdout)).toMatchObject({ source: 'bb', text: 'bravo bravo', candidates: [{}, {}] });
    const [seen] = JSON.parse(readFileSync(join(cwd, 'seen.json'), 'utf8'));
    expect(seen).toMatchObject({ text: 'bb', source: ['b', 'b', '⏎'], target: ['bravo', 'bravo', '⏎'] });

    const piped = start(cwd, ['translate', 'predict', 'run']);
    piped.process.stdin!.end('ab\n\n  \nc\n');
    expect((await piped.ended).stdout).toBe('alfa bravo\n\n\ncharlie\n');
    const blank = await unrolled(cwd, 'translate', 'predict', 'run', 'a', '', 'b', '--json');
    expect(
      blank.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { source: 'a', text: 'alfa' },
      { source: '', text: '', candidates: [] },
      { source: 'b', text: 'bravo' },
    ]);
  });

  test('sentences are read as byte pairs, with defaults of their own, and a resumed run keeps them', async () => {
    const sentences = pairs.slice(39).map(([letters, spelt]) => [[...letters].join(' and '), `it is ${spelt}`]);
    file('sentences.tsv', table(sentences));
    const small = ['--hidden', '8', '--embedding', '4', '--threads', '1', '--batch', '16'];
    const trained = await unrolled(
      cwd,
      'translate',
      'train',
      'sentences.tsv',
      '--out',
      'spoken',
      '--steps',
      '2',
      ...small,
    );
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(
      /^Chosen: --source-tokens bpe --target-tokens bpe --attention scaled-general --feeding output: sentences/m,
    );
    const options = () => JSON.parse(readFileSync(join(cwd, 'spoken', 'config.json'), 'utf8')).options;
    expect(options()).toMatchObject({
      sourceTokens: 'bpe',
      sourceVocab: 4000,
      dropout: 0.2,
      smoothing: 0.1,
      hidden: 8,
    });
    const before = options();
    const resumed = await unrolled(cwd, 'translate', 'train', '--resume', 'spoken', '--steps', '4');
    expect(resumed.stdout).not.toContain('Chosen');
    expect(options()).toEqual({ ...before, steps: 4 });
    const words = await unrolled(cwd, 'translate', 'train', 'letters.tsv', '--out', 'codes', '--steps', '1', ...small);
    expect(words.stdout).toMatch(
      /^Chosen: --source-tokens char --target-tokens char --attention additive --feeding none: /m,
    );
  });

  test('a resumed run ends with the same bits as an uninterrupted one', async () => {
    const options = ['--schedule', 'constant', '--sampling', '0.5', '--smoothing', '0.1', '--feeding', 'context'];
    await Promise.all([
      train('sources.txt', '--target', 'targets.txt', '--out', 'whole', '--steps', '20', ...options),
      train('sources.txt', '--target', 'targets.txt', '--out', 'part', '--steps', '11', ...options),
    ]);
    const resumed = await unrolled(cwd, 'translate', 'train', '--resume', 'part', '--steps', '20');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'part'))).toEqual(tensorsOf(join(cwd, 'whole')));
  });

  test('errors are one line', async () => {
    file('bad.tsv', 'a\tx\nb');
    const plain = ['--out', 'plain', '--steps', '1', '--attention', 'none'];
    const [missing, bad, lines, feeding, coverage, trained] = await Promise.all([
      unrolled(cwd, 'translate', 'train'),
      train('bad.tsv', '--out', 'bad'),
      train('sources.txt', '--target', 'bad.tsv', '--out', 'lines'),
      train('letters.tsv', '--out', 'feeding', '--attention', 'none', '--feeding', 'output'),
      train('letters.tsv', '--out', 'coverage', '--coverage-loss', '1'),
      train('letters.tsv', ...plain),
    ]);
    expectComplaint(missing, 2, 'no pairs given');
    expectComplaint(bad, 1, 'bad.tsv, line 2: no tab');
    expectComplaint(lines, 1, 'sources.txt has 120 lines and bad.tsv 2');
    expectComplaint(feeding, 1, 'feeding and coverage need attention');
    expectComplaint(coverage, 1, 'a coverage loss needs a model with coverage');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    const [alignment, kind, wide] = await Promise.all([
      unrolled(cwd, 'translate', 'predict', 'plain', 'a', '--alignment', 'x.svg'),
      unrolled(cwd, 'translate', 'predict', 'plain', 'a', '--alignment', 'x.png'),
      unrolled(cwd, 'translate', 'predict', 'plain', 'a', '--beam', '2', '--n-best', '3'),
    ]);
    expectComplaint(alignment, 2, 'this model has no attention to show');
    expectComplaint(kind, 2, 'It must be a file that ends in .svg or .json');
    expectComplaint(wide, 1, 'nBest 3 is more than width 2');
  });
});
