import { embedding, reshape, transpose } from '../../ops/index.ts';
import { formatShape, type Shape, sizeOf, stridesOf } from '../../shape.ts';
import type { Node, Operator } from '../node.ts';
import { idsOf, numbersOf, onDevice, onHost, tensorOf, type Value } from '../value.ts';
import { integersOf } from './shapes.ts';
import { axisOf, copyPart, reshaped } from './strided.ts';

/** Elements along `axis` by number: [a, n, b] and indices [i] give [a, i, b]. */
export function gather(given: Value, indices: Value, axis: number, node: Node): Value {
  const { shape } = given;
  const x = given.kind === 'integer' ? onHost('integer', shape, numbersOf(given, node.label)) : given;
  const n = shape[axis];
  const result = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
  const places = indices.numbers && Array.from(indices.numbers, (index) => (index < 0 ? index + n : index));
  const odd = places?.findIndex((place) => !(place >= 0 && place < n)) ?? -1;
  if (odd >= 0) {
    throw node.refusal(`takes element ${indices.numbers![odd]} of axis ${axis} of ${formatShape(shape)}`, {
      axis,
      shape,
    });
  }
  if (places && isRun(places)) {
    const strides = stridesOf(shape);
    const extents = shape.map((extent, i) => (i === axis ? places.length : extent));
    return reshaped(copyPart(x, { start: places[0] * strides[axis], strides, extents }, node), result);
  }
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  if (x.numbers && places) {
    node.requireRoom(result, 'host');
    const numbers = Float64Array.from({ length: sizeOf(result) }, (_, i) => {
      const [block, rest] = [Math.floor(i / inner), i % inner];
      const row = Math.floor(block / places.length);
      return x.numbers![(row * n + places[block % places.length]) * inner + rest];
    });
    return onHost(x.kind, result, numbers);
  }
  node.requireRoom(result, 'device');
  if (x.kind === 'integer')
    return gather(x, onHost('integer', indices.shape, numbersOf(indices, node.label)), axis, node);
  const ids = places
    ? node.device.ids(places, [places.length])
    : reshape(idsOf(indices, node.device, node.label), [sizeOf(indices.shape)]);
  const table = reshape(tensorOf(x, node.device), [outer, n, inner]);
  const first = reshape(outer === 1 ? table : transpose(table, [1, 0, 2]), [n, outer * inner]);
  const rows = embedding(first, ids); // [i, outer · inner]
  if (outer === 1) return onDevice(reshape(rows, result), x.kind);
  return onDevice(reshape(transpose(reshape(rows, [ids.size, outer, inner]), [1, 0, 2]), result), x.kind);
}

/** Whether places follow each other, so that a part is copied. */
const isRun = (places: readonly number[]): boolean =>
  places.length > 0 && places.every((place, i) => place === places[0] + i);

const gatherOperator: Operator = {
  inputs: [2, 2],
  build: (node) => {
    const axis = node.integer('axis', 0);
    return ([x, indices]) => [gather(x!, indices!, axisOf(axis, x!.shape.length, node), node)];
  },
};

const constantOfShapeOperator: Operator = {
  inputs: [1, 1],
  build: (node) => {
    const given = node.tensor('value');
    const { kind = 'float', numbers = [0] } = given ?? {};
    return ([wanted]) => {
      const shape = integersOf(wanted!, node);
      if (kind === 'float') {
        node.requireRoom(shape, 'device');
        return [onDevice(node.device.full(shape, numbers[0]))];
      }
      node.requireRoom(shape, 'host');
      return [onHost(kind, shape, new Float64Array(sizeOf(shape)).fill(numbers[0]))];
    };
  },
};

const rangeOperator: Operator = {
  inputs: [3, 3],
  build:
    (node) =>
    ([from, to, by]) => {
      const [start, end, step] = [from, to, by].map((value) => numbersOf(value!, node.label)[0]);
      const length = Math.max(0, Math.ceil((end - start) / step));
      node.requireRoom([length], 'host');
      return [
        onHost(
          from!.kind,
          [length],
          Float64Array.from({ length }, (_, i) => start + i * step),
        ),
      ];
    },
};

const oneHotOperator: Operator = {
  inputs: [3, 3],
  build: (node) => {
    const axis = node.integer('axis', -1);
    return ([indices, depthIn, values]) => {
      const depth = Math.trunc(numbersOf(depthIn!, node.label)[0]);
      const [off, on] = Array.from(numbersOf(values!, node.label));
      const places = numbersOf(indices!, node.label);
      const at = axisOf(axis, indices!.shape.length + 1, node);
      const shape = [...indices!.shape.slice(0, at), depth, ...indices!.shape.slice(at)];
      node.requireRoom(shape, 'host');
      const inner = sizeOf(indices!.shape.slice(at));
      const numbers = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
        const place = places[Math.floor(i / (inner * depth)) * inner + (i % inner)];
        const which = Math.floor(i / inner) % depth;
        return (place < 0 ? place + depth : place) === which ? on : off;
      });
      return [onHost(values!.kind, shape, numbers)];
    };
  },
};

