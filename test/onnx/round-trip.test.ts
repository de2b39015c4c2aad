import { type Device, openDevice, type Tensor } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import { openOnnx, toOnnx } from 'unrolled/onnx';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cases, refused } from './models.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('wasm', { threads: 1 });
  useDevice(device);
});
afterAll(() => device.close());

/** Outputs in order, flat. */
async function outputsOf(result: unknown): Promise<Float32Array[]> {
  const list = Array.isArray(result) ? result : [result];
  return list.map(({ data }: { data: ArrayLike<number> }) => Float32Array.from(data));
}

describe('a model written to ONNX and opened again computes the same', () => {
  test.each(Object.entries(cases))('%s', async (_, make) => {
    const { model, inputs, options } = make();
    const given = inputs.map(({ shape, data }) =>
      device.tensor(data, shape, data instanceof Int32Array ? 'int32' : undefined),
    );
    const expected = await outputsOf(await model.predict((given.length === 1 ? given[0] : given) as never));
    const opened = await openOnnx(device, await toOnnx(model, options));
    const named: Record<string, Tensor> = Object.fromEntries(opened.inputs.map(({ name }, i) => [name, given[i]]));
    const outputs = Object.values(opened.run(named));
    expect(outputs.length).toBe(expected.length);
    for (const [i, y] of outputs.entries()) {
      const numbers = y.data();
      expect(numbers.length).toBe(expected[i].length);
      expect(Math.max(...Array.from(numbers, (n, j) => Math.abs(n - expected[i][j])))).toBeLessThan(2e-5);
    }
  });
});

test.each(Object.entries(refused))('%s is refused by name', async (_, { model, names }) => {
  await expect(toOnnx(model())).rejects.toThrow(names);
});
