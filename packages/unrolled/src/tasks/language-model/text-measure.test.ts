import { describe, expect, test } from 'vitest';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { measureText, spellingCost } from './text-measure.ts';

const text = `${'the cat sat, the dog sat; the naïve 🙂 zebra sat.\n'.repeat(2)}quagga the sat okapi`;

describe('a measured text', () => {
  test.each(['char', 'word', 'bpe'] as const)('of %s tokens has all its characters, in parts as in one', (kind) => {
    const tokenizer = tokenizerFor(kind, text, kind === 'bpe' ? 280 : undefined);
    const ids = tokenizer.encode(text);
    const whole = measureText(tokenizer, text, ids);
    expect(whole).toMatchObject({ tokens: ids.length, characters: [...text].length });
    if (kind === 'bpe') return;
    const parts = [measureText(tokenizer, text, ids, 0, 7), measureText(tokenizer, text, ids, 7)];
    for (const name of ['tokens', 'characters', 'unknown'] as const) {
      expect(parts[0][name] + parts[1][name]).toBe(whole[name]);
    }
    expect(parts[0].spelling + parts[1].spelling).toBeCloseTo(whole.spelling, 9);
  });

  test('charges unknown words with their spelling', () => {
    const tokenizer = tokenizerFor('word', text);
    const { unknown, spelling } = measureText(tokenizer, text, tokenizer.encode(text));
    // `\n` comes twice, so all that is unknown are the two words that come once.
    expect(unknown).toBe(2);
    const cost = spellingCost(tokenizer.vocabulary.slice(1));
    expect(spelling).toBeCloseTo(cost('quagga') + cost(' okapi'), 9);
  });
});

test('the probabilities of spelling add up to 1 over what may come next', () => {
  const vocabulary = ['ab', 'ba', 'abc'];
  const cost = spellingCost(vocabulary);
  const end = Math.exp(-cost(''));
  const next = ['a', 'b', 'c'].map((letter) => Math.exp(-cost(letter)) / end);
  const unseen = (0x110000 * Math.exp(-cost('z'))) / end;
  expect([...next, unseen].reduce((sum, p) => sum + p, end)).toBeCloseTo(1, 9);
});
