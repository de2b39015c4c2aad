import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { small, text, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

describe('train, sample, eval', () => {
  test.concurrent.each([
    ['lstm', 'char'],
    ['gru', 'char'],
    ['rnn', 'char'],
    ['mingru', 'char'],
    ['lstm', 'word'],
    ['gru', 'word'],
  ])('%s with %s tokens', async (cell, tokens) => {
    const run = `${cell} ${tokens}`;
    const kind = ['--cell', cell, '--tokens', tokens, '--lr', '0.01', '--steps', '200'];
    const trained = await unrolled(cwd, 'train', 'text.txt', '--out', run, ...small, ...kind);
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toContain(tokens === 'word' ? 'different words' : 'different characters');

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

  test('eval leaves out what the model does not know, and says so', async () => {
    file('strange.txt', text.replaceAll('shore', 'sh0r€'));
    await unrolled(cwd, 'train', 'text.txt', '--out', 'new', ...small, '--steps', '5');
    const ended = await unrolled(cwd, 'eval', 'new', 'strange.txt');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(
      /characters the model does not know were left out: '0' \(U\+0030\) ×\d+, '€' \(U\+20AC\)/,
    );
  });
});
