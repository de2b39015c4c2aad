import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { wasmBackend } from '../backend/wasm/wasm-backend.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { createDevice } from './create-device.ts';
import { attention, attentionWeights, matmul, reshape, slice, transpose } from './index.ts';

const reference = createDevice(referenceBackend());
const random = (device: Device, shape: Shape, seed: number): Tensor => {
  const source = new Random(seed);
  return device.tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => source.normal()),
    shape,
  );
};

describe('attention', () => {
  test('of one head is softmax(q kᵀ/√D) v, as the weights that can be looked at say', () => {
    const [q, k, v] = [
      random(reference, [2, 4, 6], 1),
      random(reference, [2, 5, 3], 2),
      random(reference, [2, 5, 7], 3),
    ];
    const options = { heads: 2, groups: 1, causal: true, lengths: [5, 3] };
    const weights = attentionWeights(q, k, options); // [B, H, T, S]
    const values = reshape(matmul(reshape(weights, [2, 8, 5]), v), [2, 2, 4, 7]);
    const expected = reshape(transpose(values, [0, 2, 1, 3]), [2, 4, 14]).data();
    attention(q, k, v, options)
      .data()
      .forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 12);
      });
    const sums = weights.sum({ axes: [-1] }).data();
    for (const sum of sums) expect(sum).toBeCloseTo(1, 12);
  });

  test('a query has the same bits alone as among others, and for any number of threads', async () => {
    const run = async (threads: number) => {
      const device = createDevice(await wasmBackend({ threads, parallelFrom: 0 }));
      const T = 300;
      const inputs = [1, 2, 3].map((seed) => random(device, [2, T, 40], seed));
      const whole = attention(inputs[0], inputs[1], inputs[2], { heads: 2, causal: true });
      for (const t of [0, 57, 130, 299]) {
        const [q, k, v] = inputs.map((x, i) => slice(x, 1, i === 0 ? t : 0, t + 1));
        const alone = attention(q, k, v, { heads: 2, causal: true });
        expect([...alone.data()]).toEqual([...slice(whole, 1, t, t + 1).data()]);
      }
      const values = [...whole.data()];
      device.close();
      return values;
    };
    expect(await run(3)).toEqual(await run(1));
  });

  test('needs memory that grows with T, not with T²', async () => {
    const device = createDevice(await wasmBackend({ threads: 1 }));
    const T = 8192;
    const [q, k, v] = [1, 2, 3].map((seed) => random(device, [1, T, 8], seed));
    const before = device.backend.memory().bytes;
    attention(q, k, v, { causal: true });
    expect(device.backend.memory().peakBytes - before).toBeLessThan(4 * T * 64);
    device.close();
  });

  test('says what does not fit', () => {
    const [q, k] = [random(reference, [1, 2, 6], 1), random(reference, [1, 3, 6], 2)];
    expect(() => attention(q, k, k, { heads: 4 })).toThrow(ShapeError);
    expect(() => attention(q, k, k, { heads: 3, groups: 2 })).toThrow(ConfigError);
    expect(() => attention(q, k, k, { heads: 2, groups: 1 })).toThrow('a head of q is not as wide as one of k');
    expect(() => attention(q, k, k, { lengths: [4] })).toThrow('lengths [4] are not 1 numbers from 0 to 3');
    expect(() => attention(q, k, k, { mask: reference.zeros([1, 1, 2, 2]) })).toThrow('the mask must be');
    expect(() => attention(q, k, k, { mask: reference.zeros([1, 1, 2, 3]).track() })).toThrow('a mask has no gradient');
  });
});
