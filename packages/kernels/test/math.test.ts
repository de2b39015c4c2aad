import { beforeAll, describe, expect, test } from 'vitest';
import { Unary } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { builds, expectSameBits, load, type Room, sigmoid } from './support.ts';

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const functions = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x: number) => (x >= 0 ? sigmoid(x) : Math.exp(x) / (1 + Math.exp(x))),
  softplus,
};
type Name = keyof typeof functions;
const names = Object.keys(functions) as Name[];

/** Every sign and exponent with mantissas all over: 512 × 127 values, infinities, NaNs and subnormals among them. */
function sample(): Float32Array {
  const bits = new Uint32Array(512 * 127);
  for (let i = 0; i < bits.length; i++) bits[i] = (((i % 512) << 23) | (Math.imul(i, 0x9e3779b1) >>> 9)) >>> 0;
  return new Float32Array(bits.buffer);
}

describe.each(builds)('functions, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });

  const run = (name: Name, x: ArrayLike<number>): Float32Array => {
    room.reset();
    const out = room.space(x.length);
    room.kernels.unary(Unary[name], room.floats(x), out, x.length);
    return room.readFloats(out, x.length);
  };

  test.each(names)('%s is within a relative 1e-6 over all exponents', (name) => {
    const x = sample();
    const y = run(name, x);
    for (let i = 0; i < x.length; i++) {
      const exact = functions[name](x[i]);
      if (Object.is(y[i], Math.fround(exact))) continue;
      // A subnormal result cannot be nearer than half of the least float.
      const allowed = Math.max(1e-6 * Math.abs(exact), 2 ** -149);
      if (!(Math.abs(y[i] - exact) <= allowed)) expect.fail(`${name}(${x[i]}) = ${y[i]}, expected ${exact}`);
    }
  });

  test('special values are those of IEEE 754', () => {
    const x = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0];
    expect([...run('exp', x)]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0, 1, 1]);
    expect([...run('log', x)]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NaN, -Infinity, -Infinity]);
    expect([...run('tanh', x)]).toEqual([Number.NaN, 1, -1, 0, -0]);
    expect([...run('sigmoid', x)]).toEqual([Number.NaN, 1, 0, 0.5, 0.5]);
    expect([...run('softplus', x).subarray(0, 3)]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0]);
    expect([...run('exp', [89, -104, 1e30, -1e30])]).toEqual([
      Number.POSITIVE_INFINITY,
      0,
      Number.POSITIVE_INFINITY,
      0,
    ]);
    expect([...run('log', [-1, -1e-45, 1])]).toEqual([Number.NaN, Number.NaN, 0]);
    expect([...run('tanh', [1e-45, -1e-40])]).toEqual([...Float32Array.of(1e-45, -1e-40)]);
  });

  test.each(names)('%s has the same bits wherever in an array its argument stands', (name) => {
    const x = Float32Array.from({ length: 23 }, (_, i) => (i - 7) * 0.73);
    const together = run(name, x);
    for (let i = 0; i < x.length; i++) {
      for (const length of [1, 2, 3, 5]) {
        const alone = run(name, new Float32Array(length).fill(x[i]));
        expectSameBits(alone, new Float32Array(length).fill(together[i]));
      }
    }
  });
});
