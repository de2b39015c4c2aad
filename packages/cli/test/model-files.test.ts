import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import { decodePytorch, decodeSafetensors, encodePytorch, stateDictOf } from 'unrolled/io';
import { dense, embedding, exportKeras, input, loadModel, lstm, sequential } from 'unrolled/keras';
import { Classifier } from 'unrolled/tasks/classify';
import { tokenizerFor } from 'unrolled/tokenizers';
import { encodeModel, storeModel } from 'unrolled/train';
import { afterAll, expect, test } from 'vitest';
import { exportCommand } from '../src/commands/export.ts';
import { importCommand } from '../src/commands/import.ts';
import { inspectCommand } from '../src/commands/inspect.ts';
import { workplace } from './command.ts';
import { printedBy } from './in-process.ts';

const { path: cwd } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);

/** A small model in a file of the library. */
async function saved(): Promise<string> {
  const model = sequential([lstm({ units: 3 }), dense({ units: 2, activation: 'softmax' })]);
  model.buildShape([null, 4]);
  writeFileSync(at('my.safetensors'), await model.save());
  return at('my.safetensors');
}

test('a state dict of PyTorch becomes a safetensors file, and weights of a model a state dict', async () => {
  const tensors = { 'lstm.weight': { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } };
  writeFileSync(at('weights.pt'), encodePytorch(tensors));
  expect(await printedBy(inspectCommand(), at('weights.pt'))).toContain('lstm.weight  float32  [2, 2]');
  await printedBy(importCommand(), at('weights.pt'), at('out/weights.safetensors'));
  expect(decodeSafetensors(readFileSync(at('out/weights.safetensors'))).tensors).toEqual(tensors);
  const model = await saved();
  await printedBy(exportCommand(), model, at('model.pt'));
  expect(Object.keys(stateDictOf(decodePytorch(readFileSync(at('model.pt')))))).toContain('dense/kernel');
});

test('a model goes to Keras and TensorFlow.js and back with the same outputs', async () => {
  const file = await saved();
  const x = { shape: [1, 2, 4], data: [0.5, -1, 2, 0.25, 1, 0, -0.5, 1] };
  const [expected] = [await loadModel(readFileSync(file)).predict(x)];
  for (const name of ['my.keras', 'my.h5', 'web/model.json']) {
    await printedBy(exportCommand(), file, at(name));
    expect(await printedBy(inspectCommand(), at(name))).toContain('Everything in it can be opened.');
    await printedBy(importCommand(), at(name), at('again.safetensors'));
    expect(await loadModel(readFileSync(at('again.safetensors'))).predict(x), name).toEqual(expected);
  }
});

test('a model is written to ONNX, whose nodes inspect lists', async () => {
  const model = await saved();
  await printedBy(exportCommand(), model, at('model.onnx'));
  const printed = await printedBy(inspectCommand(), at('model.onnx'));
  expect(printed).toMatch(/ONNX of unrolled, operator set 17, \d+ numbers/);
  expect(printed).toMatch(/LSTM.*MatMul.*Softmax.*Everything in it can be opened/s);
  await expect(printedBy(importCommand(), at('model.onnx'))).rejects.toThrow('openOnnx');
});

test('a model file of another program is exported as it is, and masks only where they may become lengths', async () => {
  const masked = sequential([
    input({ shape: [null], dtype: 'int32' }),
    embedding({ inputDim: 9, outputDim: 3, maskZero: true }),
    lstm({ units: 2 }),
  ]);
  writeFileSync(at('masked.keras'), await exportKeras(masked, 'keras'));
  const x = { shape: [2, 3], data: [3, 1, 0, 4, 0, 0] };
  const expected = await masked.predict(x);
  await printedBy(exportCommand(), at('masked.keras'), at('masked.h5'));
  await printedBy(exportCommand(), at('masked.h5'), at('tfjs/model.json'));
  await printedBy(exportCommand(), at('tfjs/model.json'), at('back.safetensors'));
  expect(await loadModel(readFileSync(at('back.safetensors'))).predict(x)).toEqual(expected);
  const written = printedBy(exportCommand(), at('masked.keras'), at('masked.onnx'));
  await expect(written).rejects.toThrow('--right-padded');
  expect(await printedBy(exportCommand(), at('masked.keras'), at('masked.onnx'), '--right-padded')).toMatch(/bits\n$/);
  await expect(printedBy(exportCommand(), at('masked.onnx'), at('masked.h5'))).rejects.toThrow('openOnnx');
  writeFileSync(at('alone.pt'), encodePytorch({ w: { shape: [1], data: Float32Array.of(1) } }));
  await expect(printedBy(exportCommand(), at('alone.pt'), at('alone.keras'))).rejects.toThrow(
    'weights without a model',
  );
});

test('models of tasks that are one network are written to ONNX, others are refused by the name of the task', async () => {
  const device = await openDevice('reference');
  const config = { cell: 'gru', hidden: 3, layers: 1, embedding: 2, dropout: 0, bidirectional: false } as const;
  const classifier = new Classifier(device, tokenizerFor('char', 'ab'), ['x', 'y'], {
    ...config,
    pooling: 'mean',
    maxLength: 9,
  });
  const stored = await storeModel(classifier, 3);
  writeFileSync(at('classifier.safetensors'), encodeModel(stored));
  const printed = await printedBy(exportCommand(), at('classifier.safetensors'), at('classifier.onnx'));
  expect(printed).toContain('after 3 updates');
  expect(await printedBy(inspectCommand(), at('classifier.onnx'))).toMatch(/ids +input, int32.*GRU.*probabilities/s);
  writeFileSync(
    at('other.safetensors'),
    encodeModel({ ...stored, model: { ...classifier.describe(), task: 'translate' } }),
  );
  await expect(printedBy(exportCommand(), at('other.safetensors'), at('other.onnx'))).rejects.toThrow(
    "task 'translate'",
  );
});

test('a file is neither written over another kind nor in a format that is not known', async () => {
  const model = await saved();
  await expect(printedBy(exportCommand(), model, at('text.txt'))).rejects.toThrow('its ending names no format');
  writeFileSync(at('notes.pt'), 'not a model');
  await expect(printedBy(exportCommand(), model, at('notes.pt'))).rejects.toThrow('refusing to overwrite');
  writeFileSync(at('weights.pt'), encodePytorch({ w: { shape: [1], data: Float32Array.of(1) } }));
  await expect(printedBy(importCommand(), at('weights.pt'), at('text.txt'))).rejects.toThrow('refusing to overwrite');
  await expect(printedBy(inspectCommand(), at('text.txt'))).rejects.toThrow('of no format that is read here');
  await expect(printedBy(exportCommand(), model, at('model.pt'), '--half')).rejects.toThrow('--half');
  mkdirSync(at('shards'));
  writeFileSync(at('shards/group1-shard1of1.bin'), 'of another model');
  await expect(printedBy(exportCommand(), model, at('shards/model.json'))).rejects.toThrow('refusing to overwrite it');
  expect(readFileSync(at('shards/group1-shard1of1.bin'), 'utf8')).toBe('of another model');
});
