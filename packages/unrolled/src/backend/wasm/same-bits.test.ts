import { afterAll, describe, expect, test } from 'vitest';
import type { Backend, Block, TypedArray } from '../backend.ts';
import { elementwiseCases } from '../conformance/elementwise.ts';
import { imageCases } from '../conformance/images.ts';
import { Lab, runCase } from '../conformance/lab.ts';
import { learningCases } from '../conformance/learning.ts';
import { productCases } from '../conformance/products.ts';
import {
  backwardLayer,
  cells,
  everything,
  forwardLayer,
  gradientsOf,
  layerInputs,
  recurrenceCases,
} from '../conformance/recurrence.ts';
import { rowCases } from '../conformance/rows.ts';
import { scanCases } from '../conformance/scan.ts';
import { detectFeatures } from './detect.ts';
import { wasmBackend } from './wasm-backend.ts';

const { relaxed, shared } = detectFeatures();
const builds = relaxed ? (['simd', 'relaxed'] as const) : (['simd'] as const);
if (!relaxed) console.warn('not tested: relaxed SIMD: this engine has none');

const bits = (values: TypedArray) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

describe.each(builds)('%s', (simd) => {
  const opened: Backend[] = [];
  const open = async (threads: number) => {
    opened.push(await wasmBackend({ simd, threads, parallelFrom: 0 }));
    return opened[opened.length - 1];
  };
  afterAll(() => {
    for (const backend of opened) backend.close();
  });

  test.runIf(shared === true)('1, 2 and 4 threads give the same bits, whatever they do', async () => {
    const [one, two, four] = [await open(1), await open(2), await open(4)];
    const cases = [
      ...elementwiseCases,
      ...rowCases,
      ...productCases,
      ...imageCases,
      ...recurrenceCases,
      ...scanCases,
      ...learningCases,
    ];
    for (const each of cases) {
      const expected = Object.values(await runCase(each, one)).map(bits);
      expect(Object.values(await runCase(each, two)).map(bits), each.name).toEqual(expected);
      expect(Object.values(await runCase(each, four)).map(bits), each.name).toEqual(expected);
    }
  });

  describe.each(Object.entries(cells))('%s', (_, cell) => {
    test.each([
      { T: 5, B: 7, F: 6, H: 9 },
      { T: 1, B: 12, F: 40, H: 33 },
      { T: 3, B: 5, F: 3, H: 300 },
    ])('a row has the same bits alone as in a batch, T $T B $B F $F H $H', async ({ T, B, F, H }) => {
      const backend = opened[0] ?? (await open(1));
      const whole = { cell, T, B, F, H, reverse: false, lengths: null, bias: true };
      const lab = new Lab(backend, 8);
      const inputs = layerInputs(lab, whole);
      const layer = forwardLayer(lab, whole, inputs);
      backend.recurrent(layer);
      const backward = backwardLayer(lab, whole, layer, everything);
      const outside = { dh: backward.dh, dhFinal: backward.dhFinal, dcFinal: backward.dcFinal };
      backend.recurrentGrad(backward);

      const rowOf = (block: Block, row: number) => rowsOf(backend.readSync(block), block.shape, row);
      for (const row of [0, 3, B - 1]) {
        const spec = { ...whole, B: 1 };
        const alone = forwardLayer(lab, spec, {
          ...inputs,
          x: rowsOf(inputs.x, [T, B, F], row),
          h0: rowsOf(inputs.h0, [B, H], row),
          c0: rowsOf(inputs.c0, [B, H], row),
        });
        backend.recurrent(alone);
        expect(bits(backend.readSync(alone.h))).toBe(bits(rowOf(layer.h, row)));
        const back = backwardLayer(lab, spec, alone, everything);
        for (const [name, block] of Object.entries(outside)) {
          if (block !== null) backend.write(back[name as keyof typeof outside]!, rowOf(block, row));
        }
        backend.recurrentGrad(back);
        for (const [name, block] of Object.entries(gradientsOf(back))) {
          // Weights sum over rows; everything else belongs to one.
          if (name.startsWith('dWeight') || name.startsWith('dBias')) continue;
          expect(bits(backend.readSync(block)), name).toBe(bits(rowOf(gradientsOf(backward)[name], row)));
        }
      }
    });
  });

  test('a row of a product has the same bits alone as among others', async () => {
    const backend = opened[0] ?? (await open(1));
    const [m, k, n] = [9, 301, 70];
    const lab = new Lab(backend, 9);
    const [a, b, out, row] = [lab.normal([m, k]), lab.normal([n, k]), lab.empty([m, n]), lab.empty([1, n])];
    const product = { batch: 1, k, n, transposeA: false, transposeB: true, accumulate: false, sharedB: true };
    backend.matmul(a, b, out, { ...product, m });
    for (let i = 0; i < m; i++) {
      backend.matmul({ ...a, offset: a.offset + i * k, shape: [1, k] }, b, row, { ...product, m: 1 });
      expect(bits(backend.readSync(row))).toBe(bits(rowsOf(backend.readSync(out), [m, n], i)));
    }
  });
});

/** Row b of an array [B, n] or [T, B, n]. */
function rowsOf<Values extends TypedArray>(values: Values, shape: readonly number[], row: number): Values {
  const [T, B, n] = shape.length === 3 ? shape : [1, ...shape];
  const of = (t: number) => Array.from(values.subarray((t * B + row) * n, (t * B + row + 1) * n));
  return Float32Array.from(Array.from({ length: T }, (_, t) => of(t)).flat()) as Values;
}
