import { count, type Kind, oneOf, required } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { add, conv2d, type Padding2d, reshape, transpose } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { activate } from '../activations.ts';
import type { Constraint } from '../constraints.ts';
import type { Initializer } from '../initializers.ts';
import { type CallContext, type CommonOptions, KerasLayer, lastExtent, layerConfig, requireRank } from '../layer.ts';
import type { Regularizer } from '../regularizers.ts';
import type { Weight } from '../weight.ts';
import { addActivityLoss, biasWeight, kernelKinds, kernelWeight } from './dense.ts';
import { constraintKind, initializerKind, type KernelOptions, regularizerKind } from './options.ts';

/** A number for all axes, or one for each. */
export type Sizes = number | readonly number[];

interface WindowOptions {
  /** Default 1. */
  readonly strides?: Sizes | undefined;
  /** 'causal' in one dimension only: no output sees a later step. Default 'valid'. */
  readonly padding?: 'valid' | 'same' | 'causal' | undefined;
  /** Default 1. */
  readonly dilationRate?: Sizes | undefined;
}

export interface ConvOptions extends CommonOptions, KernelOptions, WindowOptions {
  /** The number of output channels. */
  readonly filters: number;
  readonly kernelSize: Sizes;
  /** Groups of channels that do not see each other. Default 1. */
  readonly groups?: number | undefined;
}

const sizes: Kind = {
  must: 'a whole number from 1, or a list of them',
  fits: (value) => [value].flat().length > 0 && [value].flat().every((n) => count.fits(n)),
};

const windowKinds = { strides: sizes, padding: oneOf(['valid', 'same', 'causal']), dilationRate: sizes };

interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: 'valid' | 'same' | 'causal';
}

/** @throws ShapeError unless there is a size for each axis */
export function perAxis(layer: string, given: Sizes | undefined, axes: number, otherwise = 1): readonly number[] {
  const list = typeof given === 'object' ? given : new Array<number>(axes).fill(given ?? otherwise);
  if (list.length === axes) return list;
  throw new ShapeError(`${layer}: takes a number or ${axes}, received ${JSON.stringify(given)}`, { given, axes });
}

function windowOf(layer: string, config: WindowOptions & { readonly kernelSize: Sizes }, axes: number): Window {
  const { kernelSize, strides, dilationRate, padding = 'valid' } = config;
  if (padding === 'causal' && axes !== 1) {
    throw new ShapeError(`${layer}: padding 'causal' is of one dimension; use 'same' or 'valid'`, { padding });
  }
  return {
    kernel: perAxis(layer, kernelSize, axes),
    stride: perAxis(layer, strides, axes),
    dilation: perAxis(layer, dilationRate, axes),
    padding,
  };
}

/** Extents after a window has slid over them; −1 where they are open. */
export function slid(layer: string, extents: Shape, { kernel, stride, dilation, padding }: Window): Shape {
  return extents.map((n, i) => {
    if (n < 0) return -1;
    if (padding !== 'valid') return Math.ceil(n / stride[i]);
    const covered = (kernel[i] - 1) * dilation[i] + 1;
    if (n >= covered) return Math.floor((n - covered) / stride[i]) + 1;
    throw new ShapeError(`${layer}: a window of ${covered} does not fit into ${n} steps; use padding 'same'`, {
      extents,
    });
  });
}

/** As images: a sequence [B, T, C] is one of single columns. */
const imagesOf = (x: Tensor): Tensor => (x.rank === 4 ? x : reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]]));
const likeInput = (y: Tensor, x: Tensor): Tensor =>
  x.rank === 4 ? y : reshape(y, [y.shape[0], y.shape[1], y.shape[3]]);
const pair = (list: readonly number[]): [number, number] => [list[0], list[1] ?? 1];

function padding2d({ kernel, dilation, padding }: Window): Padding2d {
  if (padding !== 'causal') return padding;
  return [
    [(kernel[0] - 1) * dilation[0], 0],
    [0, 0],
  ];
}

/** @param kernel  [O, C/groups, rows, columns] */
const convolve = (x: Tensor, kernel: Tensor, bias: Tensor | null, window: Window, groups: number): Tensor =>
  likeInput(
    conv2d(imagesOf(x), kernel, bias, {
      stride: pair(window.stride),
      dilation: pair(window.dilation),
      padding: padding2d(window),
      groups,
    }),
    x,
  );

/** Kernels in Keras' layout [(rows,) columns, in, out] as [out, in, rows, columns]. */
function channelsFirst(kernel: Tensor): Tensor {
  if (kernel.rank === 4) return transpose(kernel, [3, 2, 0, 1]);
  const [k, C, O] = kernel.shape;
  return reshape(transpose(kernel, [2, 1, 0]), [O, C, k, 1]);
}

