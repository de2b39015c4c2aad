import { type Shape, sizeOf, stridesOf } from '../../shape.ts';

/** Numbers of a weight, away from any device. */
export interface Numbers {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** The axes in another order. */
export function permuted({ shape, data }: Numbers, order: readonly number[]): Numbers {
  const target = order.map((axis) => shape[axis]);
  const from = stridesOf(shape);
  const to = stridesOf(target);
  const result = new Float32Array(data.length);
  for (let i = 0; i < result.length; i++) {
    let place = 0;
    for (let axis = 0; axis < order.length; axis++) {
      place += (Math.floor(i / to[axis]) % target[axis]) * from[order[axis]];
    }
    result[i] = data[place];
  }
  return { shape: target, data: result };
}

export const reshapedTo = ({ data }: Numbers, shape: Shape): Numbers => ({ shape, data });

/** Arrays one after the other along the first axis. */
export function stacked(arrays: readonly Numbers[]): Numbers {
  const [{ shape }] = arrays;
  const data = new Float32Array(arrays.reduce((sum, one) => sum + one.data.length, 0));
  let place = 0;
  for (const one of arrays) {
    data.set(one.data, place);
    place += one.data.length;
  }
  return { shape: [arrays.reduce((sum, one) => sum + one.shape[0], 0), ...shape.slice(1)], data };
}

/** Rows of G gates `[G·H, …]` in another order; with a sign, multiplied by it. */
export function gatesInOrder(rows: Numbers, order: readonly number[], signs: readonly number[] = []): Numbers {
  const each = rows.data.length / order.length;
  const parts = order.map((gate, i) => {
    const part = Array.prototype.slice.call(rows.data, gate * each, (gate + 1) * each) as number[];
    return {
      shape: [rows.shape[0] / order.length, ...rows.shape.slice(1)],
      data: part.map((x) => x * (signs[i] ?? 1)),
    };
  });
  return stacked(parts);
}

export const zerosOf = (shape: Shape): Numbers => ({ shape, data: new Float32Array(sizeOf(shape)) });
