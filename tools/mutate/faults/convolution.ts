import { type FaultGroup, faultsIn } from '../fault.ts';

const assembly = 'packages/kernels/assembly';
const wasm = 'packages/unrolled/src/backend/wasm';
const kernel = (name: string): string => `packages/kernels/test/${name}.test.ts`;
const conformance = 'packages/unrolled/src/backend/conformance.test.ts';
const tests = [`${wasm}/convolution/convolution.test.ts`, conformance];

/** The kernels of convolution, and how they are given to threads. */
export const convolution: FaultGroup = {
  name: 'convolution',
  faults: [
    ...faultsIn(
      `${assembly}/convolution.ts`,
      [kernel('convolution')],
      [
        ['else if (i == 4) x3 = xNext, y3 = yNext;', 'else if (i == 4) x3 = xNext;'],
        ['if (column + PIXELS < columns) {', 'if (column + PIXELS <= columns) {'],
        ['row = 0, xNext += xNextImage, yNext += yNextImage;', 'row = 0, xNext += xNextRow, yNext += yNextRow;'],
        ['if (++column < columns) {', 'if (++column <= columns) {'],
        ['if (i < 0 || i >= height) {', 'if (i < 0) {'],
        ['memory.fill(out + before + inner, 0, after);', 'memory.fill(out + before + inner, 0, 0);'],
      ],
    ),
    ...faultsIn(
      `${assembly}/convolution-weights.ts`,
      [kernel('convolution')],
      [
        ['const count = (depth * t) / tiles - done;', 'const count = min(depth - done, depth / tiles);'],
        [
          'if (count > 3) put(sums + 3 * stride, c30, c31, width, add);',
          'if (count > 4) put(sums + 3 * stride, c30, c31, width, add);',
        ],
        ['dyNextRow = bytes(dyRow - columns * dyColumn)', 'dyNextRow = bytes(dyColumn)'],
      ],
    ),
    ...faultsIn(
      `${assembly}/depthwise.ts`,
      [kernel('depthwise')],
      [
        [
          'const count = c == first ? max(1, last - first) : 1;',
          'const count = c == first ? max(1, columns - first) : 1;',
        ],
        [
          'if (r < 0 || r >= height || c < 0 || c >= width) continue;',
          'if (r < 0 || r >= height || c < 0 || c > width) continue;',
        ],
        [
          'const px = x + bytes((row * width + first * columnStride + shift) * n);',
          'const px = x + bytes((row * width + first * columnStride) * n);',
        ],
        ['if (row < 0 || row >= height) continue;', 'if (row < 0) continue;'],
      ],
    ),
    ...faultsIn(
      `${assembly}/pack-taps.ts`,
      [kernel('convolution')],
      [
        ['store<f32>(to, j + r < outputs ? load<f32>(from) : 0);', 'store<f32>(to, load<f32>(from));'],
        ['for (let part = 1; part < parts; part++) {', 'for (let part = 2; part < parts; part++) {'],
      ],
    ),
    ...faultsIn(
      `${assembly}/winograd.ts`,
      [kernel('winograd')],
      [
        ['write(out + 2 * place, f32x4.sub(t2, t1), lanes);', 'write(out + 2 * place, f32x4.sub(t1, t2), lanes);'],
        ['for (let q = 0; q < min(TILES, count - t); q++) {', 'for (let q = 0; q < TILES; q++) {'],
        ['if (rows > 1) {', 'if (rows > 2) {'],
      ],
    ),
    ...faultsIn(
      `${assembly}/winograd-weights.ts`,
      [kernel('winograd')],
      [
        [
          'const q0 = c + 1 < columns ? read(at + bytes(dyColumn + j), lanes) : zero;',
          'const q0 = read(at + bytes(dyColumn + j), lanes);',
        ],
        [
          'rowOfGradients(f32x4.neg(p1), f32x4.neg(q1), to + 12 * next, next, lanes);',
          'rowOfGradients(p1, q1, to + 12 * next, next, lanes);',
        ],
        ['scatter4(out + 8, next, f32x4.add(sum, s3), lanes);', 'scatter4(out + 8, next, s3, lanes);'],
      ],
    ),
    ...faultsIn(`${wasm}/convolution/taps.ts`, tests, [
      ['i + padding[axis] - tap * dilation[axis]', 'i + padding[axis] - tap'],
      ['const start = (i * W + j) * C;', 'const start = i * W * C;'],
      ['(columns - 1) * columnStride + lastColumn + 1 - W', '(columns - 1) * columnStride + lastColumn - W'],
    ]),
    ...faultsIn(`${wasm}/convolution/winograd.ts`, tests, [
      ['tap.column === column + (i % 3))', 'tap.column >= column)'],
    ]),
    ...faultsIn(`${wasm}/convolution/packed.ts`, tests, [
      ['memory.derived(weight, name, () => bytes)', 'memory.derived(weight, form, bytes)'],
    ]),
    ...faultsIn(`${wasm}/jobs/band.ts`, tests, [
      ['Math.min(bandRows, rows - row, end - next)', 'Math.min(bandRows, end - next)'],
      ['first - p.top, copied,', 'first, copied,'],
      ['const copied = (rows - 1) * rowStride + p.span;', 'const copied = rows * rowStride;'],
    ]),
    ...faultsIn(`${wasm}/jobs/convolution-weights.ts`, tests, [
      [
        'add(p.sums + sum * p.sumsFloats * 4, bandOf(p, b), columns, b > begin ? 1 : 0)',
        'add(p.sums + sum * p.sumsFloats * 4, bandOf(p, b), columns, b > 0 ? 1 : 0)',
      ],
      ['Math.min(bandImages, images - b * bandImages)', 'bandImages'],
    ]),
  ],
};