const reverseSequenceOperator: Operator = {
  inputs: [2, 2],
  build: (node) => {
    const [time, batch] = [node.integer('time_axis', 0), node.integer('batch_axis', 1)];
    if (time + batch !== 1 || time * batch !== 0)
      throw node.refusal(`has time_axis ${time} and batch_axis ${batch}; 0 and 1 are read`);
    return ([x, lengthsIn]) => {
      const lengths = integersOf(lengthsIn!, node);
      const [first, second, ...rest] = x!.shape;
      const [T, B] = time === 0 ? [first, second] : [second, first];
      if (x!.shape.length < 2 || lengths.length !== B || lengths.some((n) => !(n >= 0 && n <= T))) {
        throw node.refusal(`has lengths [${lengths.slice(0, 16)}] for ${formatShape(x!.shape)}`);
      }
      const source = (t: number, b: number): number => (t < lengths[b] ? lengths[b] - 1 - t : t);
      const places = Array.from({ length: T * B }, (_, i) =>
        time === 0
          ? source(Math.floor(i / B), i % B) * B + (i % B)
          : Math.floor(i / T) * T + source(i % T, Math.floor(i / T)),
      );
      const flat = reshaped(x!, [T * B, ...rest]);
      return [reshaped(gather(flat, onHost('integer', [T * B], places), 0, node), x!.shape)];
    };
  },
};

const padOperator: Operator = {
  inputs: [1, 4],
  build: (node) => {
    const mode = node.text('mode', 'constant');
    if (!['constant', 'reflect', 'edge'].includes(mode)) {
      throw node.refusal(`has mode '${mode.slice(0, 20)}'; constant, reflect and edge are read`, { attribute: 'mode' });
    }
    const attribute = node.version < 11 ? (node.integers('pads') ?? []) : null;
    if (!attribute && !node.has(1)) throw node.refusal('has no pads; the file is damaged');
    const filling = node.version < 11 ? node.float('value', 0) : 0;
    return ([x, padsIn, fillIn, axesIn]) => {
      const { shape } = x!;
      const pads = attribute ?? integersOf(padsIn!, node);
      const axes = axesIn
        ? integersOf(axesIn, node).map((axis) => axisOf(axis, shape.length, node))
        : shape.map((_, i) => i);
      if (pads.length !== 2 * axes.length || !pads.every(Number.isSafeInteger)) {
        throw node.refusal(`has pads [${pads.slice(0, 16)}] for ${formatShape(shape)}; the file is damaged`);
      }
      const sides = shape.map((_, axis) => {
        const i = axes.indexOf(axis);
        return i < 0 ? ([0, 0] as const) : ([pads[i], pads[axes.length + i]] as const);
      });
      const fill = fillIn ? numbersOf(fillIn, node.label)[0] : filling;
      return [mode === 'constant' ? padded(x!, sides, fill, node) : extended(x!, sides, mode, node)];
    };
  },
};

type Sides = readonly (readonly [before: number, after: number])[];

function padded(x: Value, sides: Sides, fill: number, node: Node): Value {
  const shape = x.shape.map((extent, axis) => extent + sides[axis][0] + sides[axis][1]);
  node.requireRoom(shape, 'device');
  const source = tensorOf(x, node.device);
  const y = node.device.full(shape, fill);
  y.fill = null;
  // Negative pads cut.
  const cut = (n: number): number => Math.max(0, -n);
  const extents = x.shape.map((extent, axis) => extent - cut(sides[axis][0]) - cut(sides[axis][1]));
  const offset = (strides: readonly number[], at: (before: number) => number): number =>
    strides.reduce((sum, stride, axis) => sum + stride * at(sides[axis][0]), 0);
  const [from, to] = [stridesOf(x.shape), stridesOf(shape)];
  if (extents.every((n) => n > 0)) {
    node.device.backend.stridedCopy(
      source,
      { start: offset(from, cut), strides: from },
      y,
      { start: offset(to, (before) => Math.max(0, before)), strides: to },
      extents,
      false,
    );
  }
  return onDevice(y, x.kind);
}

/** Padding with the numbers at the border, or those behind it mirrored. */
function extended(x: Value, sides: Sides, mode: string, node: Node): Value {
  return sides.reduce<Value>((value, [before, after], axis) => {
    if (before === 0 && after === 0) return value;
    const n = value.shape[axis];
    const length = n + before + after;
    node.requireRoom([length], 'host');
    const mirrored = (i: number): number => {
      const around = ((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2);
      return n === 1 ? 0 : Math.min(around, 2 * n - 2 - around);
    };
    const places = Float64Array.from({ length }, (_, i) =>
      mode === 'edge' ? Math.min(Math.max(i - before, 0), n - 1) : mirrored(i - before),
    );
    return gather(value, onHost('integer', [length] as Shape, places), axis, node);
  }, x);
}

export const indexing: Readonly<Record<string, Operator>> = {
  Gather: gatherOperator,
  ConstantOfShape: constantOfShapeOperator,
  Range: rangeOperator,
  OneHot: oneHotOperator,
  ReverseSequence: reverseSequenceOperator,
  Pad: padOperator,
};
