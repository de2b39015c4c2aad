import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors } from 'unrolled/io';
import { afterAll, describe, expect, test } from 'vitest';
import { expectComplaint, small, tensorsOf, text, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

describe('train, sample, eval', () => {
  test.concurrent.each([
    ['lstm', 'char'],
    ['gru', 'char'],
    ['rnn', 'char'],
    ['mingru', 'char'],
    ['lstm', 'word'],
    ['gru', 'word'],
    ['lstm', 'bpe'],
  ])('%s with %s tokens', async (cell, tokens) => {
    const run = `${cell} ${tokens}`;
    const vocab = tokens === 'bpe' ? ['--vocab', '266'] : [];
    const kind = ['--cell', cell, '--tokens', tokens, ...vocab, '--lr', '0.01', '--steps', '200'];
    const trained = await unrolled(cwd, 'train', 'text.txt', '--out', run, ...small, ...kind);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    const told = {
      word: 'a vocabulary of 8 words; 0.1% of 900 words are unknown (1)',
      char: 'different characters',
      bpe: 'a vocabulary of 266',
    };
    expect(trained.stdout).toContain(told[tokens as keyof typeof told]);

    const sample = ['sample', run, '--prompt', 'she sells', '--seed', '3', '--length', '20'];
    const [first, again, other] = await Promise.all([
      unrolled(cwd, ...sample),
      unrolled(cwd, ...sample),
      unrolled(cwd, ...sample, '--seed', '4'),
    ]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^she sells.+\n$/s);
    expect(again.stdout).toBe(first.stdout);
    expect(other.stdout).not.toBe(first.stdout);
    expect(first.stdout).not.toContain('<unk>');

    const evaluated = await unrolled(cwd, 'eval', run, 'text.txt', '--json');
    expect(evaluated).toMatchObject({ code: 0, stderr: '' });
    const { natsPerCharacter } = JSON.parse(evaluated.stdout);
    // Guessing among the 13 characters costs ln 13 = 2.6 nats.
    expect(natsPerCharacter).toBeGreaterThan(0);
    expect(natsPerCharacter).toBeLessThan(2);
  });
});

describe('a Transformer', () => {
  const size = [
    '--model',
    'transformer',
    '--hidden',
    '16',
    '--heads',
    '2',
    '--layers',
    '1',
    '--batch',
    '4',
    '--seq',
    '16',
  ];
  const train = [
    'train',
    'text.txt',
    ...size,
    '--threads',
    '1',
    '--lr',
    '0.01',
    '--schedule',
    'constant',
    '--warm-up',
    '0',
  ];

  test('learns, goes on where it stopped to the bit, writes and is evaluated', async () => {
    expect(await unrolled(cwd, ...train, '--out', 'transformer', '--steps', '150')).toMatchObject({
      code: 0,
      stderr: '',
    });
    await unrolled(cwd, ...train, '--out', 'transformer in two', '--steps', '80');
    expect(await unrolled(cwd, 'train', '--resume', 'transformer in two', '--steps', '150')).toMatchObject({ code: 0 });
    expect(tensorsOf(join(cwd, 'transformer in two'))).toEqual(tensorsOf(join(cwd, 'transformer')));
    const written = await unrolled(
      cwd,
      'sample',
      'transformer',
      '--prompt',
      'she sells',
      '--length',
      '40',
      '--seed',
      '1',
    );
    expect(written.stdout).toMatch(/^she sells.{40,}\n$/s);
    const { natsPerCharacter } = JSON.parse((await unrolled(cwd, 'eval', 'transformer', 'text.txt', '--json')).stdout);
    expect(natsPerCharacter).toBeLessThan(2.2);
  });

  test.each([
    [['--heads', '3'], '--hidden 16 is no multiple of --heads 3'],
    [['--model', 'recurrent'], '--heads is for Transformers; add --model transformer'],
  ])('%j is refused', async (more, message) => {
    expectComplaint(await unrolled(cwd, ...train, ...more, '--out', 'refused'), 2, message);
  });
});

describe('words', () => {
  test('with tied weights: fewer parameters, perplexity shown, sampled and resumed', async () => {
    const kind = ['--tokens', 'word', '--vocab', '6', '--tie', '--hidden', '16', '--embedding', '8', '--layers', '1'];
    const size = ['--batch', '4', '--seq', '16', '--threads', '1', '--steps', '20'];
    const trained = await unrolled(cwd, 'train', 'text.txt', '--out', 'tied', ...kind, ...size);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(/a vocabulary of 6 words; \d+\.\d% of 900 words are unknown \(\d+\)/);
    expect(trained.stdout).toMatch(/validation \d\.\d+ nats {2}\d\.\d+ bits\/char {2}perplexity \d\.\d/);
    const { tensors } = decodeSafetensors(readFileSync(join(cwd, 'tied', 'checkpoints', 'latest.safetensors')));
    expect(tensors['output.weight']).toBeUndefined();
    expect(tensors['output.projection.weight'].shape).toEqual([8, 16]);
    const [sampled, more] = await Promise.all([
      unrolled(cwd, 'sample', 'tied', '--length', '5'),
      unrolled(cwd, 'train', '--resume', 'tied', '--steps', '25'),
    ]);
    expect([sampled.code, more.code]).toEqual([0, 0]);
  });
});

test('unknown words also cost their spelling, and their share is reported', async () => {
  const kind = ['--tokens', 'word', '--vocab', '4', '--steps', '5', ...small];
  const trained = await unrolled(cwd, 'train', 'text.txt', '--out', 'unknown', ...kind);
  expect(trained.stdout).toMatch(/validation .* perplexity \d+\.\d {2}\d+\.\d% unknown/);
  const json = async (name: string) =>
    JSON.parse((await unrolled(cwd, 'eval', 'unknown', name, '--json')).stdout) as Record<string, number>;
  const found = await json('text.txt');
  expect(found.unknownShare).toBeGreaterThan(0.3);
  expect(found.unknown).toBe(Math.round(found.unknownShare * found.tokens));
  expect(found.natsPerCharacter).toBeGreaterThan((2 * found.loss * found.tokens) / text.length);
  // What is easy to predict, one <unk> after the other, is not cheap to spell.
  const strange = await json(file('strange.txt', 'qqqqqq xxxxxx zzzzzz '.repeat(40)));
  expect(strange.bitsPerCharacter).toBeGreaterThan(8);
  const { stdout } = await unrolled(cwd, 'eval', 'unknown', 'text.txt');
  expect(stdout).toMatch(/% of the words are unknown \(\d+\)\n.*include the spelling of unknown words/);
});

describe('an adaptive softmax and dropout on the recurrence', () => {
  test('train, resume, sample and eval work', async () => {
    const many = file('many.txt', Array.from({ length: 1500 }, (_, i) => `w${(i * i) % 59}`).join(' '));
    const kind = ['--tokens', 'word', '--adaptive', '--recurrent-dropout', '0.2', '--schedule', 'constant', ...small];
    const trained = await unrolled(cwd, 'train', many, '--out', 'adaptive', ...kind, '--steps', '10');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    const more = await unrolled(cwd, 'train', '--resume', 'adaptive', '--steps', '12');
    expect(more).toMatchObject({ code: 0, stderr: '' });
    expect(Object.keys(tensorsOf(join(cwd, 'adaptive')))).toContain('output.tail.1.1.weight');
    const [sampled, evaluated] = await Promise.all([
      unrolled(cwd, 'sample', 'adaptive', '--length', '5'),
      unrolled(cwd, 'eval', 'adaptive', many, '--json'),
    ]);
    expect([sampled.code, evaluated.code]).toEqual([0, 0]);
    expect(JSON.parse(evaluated.stdout).perplexity).toBeLessThan(59);
    expectComplaint(await unrolled(cwd, 'train', many, '--adaptive', '--out', 'no'), 2, '--adaptive', '--tokens word');
    expectComplaint(await unrolled(cwd, 'train', many, '--adaptive', '--tie', '--out', 'no'), 2, '--tie');
  });
});

describe('byte pairs', () => {
  test('interrupted and resumed end with the same bits, and tokenizer.json is for other programs', async () => {
    const kind = ['--tokens', 'bpe', '--vocab', '270', '--schedule', 'constant', ...small];
    const train = (run: string, steps: string) =>
      unrolled(cwd, 'train', 'text.txt', '--out', run, ...kind, '--steps', steps);
    await Promise.all([train('whole', '40'), train('part', '15')]);
    expect(await unrolled(cwd, 'train', '--resume', 'part', '--steps', '40')).toMatchObject({ code: 0, stderr: '' });
    expect(tensorsOf(join(cwd, 'part'))).toEqual(tensorsOf(join(cwd, 'whole')));
    const change = (...option: string[]) => unrolled(cwd, 'train', '--resume', 'part', ...option);
    expectComplaint(await change('--vocab', '300'), 2, '--vocab 300', 'started with 270');
    expectComplaint(await change('--tie'), 2, '--tie', 'started without');
    const { model } = JSON.parse(readFileSync(join(cwd, 'whole', 'tokenizer.json'), 'utf8'));
    expect([model.type, Object.keys(model.vocab).length, model.merges.length]).toEqual(['BPE', 270, 14]);
  });
});

describe('sample', () => {
  test('takes a checkpoint file, greedy choice and an end', async () => {
    const trained = await unrolled(
      cwd,
      'train',
      'text.txt',
      '--out',
      'run',
      ...small,
      '--lr',
      '0.01',
      '--steps',
      '150',
    );
    expect(trained.code).toBe(0);
    const path = join('run', 'checkpoints', 'latest.safetensors');
    const greedy = ['sample', path, '--temperature', '0', '--prompt', 'she', '--length', '30'];
    const [one, two] = [await unrolled(cwd, ...greedy), await unrolled(cwd, ...greedy, '--seed', '9')];
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(two.stdout).toBe(one.stdout);
    const stopped = await unrolled(cwd, 'sample', 'run', '--stop', 's', '--length', '500');
    expect(stopped.stdout).toMatch(/^[^s]*s\n$/);
    const none = await unrolled(cwd, 'sample', 'run', '--prompt', 'sea', '--length', '0');
    expect(none.stdout).toBe('sea\n');
  });

  test('samples of several prompts equal those of each alone', async () => {
    const options = ['--seed', '3', '--length', '20'];
    file('prompts.txt', 'sea\r\n\nshore\n');
    const many = ['sample', 'run', '--prompt', 'she', '--prompts', 'prompts.txt', '--count', '30', ...options];
    const [json, plain] = await Promise.all([unrolled(cwd, ...many, '--json'), unrolled(cwd, ...many)]);
    expect(json).toMatchObject({ code: 0, stderr: '' });
    const samples = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(samples.map(({ prompt }) => prompt)).toEqual(['she', 'sea', 'shore'].flatMap((one) => Array(30).fill(one)));
    expect(samples.map(({ seed }) => seed)).toEqual(samples.map((_, i) => 3 + i));
    expect(plain.stdout).toBe(
      samples.map(({ prompt, text }, i) => `── ${i + 1} · ${prompt}\n${prompt}${text}\n`).join(''),
    );
    for (const { prompt, seed, text } of [samples[0], samples[70]]) {
      const alone = await unrolled(cwd, 'sample', 'run', '--prompt', prompt, '--length', '20', '--seed', `${seed}`);
      expect(alone.stdout).toBe(`${prompt}${text}\n`);
    }
    const wrong = await unrolled(cwd, 'sample', 'run', '--prompt', 'she', '--prompt', 'Q');
    expectComplaint(wrong, 1, "prompt 2 ('Q')", 'U+0051', 'vocabulary');
    expect(wrong.stdout).toBe('');
    expectComplaint(await unrolled(cwd, 'sample', 'run', '--prompts', 'nowhere.txt'), 1, 'nowhere.txt');
  });

  test('eval of several texts reports each, and the mean weighted by tokens', async () => {
    file('first.txt', 'she sells sea shells');
    file('second.txt', 'shells by the shore of the sea');
    const texts = ['first.txt', 'second.txt'];
    const [json, shown, alone] = await Promise.all([
      unrolled(cwd, 'eval', 'run', ...texts, '--json'),
      unrolled(cwd, 'eval', 'run', ...texts),
      unrolled(cwd, 'eval', 'run', 'second.txt', '--json'),
    ]);
    const all = JSON.parse(json.stdout);
    expect(all.texts.map(({ path }: { path: string }) => path)).toEqual(texts);
    const { type: _, task, ...second } = JSON.parse(alone.stdout);
    expect(task).toBe('language-model');
    expect(all.texts[1]).toEqual({ path: 'second.txt', ...second });
    const [a, b] = all.texts;
    expect(all.tokens).toBe(a.tokens + b.tokens);
    expect(all.loss).toBeCloseTo((a.loss * a.tokens + b.loss * b.tokens) / all.tokens, 12);
    expect(shown.stdout).toMatch(/^text .*\nfirst.txt .*\nsecond.txt .*\nall /);
    expect(shown.stdout.split('\n')[3]).toContain(all.natsPerCharacter.toFixed(4));
  });

  test('eval leaves out unknown characters, and reports them', async () => {
    file('strange.txt', text.replaceAll('shore', 'sh0r€'));
    await unrolled(cwd, 'train', 'text.txt', '--out', 'new', ...small, '--steps', '5');
    const ended = await unrolled(cwd, 'eval', 'new', 'strange.txt');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/unknown characters were left out: '0' \(U\+0030\) ×\d+, '€' \(U\+20AC\)/);
  });
});
