import { expect, test } from 'vitest';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { ngramLadder } from './ladder.ts';

const ladderOf = (text: string) => {
  const tokenizer = tokenizerFor('char', text);
  return ngramLadder(tokenizer.encode(text), tokenizer.size);
};

test('of "hello": four letters alike, and in the end nothing is left open', () => {
  const { nats, on } = ladderOf('hello');
  expect(on).toBe('text');
  expect(nats[0]).toBeCloseTo(Math.log(4), 12);
  expect(nats[2]).toBeCloseTo(Math.log(2) / 2, 12);
  expect(nats[3]).toBe(0);
});

test('of a text that repeats: on the part that validates, each rung lower than the last', () => {
  const { nats, on } = ladderOf('she sells sea shells by the sea shore; '.repeat(20));
  expect(on).toBe('validation');
  expect(nats).toHaveLength(6);
  expect(nats.toSorted((a, b) => b - a)).toEqual(nats);
});
