import { count, type Kind, required } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { broadcastTo, concat, reshape as reshaped, slice, transpose } from '../../ops/index.ts';
import { formatShape, type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CommonOptions, KerasLayer, layerConfig, requireRank } from '../layer.ts';

const product = (shape: Shape): number => (shape.some((n) => n < 0) ? -1 : sizeOf(shape));

export class Flatten extends KerasLayer {
  readonly config: { readonly layer: 'flatten' } & CommonOptions;

  constructor(options: CommonOptions = {}) {
    super();
    this.config = layerConfig('flatten', options, {});
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    return [shape[0], product(shape.slice(1))];
  }

  call([x]: readonly Tensor[]): Tensor {
    return reshaped(x, [x.shape[0], sizeOf(x.shape.slice(1))]);
  }
}

/** `[B, …]` → `[B, n]`. Drops a mask. */
export const flatten = (options: CommonOptions = {}): Flatten => new Flatten(options);

export interface ReshapeOptions extends CommonOptions {
  /** Without the batch; one extent may be −1. */
  readonly targetShape: readonly number[];
}

const extents: Kind = {
  must: 'a list of whole numbers',
  fits: (value) => Array.isArray(value) && value.every(Number.isInteger),
};

export class Reshape extends KerasLayer {
  readonly config: { readonly layer: 'reshape' } & ReshapeOptions;

  constructor(options: ReshapeOptions) {
    super();
    this.config = layerConfig('reshape', options, { targetShape: required(extents) });
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const { targetShape } = this.config;
    const size = product(shape.slice(1));
    const known = targetShape.reduce((all, n) => (n === -1 ? all : all * n), 1);
    const open = targetShape.includes(-1);
    if (size >= 0 && (open ? size % known !== 0 : size !== known)) {
      throw new ShapeError(`reshape: ${formatShape(shape)} does not fit into [batch, ${targetShape.join(', ')}]`, {
        shape,
        targetShape,
      });
    }
    return [shape[0], ...targetShape.map((n) => (n === -1 && size >= 0 ? size / known : n))];
  }

  call([x]: readonly Tensor[]): Tensor {
    return reshaped(x, [x.shape[0], ...this.outputShape([x.shape]).slice(1)]);
  }
}

/** `[B, …]` → `[B, …targetShape]`. Drops a mask. */
export const reshape = (options: ReshapeOptions): Reshape => new Reshape(options);

export interface PermuteOptions extends CommonOptions {
  /** The order of the axes after the batch, counted from 1. */
  readonly dims: readonly number[];
}

export class Permute extends KerasLayer {
  readonly config: { readonly layer: 'permute' } & PermuteOptions;

  constructor(options: PermuteOptions) {
    super();
    this.config = layerConfig('permute', options, {
      dims: required({
        must: 'the numbers 1, 2, … in some order',
        fits: (value) => Array.isArray(value) && [...value].sort((a, b) => a - b).every((n, i) => n === i + 1),
      }),
    });
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const { dims } = this.config;
    requireRank(this.name, shape, dims.length + 1, `an input of ${dims.length} axes after the batch`);
    return [shape[0], ...dims.map((n) => shape[n])];
  }

  call([x]: readonly Tensor[]): Tensor {
    return transpose(x, [0, ...this.config.dims]);
  }
}

/** The axes after the batch in another order. Drops a mask. */
export const permute = (options: PermuteOptions): Permute => new Permute(options);

export class RepeatVector extends KerasLayer {
  readonly config: { readonly layer: 'repeatVector' } & CommonOptions & { readonly n: number };

  constructor(options: CommonOptions & { readonly n: number }) {
    super();
    this.config = layerConfig('repeatVector', options, { n: required(count) });
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    requireRank(this.name, shape, 2, 'vectors [B, F]');
    return [shape[0], this.config.n, shape[1]];
  }

  call([x]: readonly Tensor[]): Tensor {
    const [B, F] = x.shape;
    return broadcastTo(reshaped(x, [B, 1, F]), [B, this.config.n, F]);
  }
}

/** `[B, F]` → `[B, n, F]`, n times the same. */
export const repeatVector = (options: CommonOptions & { readonly n: number }): RepeatVector =>
  new RepeatVector(options);

type Sides = readonly [before: number, after: number];
/** A number for both sides, [before, after] in one dimension, or for each of two dimensions one of these. */
export type Border = number | readonly number[] | readonly (readonly number[])[];

function sidesOf(layer: string, border: Border, axes: number): readonly Sides[] {
  const list = typeof border === 'number' ? new Array<number>(axes).fill(border) : border;
  const each = axes === 1 && list.length === 2 && typeof list[0] === 'number' ? [list] : list;
  const sides = each.map((one): Sides => (typeof one === 'number' ? [one, one] : (one as unknown as Sides)));
  if (
    sides.length === axes &&
    sides.every((side) => side.length === 2 && side.every((n) => Number.isInteger(n) && n >= 0))
  ) {
    return sides;
  }
  throw new ShapeError(
    `${layer}: takes a number, or [before, after] for each of ${axes} axes, received ${JSON.stringify(border)}`,
    {
      border,
    },
  );
}

const border: Kind = {
  must: 'a whole number from 0, or pairs of them',
  fits: (value) => [value].flat(2).every((n) => Number.isInteger(n) && (n as number) >= 0),
};

