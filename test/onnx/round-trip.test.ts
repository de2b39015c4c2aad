import { type Device, openDevice } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import {
  Activation,
  initialiseParameters,
  Linear,
  Recurrent,
  type SequenceLayer,
  Sequential,
  TransformerDecoder,
} from 'unrolled/nn';
import { layerToOnnx, openOnnx, toOnnx } from 'unrolled/onnx';
import { LanguageModel, languageModelTask } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Numbers, refused } from './models.ts';
import { differenceOf, namedInputs, writtenModels } from './written.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('wasm', { threads: 1 });
  useDevice(device);
});
afterAll(() => device.close());

describe('a model written to ONNX and opened again computes the same', () => {
  test.each(Object.entries(writtenModels))('%s', async (_, make) => {
    const written = await make(device);
    const opened = await openOnnx(device, written.bytes);
    const difference = await differenceOf(written, async (inputs) =>
      Object.values(opened.run(namedInputs(device, opened, inputs))).map((y) => ({
        shape: y.shape,
        data: y.data() as Numbers['data'],
      })),
    );
    expect(difference).toBeLessThan(1e-5);
  });
});

test.each(Object.entries(refused))('%s is refused by name', async (_, { model, names }) => {
  await expect(toOnnx(model())).rejects.toThrow(names);
});

test.each(['mut1', 'nas', 'rhn', 'minlstm'])('a layer of the cell %s is refused by its name and path', async (cell) => {
  const layer = new Sequential({ first: new Linear({ units: 3 }), second: new Recurrent({ cell, hidden: 3 }) });
  const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
  await expect(layerToOnnx(layer, parameters, { input: [-1, -1, 2] })).rejects.toThrow(
    new RegExp(`the layer 'second' runs the cell '${cell}'`),
  );
});

test('a language model over a layer of your own, and a decoder about a memory, are refused by name', async () => {
  const same = new Activation({ kind: 'relu' });
  const sequence: SequenceLayer = {
    config: { layer: 'echo' },
    build: (input) => input,
    apply: (x) => x,
    initialState: () => [],
    run: (outputs) => ({ outputs, state: [] }),
  };
  const model = new LanguageModel(device, tokenizerFor('char', 'ab'), { sequence, embedding: 3, dropout: 0 });
  await expect(languageModelTask.toOnnx!(model)).rejects.toThrow("'echo' is neither recurrent nor a Transformer");
  const parameters = initialiseParameters(same, [-1, 3], device, 1);
  const { config } = new TransformerDecoder({ layers: 1, heads: 1, choices: 2 });
  await expect(layerToOnnx({ config }, parameters, { input: [-1, -1, 3] })).rejects.toThrow("'transformerDecoder'");
});
