import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, Block, TypedArray } from '../../backend.ts';
import { Lab } from '../../conformance/lab.ts';
import type { Window } from '../../convolution.ts';
import { wasmBackend } from '../wasm-backend.ts';

const same: Window = { kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: [1, 1] };
const plain = { scale: null, bias: null, activation: 'none' } as const;

/** One case for each way to compute. */
const ways = [
  { way: 'runs', x: [5, 6, 5, 3], O: 9, groups: 1 },
  { way: 'few pixels', x: [3, 2, 2, 5], O: 40, groups: 1 },
  { way: 'Winograd', x: [5, 7, 8, 16], O: 17, groups: 1 },
  { way: 'depthwise', x: [5, 6, 7, 12], O: 12, groups: 12 },
  { way: 'groups', x: [5, 6, 7, 6], O: 10, groups: 2 },
] as const;

const bits = (values: TypedArray) => [...new Uint32Array(values.slice().buffer)];

describe('convolution', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasmBackend({ threads: 2, parallelFrom: 0 });
  });
  afterAll(() => backend.close());

  test.each(ways)('$way: an image has the same bits alone as in a batch', ({ x: shape, O, groups }) => {
    const lab = new Lab(backend);
    const [B, H, W, C] = shape;
    const weight = lab.normal([O, C / groups, 3, 3]);
    const [x, dy] = [lab.normal(shape), lab.normal([B, H, W, O])];
    const run = (input: Block, given: Block, images: number): [Block, Block] => {
      const [y, dx] = [lab.empty([images, H, W, O]), lab.empty([images, H, W, C])];
      backend.convolution({ x: input, weight, y, ...plain, window: same, groups });
      backend.convolutionInputGrad({ dy: given, weight, dx, window: same, groups });
      return [y, dx];
    };
    const imageOf = (block: Block, image: number): Block => {
      const n = block.shape.slice(1).reduce((product, extent) => product * extent, 1);
      return { ...block, offset: block.offset + image * n, shape: [1, ...block.shape.slice(1)] };
    };
    const whole = run(x, dy, B);
    for (let image = 0; image < B; image++) {
      const alone = run(imageOf(x, image), imageOf(dy, image), 1);
      for (const i of [0, 1]) {
        expect(bits(backend.readSync(alone[i]))).toEqual(bits(backend.readSync(imageOf(whole[i], image))));
      }
    }
  });

  test.each(ways)(
    '$way: weights that are kept packed are packed again when they change',
    async ({ x: shape, O, groups }) => {
      const lab = new Lab(backend, 2);
      const [B, H, W, C] = shape;
      const [x, weight, y] = [lab.normal(shape), lab.normal([O, C / groups, 3, 3]), lab.empty([B, H, W, O])];
      const run = (): number[] => {
        backend.convolution({ x, weight, y, ...plain, window: same, groups });
        return bits(backend.readSync(y));
      };
      const first = run();
      for (let i = 0; i < 3; i++) expect(run()).toEqual(first);
      const before = backend.readSync(weight);
      backend.fill(weight, 0);
      expect(Math.max(...run().map((word) => word & 0x7fffffff))).toBe(0);
      backend.write(weight, before);
      for (let i = 0; i < 3; i++) expect(run()).toEqual(first);
    },
  );

  test('a large image is copied with its border a band at a time', async () => {
    // Room for the arrays, and not for a copy of x.
    const backend = await wasmBackend({ threads: 1, limitBytes: 17 * 2 ** 20 });
    const block = (shape: readonly number[]): Block => {
      const storage = backend.allocate(
        'float32',
        shape.reduce((product, extent) => product * extent, 1),
      );
      backend.fill({ storage, offset: 0, shape }, 1);
      return { storage, offset: 0, shape };
    };
    const [x, weight, y] = [block([1, 320, 320, 24]), block([4, 24, 3, 3]), block([1, 320, 320, 4])];
    backend.convolution({ x, weight, y, ...plain, window: same, groups: 1 });
    expect(backend.readSync({ ...y, offset: 321 * 4, shape: [4] })).toEqual(new Float32Array(4).fill(24 * 9));
    backend.close();
  });
});
