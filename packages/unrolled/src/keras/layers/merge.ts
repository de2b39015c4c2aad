import { flag, required } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import {
  concat,
  div,
  maximum as greaterOf,
  matmul,
  mul,
  add as plus,
  reshape,
  scale,
  minimum as smallerOf,
  sqrt,
  square,
  sub,
  sum,
  transpose,
} from '../../ops/index.ts';
import { broadcastShapes, formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CommonOptions, KerasLayer, layerConfig } from '../layer.ts';
import { Mask } from '../mask.ts';

const kinds = {
  add: (a: Tensor, b: Tensor): Tensor => plus(a, b),
  subtract: (a: Tensor, b: Tensor): Tensor => sub(a, b),
  multiply: (a: Tensor, b: Tensor): Tensor => mul(a, b),
  average: (a: Tensor, b: Tensor): Tensor => plus(a, b),
  maximum: (a: Tensor, b: Tensor): Tensor => greaterOf(a, b),
  minimum: (a: Tensor, b: Tensor): Tensor => smallerOf(a, b),
};
export type MergeKind = keyof typeof kinds;
export const mergeKinds = Object.keys(kinds) as readonly MergeKind[];

const two = (layer: string, shapes: readonly unknown[]): void => {
  if (shapes.length >= 2) return;
  throw new ShapeError(`${layer}: needs a list of at least two inputs, received ${shapes.length}`, { layer });
};

/** Broadcasts symbolic shapes, whose open extents fit everything. */
function broadcast(layer: string, a: Shape, b: Shape): Shape {
  const known = (shape: Shape): Shape => shape.map((n) => (n < 0 ? 1 : n));
  return broadcastShapes(layer, known(a), known(b)).map((n, i, all) => {
    const open = [a, b].some((shape) => shape[shape.length - all.length + i] === -1);
    return open && n === 1 ? -1 : n;
  });
}

export class Merge extends KerasLayer {
  readonly config: { readonly layer: MergeKind } & CommonOptions;

  constructor(kind: MergeKind, options: CommonOptions = {}) {
    super();
    this.config = layerConfig(kind, options, {});
  }

  override outputShape(shapes: readonly Shape[]): Shape {
    two(this.name, shapes);
    if (this.config.layer === 'subtract' && shapes.length !== 2) {
      throw new ShapeError(`subtract: needs two inputs, received ${shapes.length}`, { shapes });
    }
    return shapes.reduce((a, b) => broadcast(this.name, a, b));
  }

  call(inputs: readonly Tensor[]): Tensor {
    const { layer } = this.config;
    const merged = inputs.reduce(kinds[layer]);
    return layer === 'average' ? scale(merged, 1 / inputs.length) : merged;
  }

  /** As Keras 3: a step counts if it does in any input; where an input has no mask, there is none. In a product, if it does in all. */
  override computeMask(masks: readonly (Mask | null)[]): readonly (Mask | null)[] {
    const present = masks.filter((mask) => mask !== null);
    if (this.config.layer === 'multiply') return [present.length > 0 ? present.reduce((a, b) => a.and(b)) : null];
    return [present.length === masks.length ? present.reduce((a, b) => a.or(b)) : null];
  }
}

/** Σ of its inputs, with broadcasting. */
export const add = (options: CommonOptions = {}): Merge => new Merge('add', options);
/** The first input less the second. */
export const subtract = (options: CommonOptions = {}): Merge => new Merge('subtract', options);
/** The product of its inputs, element by element. */
export const multiply = (options: CommonOptions = {}): Merge => new Merge('multiply', options);
/** The mean of its inputs. */
export const average = (options: CommonOptions = {}): Merge => new Merge('average', options);
/** The greatest of its inputs, element by element. */
export const maximum = (options: CommonOptions = {}): Merge => new Merge('maximum', options);
/** The least of its inputs, element by element. */
export const minimum = (options: CommonOptions = {}): Merge => new Merge('minimum', options);

export interface ConcatenateOptions extends CommonOptions {
  /** Default −1. */
  readonly axis?: number | undefined;
}

const axisKind = { must: 'a whole number', fits: Number.isInteger };

export class Concatenate extends KerasLayer {
  readonly config: { readonly layer: 'concatenate' } & ConcatenateOptions;

  constructor(options: ConcatenateOptions = {}) {
    super();
    this.config = layerConfig('concatenate', options, { axis: axisKind });
  }