export class Conv extends KerasLayer {
  readonly config: { readonly layer: 'conv1D' | 'conv2D' } & ConvOptions;
  #kernel!: Weight;
  #bias: Weight | null = null;

  constructor(layer: 'conv1D' | 'conv2D', options: ConvOptions) {
    super();
    this.config = layerConfig(layer, options, {
      filters: required(count),
      kernelSize: required(sizes),
      groups: count,
      ...windowKinds,
      ...kernelKinds,
    });
  }

  get #window(): Window {
    return windowOf(this.name, this.config, this.config.layer === 'conv1D' ? 1 : 2);
  }

  override build([shape]: readonly Shape[]): void {
    const { filters, groups = 1, useBias = true } = this.config;
    const C = lastExtent(this.name, shape);
    if (C % groups !== 0 || filters % groups !== 0) {
      throw new ShapeError(`${this.name}: ${C} channels and ${filters} filters do not divide into ${groups} groups`, {
        shape,
      });
    }
    const extents = [...this.#window.kernel, C / groups, filters];
    this.#kernel = this.addWeight('kernel', extents, kernelWeight(this.config));
    this.#bias = useBias ? this.addWeight('bias', [filters], biasWeight(this.config)) : null;
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const window = this.#window;
    requireRank(this.name, shape, window.kernel.length + 2, window.kernel.length === 1 ? '[B, T, C]' : '[B, H, W, C]');
    return [shape[0], ...slid(this.name, shape.slice(1, -1), window), this.config.filters];
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const { activation = 'linear', groups = 1, activityRegularizer } = this.config;
    const bias = this.#bias?.value ?? null;
    const y = activate(convolve(x, channelsFirst(this.#kernel.value), bias, this.#window, groups), activation);
    addActivityLoss(y, activityRegularizer, context);
    return y;
  }
}

/**
 * Convolution over time, `[B, T, C]` → `[B, T′, filters]`. Weights: `kernel` [k, C/groups, filters], `bias`. Drops a mask, as
 * Keras'.
 */
export const conv1D = (options: ConvOptions): Conv => new Conv('conv1D', options);
/** Convolution of images, `[B, H, W, C]` → `[B, H′, W′, filters]`. Weights: `kernel` [rows, columns, C/groups, filters], `bias`. */
export const conv2D = (options: ConvOptions): Conv => new Conv('conv2D', options);

interface DepthwiseWeights {
  /** Output channels of each input channel. Default 1. */
  readonly depthMultiplier?: number | undefined;
  readonly depthwiseInitializer?: Initializer | undefined;
  readonly depthwiseRegularizer?: Regularizer | null | undefined;
  readonly depthwiseConstraint?: Constraint | null | undefined;
}

const depthwiseKinds = {
  depthMultiplier: count,
  depthwiseInitializer: initializerKind,
  depthwiseRegularizer: regularizerKind,
  depthwiseConstraint: constraintKind,
};

const depthwiseWeight = (config: DepthwiseWeights) => ({
  initializer: config.depthwiseInitializer ?? ('glorotUniform' as const),
  regularizer: config.depthwiseRegularizer,
  constraint: config.depthwiseConstraint,
});

/** [rows, (columns,) C, m] as [C·m, 1, rows, columns]. */
function depthwiseFirst(kernel: Tensor): Tensor {
  const [C, m] = kernel.shape.slice(-2);
  const window = kernel.rank === 4 ? kernel.shape.slice(0, 2) : [kernel.shape[0], 1];
  return reshape(transpose(kernel, kernel.rank === 4 ? [2, 3, 0, 1] : [1, 2, 0]), [C * m, 1, ...window]);
}

type Unkernelled = Omit<KernelOptions, 'kernelInitializer' | 'kernelRegularizer' | 'kernelConstraint'>;
const { kernelInitializer: _i, kernelRegularizer: _r, kernelConstraint: _c, ...outputKinds } = kernelKinds;

export interface DepthwiseConvOptions extends CommonOptions, Unkernelled, WindowOptions, DepthwiseWeights {
  readonly kernelSize: Sizes;
}

export class DepthwiseConv extends KerasLayer {
  readonly config: { readonly layer: 'depthwiseConv1D' | 'depthwiseConv2D' } & DepthwiseConvOptions;
  #kernel!: Weight;
  #bias: Weight | null = null;

  constructor(layer: 'depthwiseConv1D' | 'depthwiseConv2D', options: DepthwiseConvOptions) {
    super();
    this.config = layerConfig(layer, options, {
      kernelSize: required(sizes),
      ...windowKinds,
      ...outputKinds,
      ...depthwiseKinds,
    });
  }

  get #window(): Window {
    return windowOf(this.name, this.config, this.config.layer === 'depthwiseConv1D' ? 1 : 2);
  }

  override build([shape]: readonly Shape[]): void {
    const { depthMultiplier = 1, useBias = true } = this.config;
    const C = lastExtent(this.name, shape);
    this.#kernel = this.addWeight('kernel', [...this.#window.kernel, C, depthMultiplier], depthwiseWeight(this.config));
    this.#bias = useBias ? this.addWeight('bias', [C * depthMultiplier], biasWeight(this.config)) : null;
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const window = this.#window;
    requireRank(this.name, shape, window.kernel.length + 2, window.kernel.length === 1 ? '[B, T, C]' : '[B, H, W, C]');
    const C = shape.at(-1)! * (this.config.depthMultiplier ?? 1);
    return [shape[0], ...slid(this.name, shape.slice(1, -1), window), C];
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const kernel = depthwiseFirst(this.#kernel.value);
    const sum = convolve(x, kernel, this.#bias?.value ?? null, this.#window, x.shape.at(-1)!);
    const y = activate(sum, this.config.activation ?? 'linear');
    addActivityLoss(y, this.config.activityRegularizer, context);
    return y;
  }
}

/** Each channel of `[B, T, C]` filtered by itself. Weights: `kernel` [k, C, m], `bias`. */
export const depthwiseConv1D = (options: DepthwiseConvOptions): DepthwiseConv =>
  new DepthwiseConv('depthwiseConv1D', options);
/** Each channel of `[B, H, W, C]` filtered by itself. Weights: `kernel` [rows, columns, C, m], `bias`. */
export const depthwiseConv2D = (options: DepthwiseConvOptions): DepthwiseConv =>
  new DepthwiseConv('depthwiseConv2D', options);

export interface SeparableConvOptions extends CommonOptions, Unkernelled, WindowOptions, DepthwiseWeights {
  readonly filters: number;
  readonly kernelSize: Sizes;
  readonly pointwiseInitializer?: Initializer | undefined;
  readonly pointwiseRegularizer?: Regularizer | null | undefined;
  readonly pointwiseConstraint?: Constraint | null | undefined;
}

export class SeparableConv extends KerasLayer {
  readonly config: { readonly layer: 'separableConv1D' | 'separableConv2D' } & SeparableConvOptions;
  #depthwise!: Weight;
  #pointwise!: Weight;
  #bias: Weight | null = null;

  constructor(layer: 'separableConv1D' | 'separableConv2D', options: SeparableConvOptions) {
    super();
    this.config = layerConfig(layer, options, {
      filters: required(count),
      kernelSize: required(sizes),
      ...windowKinds,
      ...outputKinds,
      ...depthwiseKinds,
      pointwiseInitializer: initializerKind,
      pointwiseRegularizer: regularizerKind,
      pointwiseConstraint: constraintKind,
    });
  }

  get #window(): Window {
    return windowOf(this.name, this.config, this.config.layer === 'separableConv1D' ? 1 : 2);
  }

  override build([shape]: readonly Shape[]): void {
    const { depthMultiplier = 1, filters, useBias = true, pointwiseInitializer = 'glorotUniform' } = this.config;
    const { kernel } = this.#window;
    const C = lastExtent(this.name, shape);
    this.#depthwise = this.addWeight('depthwiseKernel', [...kernel, C, depthMultiplier], depthwiseWeight(this.config));
    this.#pointwise = this.addWeight('pointwiseKernel', [...kernel.map(() => 1), C * depthMultiplier, filters], {
      initializer: pointwiseInitializer,
      regularizer: this.config.pointwiseRegularizer,
      constraint: this.config.pointwiseConstraint,
    });
    this.#bias = useBias ? this.addWeight('bias', [filters], biasWeight(this.config)) : null;
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const window = this.#window;
    requireRank(this.name, shape, window.kernel.length + 2, window.kernel.length === 1 ? '[B, T, C]' : '[B, H, W, C]');
    return [shape[0], ...slid(this.name, shape.slice(1, -1), window), this.config.filters];
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const filtered = convolve(x, depthwiseFirst(this.#depthwise.value), null, this.#window, x.shape.at(-1)!);
    const one = [1, 1];
    const still: Window = { kernel: one, stride: one, dilation: one, padding: 'valid' };
    const mixed = convolve(filtered, channelsFirst(this.#pointwise.value), null, still, 1);
    const y = activate(this.#bias ? add(mixed, this.#bias.value) : mixed, this.config.activation ?? 'linear');
    addActivityLoss(y, this.config.activityRegularizer, context);
    return y;
  }
}

/** A depthwise convolution, then one of 1 step. Weights: `depthwiseKernel`, `pointwiseKernel`, `bias`. */
export const separableConv1D = (options: SeparableConvOptions): SeparableConv =>
  new SeparableConv('separableConv1D', options);
/** A depthwise convolution, then one of 1 × 1. Weights: `depthwiseKernel`, `pointwiseKernel`, `bias`. */
export const separableConv2D = (options: SeparableConvOptions): SeparableConv =>
  new SeparableConv('separableConv2D', options);
