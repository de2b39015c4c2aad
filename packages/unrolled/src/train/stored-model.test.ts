import { expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { FormatError } from '../errors.ts';
import { decodeSafetensors } from '../io/safetensors.ts';
import { Classifier } from '../tasks/classify/index.ts';
import { evaluateLanguageModel, LanguageModel, languageModelTraining } from '../tasks/language-model/index.ts';
import { tokenizerFor } from '../tokenizers/index.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { decodeModel, encodeModel, isModelFile, modelOf, storeModel } from './stored-model.ts';
import { train } from './train.ts';

const device = await openDevice('wasm', { threads: 1 });
const text = 'she sells sea shells by the sea shore. '.repeat(30);
const tokenizer = tokenizerFor('char', text);
const tokens = tokenizer.encode(text);
const model = new LanguageModel(device, tokenizer, { cell: 'gru', hidden: 24, layers: 1, embedding: 8, dropout: 0 });
const task = languageModelTraining(model, tokens, { batch: 4, steps: 16, seed: 1 });
let checkpoint: Checkpoint | null = null;
for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 40 })) {
  if (event.type === 'checkpoint') checkpoint = event.checkpoint;
}
const lossOf = async (one: LanguageModel): Promise<number> => (await evaluateLanguageModel(one, tokens)).loss;

test('an exported model computes the same as its checkpoint, in a third of the bytes', async () => {
  const file = encodeModel(modelOf(checkpoint!));
  const whole = encodeCheckpoint(checkpoint!);
  const numbers = 4 * model.parameters.size;
  expect(file.length).toBeLessThan(numbers + 2000);
  expect(whole.length).toBeGreaterThan(3 * numbers);
  expect(decodeModel(whole)).toEqual(decodeModel(file));
  expect(decodeModel(file).step).toBe(40);
  const opened = LanguageModel.load(device, file);
  expect(await opened.parameters.save()).toEqual(await model.parameters.save());
  expect(await lossOf(opened)).toBe(await lossOf(model));
  expect([isModelFile(file), isModelFile(whole)]).toEqual([true, false]);
});

test('a model in memory is stored with the given number of updates', async () => {
  expect(encodeModel(await storeModel(model, 40))).toEqual(encodeModel(modelOf(checkpoint!)));
  expect(decodeModel(encodeModel(await storeModel(model))).step).toBe(0);
});

test('in float16 it is nearly the same, in half the room', async () => {
  const file = encodeModel(modelOf(checkpoint!), { half: true });
  expect(file.length).toBeLessThan(2 * model.parameters.size + 2000);
  const opened = LanguageModel.load(device, file);
  const [loss, before] = [await lossOf(opened), await lossOf(model)];
  expect(loss).not.toBe(before);
  expect(Math.abs(loss - before)).toBeLessThan(1e-3);
});

test('other files are refused with the reason', () => {
  const file = encodeModel(modelOf(checkpoint!));
  expect(() => decodeCheckpoint(file)).toThrow('the file holds unrolled model 1; expected unrolled checkpoint 1');
  expect(() => Classifier.load(device, file)).toThrow("a model of task 'language-model', not 'classify'");
  for (const place of [20, 200, file.length - 1]) {
    const altered = file.slice();
    altered[place] ^= 1;
    expect(() => decodeModel(altered)).toThrow(FormatError);
  }
  expect(decodeSafetensors(file).metadata.format).toBe('unrolled model 1');
});
