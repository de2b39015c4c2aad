import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { unrolled, workplace } from './command.ts';

const kept = fileURLToPath(new URL('earlier-runs', import.meta.url));
const { path: here, file } = workplace(afterAll);
const data = (name: string): string => join(kept, 'data', name);

/** What version 0.1.0 answered after 12 updates, and its loss after 18; kernels with and without fused multiply-add agree to 1e-4. */
const runs = [
  {
    run: 'language-model',
    train: ['train'],
    data: 'words.txt',
    loss: 2.880017,
    use: ['eval', 'language-model', data('words.txt')],
    answer: { type: 'evaluation', tokens: 4631, loss: close(2.903839) },
  },
  {
    run: 'words',
    train: ['train'],
    data: 'words.txt',
    loss: 3.265962,
    use: ['eval', 'words', data('words.txt')],
    answer: { type: 'evaluation', tokens: 1319, loss: close(3.458052) },
  },
  {
    run: 'classify',
    train: ['classify', 'train'],
    data: 'names.tsv',
    loss: 1.018171,
    use: ['classify', 'predict', 'classify', 'Borstein'],
    answer: { label: 'italian', probability: close(0.656123) },
  },
  {
    run: 'tag',
    train: ['tag', 'train'],
    data: 'tags.conll',
    loss: 0.966386,
    use: ['tag', 'predict', 'tag', 'Ada met Bob'],
    answer: { words: ['Ada', 'met', 'Bob'].map((text) => expect.objectContaining({ text, tag: 'O' })) },
  },
  {
    run: 'translate',
    train: ['translate', 'train'],
    data: 'pairs.tsv',
    loss: 1.54871,
    use: ['translate', 'predict', 'translate', 'ddb', '--beam', '3'],
    answer: { text: 'bbbdbbbbbbbbbbbbbb', logProbability: close(-26.38493) },
  },
  {
    run: 'forecast',
    train: ['forecast', 'train'],
    data: 'demand.csv',
    loss: 0.608687,
    use: ['forecast', 'predict', 'forecast', data('demand.csv')],
    answer: {
      targets: [expect.objectContaining({ target: 'demand', values: expect.arrayContaining([close(89.97443)]) })],
    },
  },
] as const;

function close(value: number): unknown {
  return expect.closeTo(value, 3);
}

describe.each(runs)('a run of version 0.1.0: $run', ({ run, train, data: name, loss, use, answer }) => {
  test('answers as it did', async () => {
    cpSync(join(kept, run), file(run), { recursive: true });
    const ended = await unrolled(here, ...use, '--json');
    expect(ended.stderr).toBe('');
    expect(JSON.parse(ended.stdout)).toMatchObject(answer);
  });

  test('resumes with the same losses', async () => {
    const folder = `${run}-resumed`;
    cpSync(join(kept, run), file(folder), { recursive: true });
    const ended = await unrolled(here, ...train, '--resume', folder, data(name), '--steps', '18', '--json');
    expect(ended.stderr).toBe('');
    const events = ended.stdout.trimEnd().split('\n');
    expect(JSON.parse(events.at(-1)!)).toMatchObject({ type: 'done', step: 18, loss: close(loss) });
  });
});
