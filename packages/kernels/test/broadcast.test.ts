import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Binary } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { builds, indices, load, type Room, random } from './support.ts';

const either = (f: (a: number, b: number) => number) => (a: number, b: number) =>
  Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : f(a, b);
const functions: Record<keyof typeof Binary, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: either(Math.min),
  max: either(Math.max),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
};
const names = Object.keys(functions) as (keyof typeof Binary)[];

describe.each(builds)('binary, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const check = (
    name: keyof typeof Binary,
    dims: number[],
    aStrides: number[],
    bStrides: number[],
    values = random(4096, 7),
  ) => {
    room.reset();
    const { kernels, floats, ints, space, readFloats } = room;
    const [a, b] = [values, values.slice().reverse()];
    const size = dims.reduce((product, n) => product * n, 1);
    const out = space(size + 1);
    new Float32Array(room.memory.buffer, out + size * 4, 1)[0] = 99;
    kernels.binary(Binary[name], floats(a), floats(b), out, dims.length, ints(dims), ints(aStrides), ints(bStrides));
    const at = (index: number[], strides: number[]) => index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
    const expected = indices(dims).map((index) =>
      Math.fround(functions[name](a[at(index, aStrides)], b[at(index, bStrides)])),
    );
    expect([...readFloats(out, size)]).toEqual(expected);
    expect(readFloats(out + size * 4, 1)[0]).toBe(99);
  };

  test.each(names)('%s for every kind of inner run', (name) => {
    for (const n of [0, 1, 3, 4, 5, 17, 64]) {
      for (const aStride of [0, 1, 2]) for (const bStride of [0, 1, 3]) check(name, [n], [aStride], [bStride]);
    }
  });

  test.each(names)('%s of NaN, infinities and equal values', (name) => {
    const special = [Number.NaN, Infinity, -Infinity, 1, 2, 2, 1, -Infinity, Infinity, 3, Number.NaN];
    check(name, [special.length], [1], [1], Float32Array.from(special));
  });

  test('shapes of any rank are broadcast', () => {
    check('sub', [], [], []);
    check('sub', [3, 5], [5, 1], [0, 1]);
    check('sub', [3, 5], [1, 0], [5, 1]);
    check('div', [2, 3, 4], [12, 4, 1], [0, 4, 0]);
    check('mul', [2, 3, 4, 5], [0, 20, 5, 1], [60, 0, 0, 1]);
    check('mul', [4, 0, 2], [1, 1, 1], [1, 1, 1]);
    check('add', [5, 3], [1, 5], [3, 1]);
    const axis = fc.record({ n: fc.integer({ min: 1, max: 6 }), a: fc.boolean(), b: fc.boolean() });
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 4 }), (axes) => {
        const strides = (of: 'a' | 'b') => {
          const own: number[] = [];
          let stride = 1;
          for (const { n, [of]: repeated } of axes.toReversed()) {
            own.unshift(repeated ? 0 : stride);
            if (!repeated) stride *= n;
          }
          return own;
        };
        check(
          'sub',
          axes.map(({ n }) => n),
          strides('a'),
          strides('b'),
        );
      }),
    );
  });
});