export interface ZeroPaddingOptions extends CommonOptions {
  /** Default 1. */
  readonly padding?: Border | undefined;
}

export class ZeroPadding extends KerasLayer {
  readonly config: { readonly layer: 'zeroPadding1D' | 'zeroPadding2D' } & ZeroPaddingOptions;

  constructor(layer: 'zeroPadding1D' | 'zeroPadding2D', options: ZeroPaddingOptions = {}) {
    super();
    this.config = layerConfig(layer, options, { padding: border });
  }

  get #sides(): readonly Sides[] {
    return sidesOf(this.name, this.config.padding ?? 1, this.config.layer === 'zeroPadding1D' ? 1 : 2);
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const sides = this.#sides;
    requireRank(this.name, shape, sides.length + 2, sides.length === 1 ? '[B, T, C]' : '[B, H, W, C]');
    return shape.map((n, i) => (sides[i - 1] && n >= 0 ? n + sides[i - 1][0] + sides[i - 1][1] : n));
  }

  call([x]: readonly Tensor[]): Tensor {
    return this.#sides.reduce((y, sides, i) => {
      const zeros = (n: number): Tensor => x.device.zeros(y.shape.map((extent, axis) => (axis === i + 1 ? n : extent)));
      return concat([...(sides[0] ? [zeros(sides[0])] : []), y, ...(sides[1] ? [zeros(sides[1])] : [])], i + 1);
    }, x);
  }
}

/** Zeros before and after the steps of `[B, T, C]`. Drops a mask. */
export const zeroPadding1D = (options: ZeroPaddingOptions = {}): ZeroPadding =>
  new ZeroPadding('zeroPadding1D', options);
/** Zeros around images `[B, H, W, C]`: `padding` is n, [rows, columns] or [[above, below], [left, right]]. */
export const zeroPadding2D = (options: ZeroPaddingOptions = {}): ZeroPadding =>
  new ZeroPadding('zeroPadding2D', options);

export interface CroppingOptions extends CommonOptions {
  /** Default 1 in one dimension, 0 in two. */
  readonly cropping?: Border | undefined;
}

export class Cropping extends KerasLayer {
  readonly config: { readonly layer: 'cropping1D' | 'cropping2D' } & CroppingOptions;

  constructor(layer: 'cropping1D' | 'cropping2D', options: CroppingOptions = {}) {
    super();
    this.config = layerConfig(layer, options, { cropping: border });
  }

  get #sides(): readonly Sides[] {
    const axes = this.config.layer === 'cropping1D' ? 1 : 2;
    return sidesOf(this.name, this.config.cropping ?? (axes === 1 ? 1 : 0), axes);
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const sides = this.#sides;
    requireRank(this.name, shape, sides.length + 2, sides.length === 1 ? '[B, T, C]' : '[B, H, W, C]');
    return shape.map((n, i) => (sides[i - 1] && n >= 0 ? n - sides[i - 1][0] - sides[i - 1][1] : n));
  }

  call([x]: readonly Tensor[]): Tensor {
    return this.#sides.reduce((y, [before, after], i) => slice(y, i + 1, before, y.shape[i + 1] - after), x);
  }
}

/** Without the first and last steps of `[B, T, C]`. Drops a mask. */
export const cropping1D = (options: CroppingOptions = {}): Cropping => new Cropping('cropping1D', options);
/** Without the border of images `[B, H, W, C]`. */
export const cropping2D = (options: CroppingOptions = {}): Cropping => new Cropping('cropping2D', options);

export interface UpSamplingOptions extends CommonOptions {
  /** Times that each step, or rows and columns, are repeated. Default 2. */
  readonly size?: number | readonly [number, number] | undefined;
}

export class UpSampling extends KerasLayer {
  readonly config: { readonly layer: 'upSampling1D' | 'upSampling2D' } & UpSamplingOptions;

  constructor(layer: 'upSampling1D' | 'upSampling2D', options: UpSamplingOptions = {}) {
    super();
    this.config = layerConfig(layer, options, {
      size: { must: 'a whole number from 1, or two', fits: (value) => [value].flat().every((n) => count.fits(n)) },
    });
  }

  get #factors(): readonly number[] {
    const { size = 2, layer } = this.config;
    if (typeof size !== 'number') return size;
    return layer === 'upSampling1D' ? [size] : [size, size];
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const factors = this.#factors;
    return shape.map((n, i) => (factors[i - 1] && n >= 0 ? n * factors[i - 1] : n));
  }

  call([x]: readonly Tensor[]): Tensor {
    return this.#factors.reduce((y, n, i) => {
      const [before, after] = [y.shape.slice(0, i + 2), y.shape.slice(i + 2)];
      const repeated = broadcastTo(reshaped(y, [...before, 1, ...after]), [...before, n, ...after]);
      return reshaped(repeated, [...before.slice(0, -1), before.at(-1)! * n, ...after]);
    }, x);
  }
}

/** Each step of `[B, T, C]` `size` times. Drops a mask. */
export const upSampling1D = (options: UpSamplingOptions = {}): UpSampling => new UpSampling('upSampling1D', options);
/** Each row and column of `[B, H, W, C]` `size` times (Keras' nearest). */
export const upSampling2D = (options: UpSamplingOptions = {}): UpSampling => new UpSampling('upSampling2D', options);
