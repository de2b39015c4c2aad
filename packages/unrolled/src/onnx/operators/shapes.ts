import { concat } from '../../ops/index.ts';
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf, stridesOf } from '../../shape.ts';
import { type Node, type Operator, several } from '../node.ts';
import { idsOf, numbersOf, onDevice, onHost, tensorOf, type Value, wholeNumbers } from '../value.ts';
import { broadcast } from './elementwise.ts';
import { axesOf, axisOf, copyPart, reshaped, transposed } from './strided.ts';

/** Whole numbers of an input, such as a shape or axes. */
export const integersOf = (value: Value, node: Node): number[] => Array.from(numbersOf(value, node.label));

/** Axes: an attribute in older versions, an input since `since`; null where they are left out. */
export function axesGiven(node: Node, since: number): (value: Value | null | undefined) => readonly number[] | null {
  const attribute = node.version < since ? node.integers('axes') : null;
  return (value) => (value ? integersOf(value, node) : attribute);
}

const shapeOperator: Operator = {
  inputs: [1, 1],
  build: (node) => {
    const start = node.integer('start', 0);
    const end = node.hasAttribute('end') ? node.integer('end', 0) : undefined;
    return ([x]) => [wholeNumbers(x!.shape.slice(start, end))];
  },
};

const reshapeOperator: Operator = {
  inputs: [1, 2],
  build: (node) => {
    const attribute = node.version < 5 ? node.integers('shape') : null;
    const keepsZero = node.flag('allowzero');
    return ([x, wanted]) => {
      const given = wanted ? integersOf(wanted, node) : (attribute ?? []);
      const known = given.map((extent, axis) => (extent === 0 && !keepsZero ? x!.shape[axis] : extent));
      const rest = known.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
      const shape = known.map((extent) => (extent === -1 && rest !== 0 ? sizeOf(x!.shape) / rest : extent));
      if (sizeOf(shape) !== sizeOf(x!.shape) || !shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
        throw node.refusal(
          `makes ${formatShape(given.slice(0, 16))} of ${formatShape(x!.shape)}, which has other elements`,
        );
      }
      return [reshaped(x!, shape)];
    };
  },
};

const flattenOperator: Operator = {
  inputs: [1, 1],
  build: (node) => {
    const axis = node.integer('axis', 1);
    return ([x]) => {
      const { shape } = x!;
      const at = axis === shape.length ? axis : axisOf(axis, shape.length, node);
      return [reshaped(x!, [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))])];
    };
  },
};

const squeezeOperator: Operator = {
  inputs: [1, 2],
  build: (node) => {
    const given = axesGiven(node, 13);
    return ([x, axes]) => {
      const { shape } = x!;
      const named = given(axes);
      const indices = named
        ? axesOf(named, shape.length, node)
        : shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
      const odd = indices.find((axis) => shape[axis] !== 1);
      if (odd !== undefined)
        throw node.refusal(`removes axis ${odd} of ${formatShape(shape)}, which is not 1`, { axis: odd });
      return [
        reshaped(
          x!,
          shape.filter((_, axis) => !indices.includes(axis)),
        ),
      ];
    };
  },
};

const unsqueezeOperator: Operator = {
  inputs: [1, 2],
  build: (node) => {
    const given = axesGiven(node, 13);
    return ([x, axes]) => {
      const named = given(axes) ?? [];
      if (named.length > 64) throw node.refusal(`adds ${named.length} axes; the file is damaged`);
      const rank = x!.shape.length + named.length;
      const indices = axesOf(named, rank, node);
      const rest = [...x!.shape];
      return [
        reshaped(
          x!,
          Array.from({ length: rank }, (_, axis) => (indices.includes(axis) ? 1 : rest.shift()!)),
        ),
      ];
    };
  },
};

const transposeOperator: Operator = {
  inputs: [1, 1],
  build: (node) => {
    const given = node.integers('perm');
    return ([x]) => {
      const { length: rank } = x!.shape;
      const order = given ?? x!.shape.map((_, axis) => rank - 1 - axis);
      if (order.length !== rank) throw node.refusal(`has perm [${order.slice(0, 16)}] for a value of rank ${rank}`);
      const axes = axesOf(order, rank, node);
      // Axes of extent 1 move without a copy.
      const moved = axes.filter((axis) => x!.shape[axis] !== 1);
      const inOrder = moved.every((axis, i) => i === 0 || axis > moved[i - 1]);
      return [
        inOrder
          ? reshaped(
              x!,
              axes.map((axis) => x!.shape[axis]),
            )
          : transposed(x!, axes, node),
      ];
    };
  },
};

const concatOperator: Operator = {
  inputs: [1, several],
  build: (node) => {
    const axis = node.integer('axis', 1);
    return (inputs) => {
      const values = inputs.map((value) => value!);
      const [{ kind, shape: first }] = values;
      const index = axisOf(axis, first.length, node);
      const fits = values.every(
        ({ shape }) => shape.length === first.length && shape.every((extent, i) => i === index || extent === first[i]),
      );
      if (!fits) {
        throw node.refusal(
          `joins ${values
            .slice(0, 8)
            .map(({ shape }) => formatShape(shape))
            .join(' and ')} along axis ${index}`,
        );
      }
      const total = values.reduce((sum, { shape }) => sum + shape[index], 0);
      const shape = first.map((extent, i) => (i === index ? total : extent));
      if (values.every(({ numbers }) => numbers !== null))
        return [onHost(kind, shape, joined(values, shape, index, node))];
      node.requireRoom(shape, 'device');
      const tensors = values.map((value) =>
        kind === 'integer' ? idsOf(value, node.device, node.label) : tensorOf(value, node.device),
      );
      return [onDevice(concat(tensors, index), kind)];
    };
  },
};