  #axis(rank: number): number {
    const { axis = -1 } = this.config;
    return axis < 0 ? axis + rank : axis;
  }

  override outputShape(shapes: readonly Shape[]): Shape {
    two(this.name, shapes);
    const [first] = shapes;
    const axis = this.#axis(first.length);
    const fits = shapes.every(
      (shape) =>
        shape.length === first.length && shape.every((n, i) => i === axis || n < 0 || first[i] < 0 || n === first[i]),
    );
    if (!fits || axis < 1 || axis >= first.length) {
      throw new ShapeError(
        `${this.name}: ${shapes.map(formatShape).join(', ')} do not join along axis ${this.config.axis ?? -1}`,
        { shapes, axis },
      );
    }
    const extents = shapes.map((shape) => shape[axis]);
    return first.map((n, i) => (i !== axis ? n : extents.includes(-1) ? -1 : extents.reduce((a, b) => a + b)));
  }

  call(inputs: readonly Tensor[]): Tensor {
    return concat(inputs, this.#axis(inputs[0].rank));
  }

  /** Along time the masks join; otherwise a step counts if it does in all inputs. */
  override computeMask(masks: readonly (Mask | null)[], inputs: readonly Tensor[]): readonly (Mask | null)[] {
    const present = masks.filter((mask) => mask !== null);
    if (present.length === 0) return [null];
    if (this.#axis(inputs[0].rank) !== 1) return [present.reduce((a, b) => a.and(b))];
    const starts: number[] = [];
    let steps = 0;
    for (const { shape } of inputs) {
      starts.push(steps);
      steps += shape[1];
    }
    return [
      Mask.of(inputs[0].shape[0], steps, (b, t) => {
        const i = starts.findLastIndex((start, k) => start <= t && inputs[k].shape[1] > 0);
        return masks[i]?.at(b, t - starts[i]) ?? true;
      }),
    ];
  }
}

/** Its inputs one after the other along an axis. */
export const concatenate = (options: ConcatenateOptions = {}): Concatenate => new Concatenate(options);

export interface DotOptions extends CommonOptions {
  /** The axis of each input that is summed over, from 1; one number for both. */
  readonly axes: number | readonly [number, number];
  /** Vectors along the axes have length 1 first, so that products are cosines. Default false. */
  readonly normalize?: boolean | undefined;
}

export class Dot extends KerasLayer {
  readonly config: { readonly layer: 'dot' } & DotOptions;

  constructor(options: DotOptions) {
    super();
    this.config = layerConfig('dot', options, {
      axes: required({ must: 'an axis, or two', fits: (value) => [value].flat().every(Number.isInteger) }),
      normalize: flag,
    });
  }

  #axes(shapes: readonly Shape[]): readonly [number, number] {
    const { axes } = this.config;
    const both = typeof axes === 'number' ? [axes, axes] : axes;
    return both.map((axis, i) => (axis < 0 ? axis + shapes[i].length : axis)) as unknown as [number, number];
  }

  override outputShape(shapes: readonly Shape[]): Shape {
    const [a, b] = shapes;
    const [i, j] = shapes.length === 2 ? this.#axes(shapes) : [0, 0];
    if (shapes.length !== 2 || a.length > 3 || b.length > 3 || i < 1 || j < 1 || a[i] !== b[j]) {
      throw new ShapeError(
        `dot: needs two inputs of two or three axes whose extents along axes ${JSON.stringify(this.config.axes)} agree, ` +
          `received ${shapes.map(formatShape).join(', ')}`,
        { shapes },
      );
    }
    const rest = [...a.filter((_, n) => n !== i), ...b.filter((_, n) => n !== j && n !== 0)];
    return rest.length === 1 ? [...rest, 1] : rest;
  }

  call([a, b]: readonly Tensor[]): Tensor {
    const [i, j] = this.#axes([a.shape, b.shape]);
    const unit = (x: Tensor, axis: number): Tensor =>
      this.config.normalize ? div(x, sqrt(greaterOf(sum(square(x), { axes: axis, keepDims: true }), 1e-12))) : x;
    const left = matrix(unit(a, i), i, false); // [B, M, K]
    const right = matrix(unit(b, j), j, true); // [B, K, N]
    return reshape(matmul(left, right), [a.shape[0], ...this.outputShape([a.shape, b.shape]).slice(1)]);
  }
}

/** [B, M, K] with K the axis, or [B, K, M]. */
function matrix(x: Tensor, axis: number, first: boolean): Tensor {
  if (x.rank === 2) return reshape(x, first ? [x.shape[0], x.shape[1], 1] : [x.shape[0], 1, x.shape[1]]);
  return (axis === 1) === first ? x : transpose(x, [0, 2, 1]);
}

/** Products of two inputs, summed over an axis of each. */
export const dot = (options: DotOptions): Dot => new Dot(options);
