import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { type CellSource, defineCell } from '../../nn/cells/index.ts';
import type { Device } from '../../tensor/device.ts';
import { createTokenizer, tokenizerFor } from '../../tokenizers/index.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { evaluateTexts } from './evaluate-texts.ts';
import { generate, generateText, generateTogether, type StreamPiece } from './generate.ts';
import { LanguageModel } from './model.ts';

/** Untrained models are near even: boldness gives their texts something to differ by. */
const temperature = 0.2;

const leaky = defineCell({
  name: 'leaky',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden), square: zeros(2, 2) }),
  step(x, { h, square }, { linear }) {
    const next = h.mul(0.9).add(linear('in', [x, h]).tanh());
    return { output: next, state: { h: next, square: square.add(1) } };
  },
});

function newModel(device: Device, cell: CellSource): LanguageModel {
  const tokenizer = tokenizerFor('char', 'abcde\n');
  return new LanguageModel(device, tokenizer, { cell, hidden: 11, layers: 2, embedding: 5, dropout: 0.3 }, 3);
}

/** What each stream writes, when all write together. */
async function together(model: LanguageModel, options: Parameters<typeof generateTogether>[1]): Promise<string[]> {
  const texts = options.prompts.map(() => '');
  for await (const { stream, piece } of generateTogether(model, options)) texts[stream] += piece;
  return texts;
}

const alone = (
  model: LanguageModel,
  { prompts, seed = 1, ...more }: Parameters<typeof generateTogether>[1],
): Promise<string[]> =>
  Promise.all(prompts.map((prompt, i) => generateText(model, { prompt, seed: seed + i, ...more })));

const devices = [
  await openDevice('reference'),
  await openDevice('wasm', { threads: 1 }),
  await openDevice('wasm', { threads: 2 }),
] as const;
afterAll(() => {
  for (const device of devices) device.close();
});

describe.each([
  ['reference', devices[0]],
  ['wasm', devices[1]],
  ['wasm on two threads', devices[2]],
])('on %s', (_, device) => {
  test.each<[string, CellSource]>([
    ['lstm', 'lstm'],
    ['gru', 'gru'],
    ['mut1', 'mut1'],
    ['one of your own', leaky],
  ])('a stream writes among others what it writes alone: %s', async (_, cell) => {
    const model = newModel(device, cell);
    const prompt = fc.string({ unit: fc.constantFrom(...'abcde\n'), maxLength: 9 });
    const options = fc.record({
      prompts: fc.array(prompt, { maxLength: 7 }),
      seed: fc.nat(),
      length: fc.nat(12),
      stop: fc.constantFrom(undefined, 'a', 'bc'),
      topK: fc.constantFrom(0, 3),
    });
    await fc.assert(
      fc.asyncProperty(options, async (some) => {
        const all = { ...some, temperature };
        expect(await together(model, all)).toEqual(await alone(model, all));
      }),
      { numRuns: 10 },
    );
  });

  test('also after prompts that are read in several parts, in other parts alone', async () => {
    const model = newModel(device, 'gru');
    const prompts = Array.from({ length: 20 }, (_, i) =>
      'abcde'.repeat(60).slice(0, [300, 299, 1, 205, 206, 0, 257][i % 7]),
    );
    const options = { prompts, length: 4, temperature };
    expect(await together(model, options)).toEqual(await alone(model, options));
  });
});

