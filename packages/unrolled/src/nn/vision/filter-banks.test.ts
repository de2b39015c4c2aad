import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ShapeError } from '../../errors.ts';
import { createDevice } from '../../ops/create-device.ts';
import { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkGradients } from '../check-gradients.ts';
import { initialiseParameters } from '../layer.ts';
import { FilterAttention } from './filter-attention.ts';
import { type FilterPlacement, gaussianBank, readPatches, writePatches } from './filter-banks.ts';

const device = createDevice(referenceBackend());

function picture(shape: readonly number[], seed = 1): Tensor {
  const random = new Random(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return device.tensor(
    Array.from({ length: size }, () => random.uniform()),
    shape,
  );
}

const placed = (centre: number, stride: number, deviation: number): FilterPlacement => {
  return { centre: device.tensor([centre]), stride: device.tensor([stride]), deviation: device.tensor([deviation]) };
};

const largest = (x: Tensor): number => Math.max(...Array.from(x.data(), Math.abs));

describe('Gaussian filter banks', () => {
  test('each filter sums to 1 within the image, and to at most 1 wherever it lies', () => {
    const random = new Random(4);
    for (let i = 0; i < 200; i++) {
      const [extent, count] = [1 + random.below(30), 1 + random.below(7)];
      const centre = 4 * extent * (random.uniform() - 0.4);
      const [stride, deviation] = [5 * random.uniform(), 0.02 + 4 * random.uniform()];
      const sums = [
        ...gaussianBank(placed(centre, stride, deviation), count, extent)
          .sum({ axes: -1 })
          .data(),
      ];
      for (const [k, sum] of sums.entries()) {
        expect(sum).toBeLessThanOrEqual(1 + 1e-12);
        const middle = centre + (k - (count - 1) / 2) * stride;
        // Five deviations beyond the border nothing is left of a filter.
        if (middle >= 0 && middle <= extent - 1 && deviation > 0.3) expect(sum).toBeCloseTo(1, 10);
      }
    }
    expect(largest(gaussianBank(placed(-1000, 1, 1), 3, 9))).toBe(0);
  });

  test('are normal densities around evenly spaced centres', () => {
    const [g, stride, deviation, N, extent] = [3.2, 1.7, 0.9, 4, 9];
    const bank = gaussianBank(placed(g, stride, deviation), N, extent).data();
    for (let i = 0; i < N; i++) {
      const middle = g + (i - 1.5) * stride;
      const weights = Array.from({ length: extent }, (_, a) => Math.exp(-((a - middle) ** 2) / (2 * deviation ** 2)));
      const sum = weights.reduce((total, one) => total + one, 0);
      for (const [a, weight] of weights.entries()) expect(bank[i * extent + a]).toBeCloseTo(weight / sum, 10);
    }
  });

  test.each([1, 2, 3, 7, 16])('%d filters on as many pixels read an image as it is, and write it back', (N) => {
    const along = placed((N - 1) / 2, 1, 0.05);
    const bank = gaussianBank(along, N, N);
    const banks = { rows: bank, columns: bank };
    const x = picture([1, N, N]);
    const patch = readPatches(x, banks);
    expect(largest(patch.sub(x))).toBeLessThan(1e-12);
    expect(largest(writePatches(patch, banks).sub(x))).toBeLessThan(1e-12);
  });

  test('patches are F_y x F_xᵀ, also of images whose sides differ', () => {
    const [rows, columns] = [gaussianBank(placed(2, 1.3, 0.8), 3, 5), gaussianBank(placed(3.5, 2, 1.1), 2, 8)];
    const image = picture([1, 5, 8], 3);
    const patch = readPatches(image, { rows, columns });
    expect(patch.shape).toEqual([1, 3, 2]);
    const [f, g, x] = [rows.data(), columns.data(), image.data()];
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 2; j++) {
        let sum = 0;
        for (let a = 0; a < 5; a++) for (let b = 0; b < 8; b++) sum += f[i * 5 + a] * x[a * 8 + b] * g[j * 8 + b];
        expect(patch.data()[i * 2 + j]).toBeCloseTo(sum, 10);
      }
    }
  });

  test('writing is the adjoint of reading: ⟨read(x), w⟩ = ⟨x, write(w)⟩', () => {
    const banks = { rows: gaussianBank(placed(1, 2.2, 0.9), 4, 6), columns: gaussianBank(placed(4, 0.7, 1.4), 3, 9) };
    const [x, w] = [picture([1, 6, 9], 5), picture([1, 4, 3], 6)];
    const left = readPatches(x, banks).mul(w).sum().item();
    expect(left).toBeCloseTo(x.mul(writePatches(w, banks)).sum().item(), 10);
  });

  test('banks for images of another size are refused', () => {
    const bank = gaussianBank(placed(1, 1, 1), 2, 4);
    expect(() => readPatches(picture([1, 4, 5]), { rows: bank, columns: bank })).toThrow(ShapeError);
    expect(() => readPatches(picture([2, 4, 4]), { rows: bank, columns: bank })).toThrow(/need banks \[2, N, 4\]/);
  });
});

describe('filter attention', () => {
  const attention = new FilterAttention({ filters: 3, height: 6, width: 9 });
  const parameters = initialiseParameters(
    { build: (shape: readonly number[], declarations) => attention.build(shape, declarations) },
    [-1, 4],
    device,
    2,
  );

  test('begins in the middle, with filters that tile the longer side', () => {
    const { vertical, horizontal } = attention.apply(device.zeros([1, 4]));
    expect(vertical.centre.item()).toBeCloseTo(2.5, 10);
    expect(horizontal.centre.item()).toBeCloseTo(4, 10);
    expect(vertical.stride.item()).toBeCloseTo(3, 10);
    expect(vertical.deviation.item()).toBeCloseTo(1.5, 10);
  });

  test('where it looks has a gradient', async () => {
    const [h, x] = [picture([2, 4], 7), picture([2, 6, 9], 8)];
    const { error } = await checkGradients(parameters, () => {
      const focus = attention.apply(h);
      return writePatches(readPatches(x, focus).mul(focus.intensity), focus).square().sum();
    });
    expect(error).toBeLessThan(1e-6);
  });
});