function joined(values: readonly Value[], shape: Shape, axis: number, node: Node): Float64Array {
  node.requireRoom(shape, 'host');
  const result = new Float64Array(sizeOf(shape));
  const outer = sizeOf(shape.slice(0, axis));
  const width = sizeOf(shape.slice(axis));
  let place = 0;
  for (const { shape: own, numbers } of values) {
    const length = sizeOf(own.slice(axis));
    for (let i = 0; i < outer * length; i++)
      result[Math.floor(i / length) * width + place + (i % length)] = numbers![i];
    place += length;
  }
  return result;
}

const sliceOperator: Operator = {
  inputs: [1, 5],
  build: (node) => {
    const isOld = node.version < 10;
    const [starts, ends, axes] = isOld ? ['starts', 'ends', 'axes'].map((name) => node.integers(name)) : [];
    return ([x, startsIn, endsIn, axesIn, stepsIn]) => {
      const { shape } = x!;
      const list = (value: Value | null | undefined, otherwise: readonly number[]): readonly number[] =>
        value ? integersOf(value, node) : otherwise;
      const from = list(startsIn, starts ?? []);
      const to = list(endsIn, ends ?? []);
      const along = axesOf(list(axesIn, axes ?? from.map((_, i) => i)), shape.length, node);
      const steps = list(
        stepsIn,
        from.map(() => 1),
      );
      if (to.length !== from.length || along.length !== from.length || steps.length !== from.length) {
        throw node.refusal('has different numbers of starts, ends, axes and steps; the file is damaged');
      }
      const strides = stridesOf(shape);
      const extents = [...shape];
      let start = 0;
      along.forEach((axis, i) => {
        const [first, count] = range(from[i], to[i], steps[i], shape[axis], node);
        start += first * strides[axis];
        extents[axis] = count;
        strides[axis] *= steps[i];
      });
      return [
        sameShape(extents, shape) && start === 0 && steps.every((step) => step === 1)
          ? x!
          : copyPart(x!, { start, strides, extents }, node),
      ];
    };
  },
};

/** Where a slice of an axis begins, and how many elements it has. */
function range(start: number, end: number, step: number, extent: number, node: Node): readonly [number, number] {
  if (!Number.isSafeInteger(step) || step === 0) throw node.refusal(`has the step ${step}; the file is damaged`);
  const clamp = (place: number, low: number, high: number): number =>
    Math.min(Math.max(place < 0 ? place + extent : place, low), high);
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const [first, last] = [clamp(start, Math.max(low, 0), high), clamp(end, low, high)];
  return [first, Math.max(0, Math.ceil((last - first) / step))];
}

const splitOperator: Operator = {
  inputs: [1, 2],
  build: (node) => {
    const axis = node.integer('axis', 0);
    const attribute = node.version < 13 ? node.integers('split') : null;
    if (node.version >= 18) node.integer('num_outputs', 0);
    const parts = node.outputs.length;
    return ([x, lengths]) => {
      const index = axisOf(axis, x!.shape.length, node);
      const extent = x!.shape[index];
      const each = Math.ceil(extent / parts);
      const given = lengths ? integersOf(lengths, node) : attribute;
      const sizes = given ?? Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(each, extent - i * each)));
      if (sizes.length !== parts || sizes.some((n) => n < 0) || sizes.reduce((a, b) => a + b, 0) !== extent) {
        throw node.refusal(`splits ${extent} into [${sizes.slice(0, 16)}] for ${parts} outputs; the file is damaged`);
      }
      const strides = stridesOf(x!.shape);
      let place = 0;
      return sizes.map((n) => {
        const start = place * strides[index];
        place += n;
        return copyPart(x!, { start, strides, extents: x!.shape.map((old, i) => (i === index ? n : old)) }, node);
      });
    };
  },
};

const expandOperator: Operator = {
  inputs: [2, 2],
  build:
    (node) =>
    ([x, wanted]) => {
      const shape = broadcastShapes(node.label, x!.shape, integersOf(wanted!, node));
      return [sameShape(shape, x!.shape) ? x! : broadcast(x!, shape, node)];
    },
};

const tileOperator: Operator = {
  inputs: [2, 2],
  build:
    (node) =>
    ([x, times]) => {
      const repeats = integersOf(times!, node);
      const { shape } = x!;
      if (repeats.length !== shape.length || repeats.some((n) => !Number.isSafeInteger(n) || n < 0)) {
        throw node.refusal(`repeats ${formatShape(shape)} [${repeats.slice(0, 16)}] times; the file is damaged`);
      }
      const strides = stridesOf(shape);
      const tiled = copyPart(
        x!,
        { start: 0, strides: strides.flatMap((n) => [0, n]), extents: shape.flatMap((n, i) => [repeats[i], n]) },
        node,
      );
      return [
        reshaped(
          tiled,
          shape.map((n, i) => n * repeats[i]),
        ),
      ];
    },
};

export const shapes: Readonly<Record<string, Operator>> = {
  Shape: shapeOperator,
  Size: {
    inputs: [1, 1],
    build:
      () =>
      ([x]) => [onHost('integer', [], [sizeOf(x!.shape)])],
  },
  Reshape: reshapeOperator,
  Flatten: flattenOperator,
  Squeeze: squeezeOperator,
  Unsqueeze: unsqueezeOperator,
  Transpose: transposeOperator,
  Concat: concatOperator,
  Slice: sliceOperator,
  Split: splitOperator,
  Expand: expandOperator,
  Tile: tileOperator,
};
