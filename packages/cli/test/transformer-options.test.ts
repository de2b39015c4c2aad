import { expect, test } from 'vitest';
import { Failure } from '../src/failure.ts';
import { forModel, type ModelRules, type TransformerFlags, transformerBlocks } from '../src/options/transformer.ts';

type Options = TransformerFlags & typeof defaults;
const defaults = { cell: 'lstm', hidden: 256, embedding: 64, layers: 1, dropout: 0.1, forward: false };
const rules: ModelRules<Options> = { defaults, transformer: { layers: 3 }, recurrent: ['forward'] };
const transformer = { model: 'transformer' } as const;

test('a Transformer has defaults of its own, and embeddings as wide as it is', () => {
  expect(forModel(transformer, rules)).toEqual({ ...transformer, layers: 3, hidden: 256, embedding: 256 });
  expect(forModel({ ...transformer, hidden: 32, layers: 1 }, rules)).toMatchObject({ embedding: 32, layers: 1 });
  expect(forModel(transformer, { ...rules, mapsEmbeddings: true })).toEqual({ ...transformer, layers: 3 });
  expect(forModel({ hidden: 8 }, rules)).toEqual({ hidden: 8 });
});

test('all options of a run that is resumed are given again', () => {
  const stored: Options = { ...defaults, ...forModel({ ...transformer, heads: 2 }, rules) };
  expect(forModel(stored, rules)).toEqual(stored);
  expect(forModel(defaults, rules)).toEqual(defaults);
});

test.each([
  [{ ...transformer, cell: 'gru' }, '--cell is for recurrent layers; leave it out, or leave out --model transformer'],
  [{ ...transformer, forward: true }, '--forward is for recurrent layers'],
  [{ ...transformer, embedding: 8 }, "a Transformer's embeddings are as wide as --hidden, 256"],
  [{ feedForward: 8 }, '--feed-forward is for Transformers; add --model transformer'],
] as [Partial<Options>, string][])('%j is refused', (said, message) => {
  expect(() => forModel(said, rules)).toThrow(Failure);
  expect(() => forModel(said, rules)).toThrow(message);
});

test.each([
  [{ heads: 3 }, '--hidden 16 is no multiple of --heads 3'],
  [{ heads: 16 }, 'rotary positions need heads of an even width; --hidden 16 and --heads 16 give 1'],
  [{ groups: 3 }, '--heads 4 is no multiple of --groups 3'],
])('blocks with %j are refused', (flags, message) => {
  expect(() => transformerBlocks({ layers: 1, hidden: 16, dropout: 0, ...flags })).toThrow(message);
});