describe('streams', () => {
  const model = newModel(devices[0], 'lstm');

  test('write a token each, one after the other, until they meet the end', async () => {
    const options = { prompts: ['a', 'bcd', ''], length: 40, seed: 5, stop: 'a', temperature };
    const pieces: StreamPiece[] = [];
    for await (const piece of generateTogether(model, options)) pieces.push(piece);
    const lengths = (await alone(model, options)).map((text) => text.length);
    expect(new Set(lengths).size).toBeGreaterThan(1);
    const order = Array.from({ length: 40 }, (_, t) => [0, 1, 2].filter((stream) => t < lengths[stream])).flat();
    expect(pieces.map(({ stream }) => stream)).toEqual(order);
  });

  test('continue after the scope they were started in has ended', async () => {
    const [expected] = await alone(model, { prompts: ['ab'], length: 6 });
    const pieces = generate(model, { prompt: 'ab', length: 6 });
    const [first] = devices[0].scope(() => [pieces.next()]);
    let text = (await first).value ?? '';
    for await (const piece of pieces) text += piece;
    expect(text).toBe(expected);
  });

  test('of no prompts write nothing; what cannot be read is named', async () => {
    expect(await together(model, { prompts: [] })).toEqual([]);
    await expect(together(model, { prompts: ['a', 'Ω'] })).rejects.toThrow(
      "'Ω' (U+03A9) is not in the model's vocabulary",
    );
    await expect(together(model, { prompts: ['a'], length: -1 })).rejects.toThrow(
      'length must be a whole number from 0',
    );
  });
});

test('reading gives the state that applying gives, of rows of unequal lengths too', () => {
  const model = newModel(devices[0], 'lstm');
  const ids = devices[0].ids([0, 1, 2, 3, 4, 5], [3, 2]);
  const lengths = [3, 1];
  const flat = (state: ReturnType<LanguageModel['read']>) => state.map(({ h, c }) => [h.toArray(), c.toArray()]);
  expect(flat(model.read(ids, { lengths }))).toEqual(flat(model.apply(ids, undefined, { lengths }).state));
  const short = devices[0].ids([1], [1, 1]);
  expect(flat(model.read(short)).map((parts) => parts.map((part) => (part as number[][])[0]))).toEqual(
    flat(model.read(ids, { lengths })).map((parts) => parts.map((part) => (part as number[][])[1])),
  );
});

describe('with a tokenizer whose texts begin and end', () => {
  const [device] = devices;
  const vocabulary = ['<s>', '</s>', '▁', 'a', 'b', 'ab'];
  const tokenizer = createTokenizer({
    ...{ kind: 'sentencepiece', vocabulary, merges: ['a b'], begin: 0, ends: [1], special: ['<s>', '</s>'] },
  });
  const model = new LanguageModel(
    device,
    tokenizer,
    { cell: 'gru', hidden: 5, layers: 1, embedding: 4, dropout: 0 },
    3,
  );
  const prompts = ['ab', '', 'b a', 'a'];

  test('a stream ends where the model ends the text, and the others go on as alone', async () => {
    const found = await together(model, { prompts, length: 40, seed: 3 });
    expect(found).toEqual(await alone(model, { prompts, length: 40, seed: 3 }));
    expect(new Set(found.map(({ length }) => length)).size).toBeGreaterThan(1);
    for (const text of found) expect(text).not.toContain('</s>');
    const pieces: number[] = [];
    for await (const { token } of generateTogether(model, { prompts, length: 400 })) pieces.push(token);
    expect(pieces).not.toContain(1);
    expect(pieces.length).toBeLessThan(4 * 400);
  });

  test('reads the token of the beginning before every text', async () => {
    const ids = [0, ...tokenizer.encode('ab')];
    const { logits } = model.apply(device.ids(ids, [ids.length, 1]));
    const last = [...logits.data()].slice(-vocabulary.length);
    const mass = last.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const [likely] = await model.predict(['ab'], { top: 6 });
    expect(likely.map(({ text }) => text).sort()).toEqual([' ', '</s>', '<s>', 'a', 'ab', 'b']);
    for (const { token, probability } of likely) expect(probability).toBeCloseTo(Math.exp(last[token]) / mass, 6);
  });

  test('scores all tokens of a text, the first given the beginning', async () => {
    const all = Int32Array.of(0, ...tokenizer.encode('abba'));
    const { loss, tokens } = await evaluateTexts(model, [{ text: 'abba' }]);
    expect(tokens).toBe(all.length - 1);
    expect(loss).toBeCloseTo((await evaluateLanguageModel(model, all)).loss, 6);
  });
});
