import { DeviceError } from '../../errors.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../shape.ts';
import type { BinaryOperation, Block, CoreBackend, Storage, TypedArray, UnaryOperation } from '../backend.ts';
import { normalBelow } from '../reference/normal-distribution.ts';

/** All that a new backend must bring, in plain arrays: every fused operation is composed of this. */
export function coreBackend(): CoreBackend {
  const content = new Map<Storage, TypedArray>();
  let [bytes, peakBytes] = [0, 0];
  const valuesOf = ({ storage, offset, shape }: Block): TypedArray => {
    const values = content.get(storage);
    if (!values) throw new DeviceError('core: this storage was released', {});
    return values.subarray(offset, offset + sizeOf(shape));
  };
  const count = (change: number): void => {
    bytes += change;
    peakBytes = Math.max(peakBytes, bytes);
  };
  return {
    name: 'core',
    float: 'float32',
    readsAtOnce: true,
    describe: () => ({ name: 'core', float: 'float32', threads: 1, notes: ['only what a backend must have'] }),
    close: () => content.clear(),
    allocate(dtype, length) {
      const storage = { dtype, length };
      content.set(storage, dtype === 'int32' ? new Int32Array(length) : new Float32Array(length));
      count(4 * length);
      return storage;
    },
    release(storage) {
      if (!content.delete(storage)) throw new DeviceError('core: this storage was released before', {});
      count(-4 * storage.length);
    },
    memory: () => ({ bytes, peakBytes, limitBytes: Number.POSITIVE_INFINITY }),
    write: (out, values) => valuesOf(out).set(values),
    read: async (x) => valuesOf(x).slice(),
    readSync: (x) => valuesOf(x).slice(),
    fill: (out, value) => void valuesOf(out).fill(value),
    copy: (x, out) => valuesOf(out).set(valuesOf(x)),
    stridedCopy(x, xView, out, outView, extents, accumulate) {
      const [from, to] = [valuesOf(x), valuesOf(out)];
      const [xAt, outAt] = [placesOf(extents, xView.strides), placesOf(extents, outView.strides)];
      for (let i = 0; i < sizeOf(extents); i++) {
        const value = from[xView.start + xAt(i)];
        if (accumulate) to[outView.start + outAt(i)] += value;
        else to[outView.start + outAt(i)] = value;
      }
    },
    unary(operation, x, out) {
      const [from, to] = [valuesOf(x), valuesOf(out)];
      for (let i = 0; i < to.length; i++) to[i] = unary[operation](from[i]);
    },
    binary(operation, a, b, out) {
      const [left, right, to] = [valuesOf(a), valuesOf(b), valuesOf(out)];
      const [aAt, bAt] = [a, b].map(({ shape }) => placesOf(out.shape, broadcastStrides(shape, out.shape)));
      for (let i = 0; i < to.length; i++) to[i] = binary[operation](left[aAt(i)], right[bAt(i)]);
    },
    select(condition, a, b, out) {
      const [chosen, left, right, to] = [condition, a, b, out].map(valuesOf);
      for (let i = 0; i < to.length; i++) to[i] = chosen[i] === 0 ? right[i] : left[i];
    },
    reduce(operation, x, out, outer, n, inner) {
      const [from, to] = [valuesOf(x), valuesOf(out)];
      const start = { sum: 0, max: Number.NEGATIVE_INFINITY, min: Number.POSITIVE_INFINITY }[operation];
      const fold = operation === 'sum' ? binary.add : binary[operation];
      for (let i = 0; i < outer * inner; i++) {
        let value = start;
        const first = Math.floor(i / inner) * n * inner + (i % inner);
        for (let k = 0; k < n; k++) value = fold(value, from[first + k * inner]);
        to[i] = value;
      }
    },
    matmul(a, b, out, { batch, m, k, n, transposeA, transposeB, accumulate, sharedB }) {
      const [left, right, to] = [valuesOf(a), valuesOf(b), valuesOf(out)];
      for (let i = 0; i < batch * m * n; i++) {
        const [z, row, column] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n];
        let sum = accumulate ? to[i] : 0;
        for (let j = 0; j < k; j++) {
          const l = left[z * m * k + (transposeA ? j * m + row : row * k + j)];
          sum += l * right[(sharedB ? 0 : z * k * n) + (transposeB ? column * k + j : j * n + column)];
        }
        to[i] = sum;
      }
    },
    gather(table, ids, out) {
      const [rows, from, to] = [valuesOf(table), valuesOf(ids), valuesOf(out)];
      const [count, n] = table.shape;
      for (let i = 0; i < to.length; i++) {
        const id = from[Math.floor(i / n)];
        to[i] = id >= 0 && id < count ? rows[id * n + (i % n)] : Number.NaN;
      }
    },
    scatterAdd(dOut, ids, dTable) {
      const [from, places, to] = [valuesOf(dOut), valuesOf(ids), valuesOf(dTable)];
      const [count, n] = dTable.shape;
      for (let i = 0; i < from.length; i++) {
        const id = places[Math.floor(i / n)];
        if (id >= 0 && id < count) to[id * n + (i % n)] += from[i];
      }
    },
  };
}

/** Where the i-th element, in row-major order of `extents`, is in an array with these strides. */
function placesOf(extents: Shape, strides: readonly number[]): (i: number) => number {
  const whole = stridesOf(extents);
  return (i) => extents.reduce((at, extent, axis) => at + (Math.floor(i / whole[axis]) % extent) * strides[axis], 0);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const unary: Record<UnaryOperation, (x: number) => number> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  sign: Math.sign,
  tanh: Math.tanh,
  sigmoid,
  relu: (x) => Math.max(0, x),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu6: (x) => Math.min(Math.max(0, x), 6),
  gelu: (x) => x * normalBelow(x),
  geluTanh: (x) => x * sigmoid(Math.sqrt(8 / Math.PI) * (x + 0.044715 * x ** 3)),
  silu: (x) => x * sigmoid(x),
};

const binary: Record<BinaryOperation, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
};
