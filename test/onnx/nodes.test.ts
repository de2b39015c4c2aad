import { readFileSync } from 'node:fs';
import { type Device, openDevice, type Tensor } from 'unrolled';
import { openOnnx } from 'unrolled/onnx';
import { describe, expect, test } from 'vitest';
import { encodeNode, nodeCases } from './node-models.ts';

const recorded: Readonly<Record<string, readonly { shape: number[]; data: number[] }[]>> = JSON.parse(
  readFileSync(new URL('../golden/onnx-nodes.json', import.meta.url), 'utf8'),
);

test('everything is recorded', () => {
  expect(Object.keys(recorded)).toEqual(Object.keys(nodeCases));
});

describe.each(['wasm', 'reference'] as const)('on %s a node computes what onnxruntime does', (backend) => {
  const opening = openDevice(backend, backend === 'wasm' ? { threads: 1 } : {});
  const run = async (device: Device, name: string) => {
    const one = nodeCases[name]();
    const model = await openOnnx(device, encodeNode(one));
    const inputs: Record<string, Tensor> = {};
    one.inputs.forEach((given, i) => {
      if (given?.isInput) inputs[`in${i}`] = device.tensor(given.data, given.shape);
    });
    return model.run(inputs);
  };
  test.each(Object.keys(nodeCases))('%s', async (name) => {
    const outputs = await run(await opening, name);
    recorded[name].forEach(({ shape, data }, i) => {
      const y = outputs[`out${i}`];
      expect(y.shape).toEqual(shape);
      const numbers = y.data();
      expect(Math.max(0, ...data.map((n, j) => Math.abs(n - numbers[j])))).toBeLessThan(1e-5);
    });
  });
});
