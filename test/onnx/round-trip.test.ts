import { type Device, openDevice } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import { initialiseParameters, Linear, Recurrent, Sequential } from 'unrolled/nn';
import { layerToOnnx, openOnnx, toOnnx } from 'unrolled/onnx';
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
