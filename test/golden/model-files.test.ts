import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openDevice } from 'unrolled';
import { importKeras, importTfjs, inspectKeras, type Model, useDevice } from 'unrolled/keras';
import { beforeAll, describe, expect, test } from 'vitest';

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A model as another program saved it, and what it computed there. */
interface Recorded {
  readonly file: string;
  readonly config?: string;
  readonly weights?: string;
  readonly inputs: readonly Numbers[];
  readonly outputs: readonly Numbers[];
}

const folder = join(import.meta.dirname, 'model-files');
const read = (name: string): Recorded => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
const unpacked = (text: string): Buffer => gunzipSync(Buffer.from(text, 'base64'));
const recorded = globSync('*.json', { cwd: folder })
  .map((file) => basename(file, '.json'))
  .sort();
const [keras, tfjs] = ['keras', 'tfjs'].map((kind) => recorded.filter((name) => name.startsWith(kind)));

beforeAll(async () => useDevice(await openDevice('wasm', { threads: 1 })));

function open(name: string): Model<never> {
  const { file, config, weights } = read(name);
  if (name.startsWith('tfjs')) return importTfjs<never>(unpacked(file), () => unpacked(weights!)).model;
  return importKeras<never>(unpacked(file), config ? { config: unpacked(config).toString() } : {}).model;
}

async function expectOutputs(model: Model<never>, { inputs, outputs }: Recorded): Promise<void> {
  const given =
    model.inputForm === 'one'
      ? inputs[0]
      : model.inputForm === 'list'
        ? inputs
        : Object.fromEntries(model.inputNames.map((name, i) => [name, inputs[i]]));
  const result = (await model.predict(given)) as unknown as Numbers | readonly Numbers[];
  const results: readonly Numbers[] = 'shape' in result ? [result] : Object.values(result);
  expect(results.map(({ shape }) => shape)).toEqual(outputs.map(({ shape }) => shape));
  results.forEach(({ data }, k) => {
    const distance = Math.max(...Array.from(data, (value, i) => Math.abs(value - outputs[k].data[i])));
    expect(distance).toBeLessThan(2e-6);
  });
}

test('the recordings are there', () => {
  expect([keras.length, tfjs.length]).toEqual([14, 6]);
});

describe('models computed by Keras 3.15 and TensorFlow.js 4.22 compute the same here', () => {
  test.each([...keras.filter((name) => !name.includes('convlstm')), ...tfjs])('%s', async (name) => {
    await expectOutputs(open(name), read(name));
  });
});

test('a layer that the library lacks is refused by its name and class, and inspecting says so of that layer alone', () => {
  expect(() => open('keras-convlstm1d-keras')).toThrow(
    "layer 'conv_lstm1d' (ConvLSTM1D): it is not one of this library",
  );
  const { layers, problems, writer } = inspectKeras(unpacked(read('keras-convlstm1d-keras').file));
  expect(writer).toBe('Keras 3.15.1');
  expect(layers.map(({ kind, refused }) => [kind, refused !== null])).toEqual([
    ['InputLayer', false],
    ['ConvLSTM1D', true],
  ]);
  expect(problems).toEqual([]);
});
