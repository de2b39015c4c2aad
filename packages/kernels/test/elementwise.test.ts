import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { unaryRules } from '../../unrolled/src/backend/reference/elementwise.ts';
import { Unary } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { awkward, builds, expectClose, load, type Room, random, sigmoid } from './support.ts';

const functions: Record<keyof typeof Unary, [f: (x: number) => number, slope: (x: number) => number]> = {
  neg: [(x) => -x, () => -1],
  exp: [Math.exp, Math.exp],
  log: [Math.log, (x) => 1 / x],
  sqrt: [Math.sqrt, (x) => 0.5 / Math.sqrt(x)],
  abs: [Math.abs, Math.sign],
  square: [(x) => x * x, (x) => 2 * x],
  reciprocal: [(x) => 1 / x, (x) => -1 / (x * x)],
  sign: [Math.sign, () => 0],
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  sigmoid: [sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x))],
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
  relu6: [(x) => Math.min(Math.max(x, 0), 6), (x) => (x > 0 && x < 6 ? 1 : 0)],
  gelu: [unaryRules.gelu.value, (x) => unaryRules.gelu.slope(x, 0)],
  geluTanh: [unaryRules.geluTanh.value, (x) => unaryRules.geluTanh.slope(x, 0)],
  silu: [unaryRules.silu.value, (x) => unaryRules.silu.slope(x, 0)],
  softplus: [(x) => Math.log1p(Math.exp(x)), sigmoid],
};
const names = Object.keys(functions) as (keyof typeof Unary)[];

describe.each(builds)('elementwise, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  test.each(names)('%s and its gradient', (name) => {
    const [f, slope] = functions[name];
    const { kernels, floats, readFloats, space } = room;
    for (const n of awkward) {
      const positive = name === 'log' || name === 'sqrt';
      const x = random(n, n + 1, 3).map((value) => (positive ? Math.abs(value) + 0.1 : value + 0.05));
      const dy = random(n, n + 2);
      const px = floats(x);
      const y = space(n + 1);
      const dx = space(n + 1);
      const guards = [y, dx].map((pointer) => new Float32Array(room.memory.buffer, pointer + n * 4, 1).fill(99));
      kernels.unary(Unary[name], px, y, n);
      kernels.unaryGrad(Unary[name], px, y, floats(dy), dx, n);
      expectClose(readFloats(y, n), Array.from(x, f));
      expectClose(
        readFloats(dx, n),
        Array.from(x, (value, i) => dy[i] * slope(value)),
        3e-6,
      );
      for (const guard of guards) expect(guard[0]).toBe(99);
      kernels.unary(Unary[name], px, px, n);
      expect(readFloats(px, n)).toEqual(readFloats(y, n));
    }
  });

  test('neg, abs, sign, relu, sqrt keep NaN, and zero its sign where IEEE 754 does', () => {
    const x = room.floats([Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    const y = room.space(5);
    const of = (name: keyof typeof Unary) => {
      room.kernels.unary(Unary[name], x, y, 5);
      return [...room.readFloats(y, 5)];
    };
    expect(of('neg')).toEqual([Number.NaN, 0, -0, -Infinity, Infinity]);
    expect(of('abs')).toEqual([Number.NaN, 0, 0, Infinity, Infinity]);
    expect(of('sign')).toEqual([Number.NaN, -0, 0, 1, -1]);
    expect(of('sqrt')).toEqual([Number.NaN, -0, 0, Infinity, Number.NaN]);
    expect(of('relu').map((value) => value + 0)).toEqual([Number.NaN, 0, 0, Infinity, 0]);
  });

  test('fill, scaleInto, axpy and select', () => {
    const { kernels, floats, readFloats, space } = room;
    for (const n of awkward) {
      const [a, b] = [random(n, 1), random(n, 2)];
      const condition = Float32Array.from({ length: n }, (_, i) => [0, 1, -0, Number.NaN, -3][i % 5]);
      const out = space(n);
      kernels.fill(out, 2.5, n);
      expect([...readFloats(out, n)]).toEqual(new Array(n).fill(2.5));
      kernels.scaleInto(-2, floats(a), out, n);
      expect([...readFloats(out, n)]).toEqual(Array.from(a, (value) => -2 * value));
      kernels.axpy(0.5, floats(b), out, n);
      expectClose(
        readFloats(out, n),
        Array.from(a, (value, i) => -2 * value + 0.5 * b[i]),
      );
      kernels.select(floats(condition), floats(a), floats(b), out, n);
      expect([...readFloats(out, n)]).toEqual(
        Array.from(a, (value, i) => (condition[i] ? value : Number.isNaN(condition[i]) ? value : b[i])),
      );
    }
  });
});
