import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, readEvents, start, tensorsOf, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** Words of two made-up languages: one ends in vowels, the other in consonants. */
const words = Array.from({ length: 240 }, (_, i) => {
  const pick = (letters: string, n: number): string => letters[(i * n + (i >> 2)) % letters.length];
  const stem = pick('bdfgklm', 3) + pick('aeiou', 7) + pick('nprst', 5) + pick('aeiou', 11);
  return i % 2 === 0 ? `soft\t${stem}` : `hard\t${stem}${pick('krst', 13)}`;
});
file('words.tsv', words.slice(0, 200).join('\n'));
file('test.tsv', words.slice(200).join('\n'));

const tiny = ['--hidden', '12', '--embedding', '6', '--threads', '1', '--lr', '0.01', '--batch', '16'];
const train = (...more: string[]) => unrolled(cwd, 'classify', 'train', ...more, ...tiny);

describe('unrolled classify', () => {
  test('trains, evaluates and predicts, from a run folder alone', async () => {
    const trained = await train('words.tsv', '--out', 'run', '--steps', '150', '--validate-every', '50');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(
      /^1\d\d examples, [12]\d more for validation; 2 labels \(hard, soft\), 1\d tokens$/m,
    );
    expect(trained.stdout).toContain('npx unrolled classify predict run');
    const validation = readEvents(join(cwd, 'run')).findLast(({ type }) => type === 'validation');
    expect(validation).toMatchObject({ step: 150, metrics: { accuracy: expect.any(Number) } });

    const [evaluated, plain] = await Promise.all([
      unrolled(cwd, 'classify', 'eval', 'run', 'test.tsv', '--json', '--explain'),
      unrolled(cwd, 'classify', 'eval', 'run', 'test.tsv'),
    ]);
    const { accuracy, labels, examples } = JSON.parse(evaluated.stdout);
    expect(accuracy).toBeGreaterThan(0.9);
    expect({ labels, examples }).toEqual({ labels: ['hard', 'soft'], examples: 40 });
    expect(plain.stdout).toMatch(/^accuracy \d+\.\d\d% of 40, macro-F1/m);

    const [soft, hard] = words.map((line) => line.split('\t')[1]);
    const asked = await unrolled(cwd, 'classify', 'predict', 'run', soft, hard);
    expect(asked.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['soft', 'hard', '']);
    const piped = start(cwd, ['classify', 'predict', 'run', '--json', '--top', '1']);
    piped.process.stdin!.end(`${soft}\n\n${hard}\n`);
    const lines = (await piped.ended).stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).label)).toEqual(['soft', null, 'hard']);
  });

  test('a resumed run ends with the same bits as an uninterrupted one', async () => {
    await Promise.all([
      train('words.tsv', '--out', 'whole', '--steps', '30', '--schedule', 'constant'),
      train('words.tsv', '--out', 'part', '--steps', '17', '--schedule', 'constant'),
    ]);
    const resumed = await unrolled(cwd, 'classify', 'train', '--resume', 'part', '--steps', '30');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'part'))).toEqual(tensorsOf(join(cwd, 'whole')));
  });

  test('a run folder of an earlier version is resumed: --max-length was called --longest', async () => {
    await train('words.tsv', '--out', 'old', '--steps', '3', '--max-length', '5');
    const config = join(cwd, 'old', 'config.json');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replaceAll('"maxLength"', '"longest"'));
    const resumed = await unrolled(cwd, 'classify', 'train', '--resume', 'old', '--steps', '5');
    expect(text).toContain('"maxLength": 5');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
  });

  test('takes a folder for each label, JSON lines, tables with commas, and a file to validate on', async () => {
    for (const line of words.slice(0, 24)) {
      const [label, word] = line.split('\t');
      mkdirSync(join(cwd, 'folders', label), { recursive: true });
      file(`folders/${label}/${word}.txt`, word);
    }
    file(
      'words.jsonl',
      words
        .slice(24, 60)
        .map((line) => JSON.stringify({ label: line.split('\t')[0], text: line.split('\t')[1] }))
        .join('\n'),
    );
    const rows = words.slice(60, 80).map((line, i) => `${i},${line.replace('\t', ',')}`);
    file('words.csv', ['id,label,text', ...rows, '99,soft,"ba, na"'].join('\n'));
    const { code, stdout } = await train(
      'folders',
      'words.jsonl',
      'words.csv',
      '--out',
      'mixed',
      '--steps',
      '2',
      '--validation',
      'test.tsv',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('81 examples, 40 more for validation; 2 labels (hard, soft)');
    const again = await unrolled(cwd, 'classify', 'train', '--resume', 'mixed', '--steps', '4');
    expect(again).toMatchObject({ code: 0, stderr: '' });
  });

  test('errors are one line', async () => {
    file('bad.tsv', 'a\tx\na\ty\nb');
    file('one.tsv', 'a\tx\na\ty');
    file('other.tsv', 'soft\tx\nodd\ty');
    const [missing, bad, one, other, label, task] = await Promise.all([
      unrolled(cwd, 'classify', 'train'),
      train('bad.tsv', '--out', 'bad'),
      train('one.tsv', '--out', 'one'),
      train('words.tsv', '--out', 'other', '--validation', 'other.tsv'),
      unrolled(cwd, 'classify', 'eval', 'run', 'other.tsv'),
      unrolled(cwd, 'sample', 'run'),
    ]);
    expectComplaint(missing, 2, 'no examples given');
    expectComplaint(bad, 1, 'bad.tsv, line 3: it has 1 column, the text is in column 2');
    expectComplaint(one, 1, "only 'a'", 'one.tsv: label in column 1');
    expectComplaint(other, 1, "other.tsv, line 2: the label 'odd' is not one of the training data's: hard, soft");
    expectComplaint(label, 1, "other.tsv, line 2: the label 'odd' is not one of the model's", '1 of 2 examples');
    expectComplaint(task, 1, "a model of task 'classify', not 'language-model'");
    const resumed = await unrolled(cwd, 'train', '--resume', 'run');
    expectComplaint(resumed, 2, 'classify train --resume run');
  });
});
