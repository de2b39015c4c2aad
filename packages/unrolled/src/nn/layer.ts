import { requireKind, seed } from '../checks.ts';
import type { Random } from '../random.ts';
import type { Shape } from '../shape.ts';
import { type Device, requireDevice } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Declarations, Parameters, type SavedParameters } from './parameters.ts';

/**
 * One contract for all layers. A layer is created from plain data (`config`, from which `layerFrom` makes it again), takes
 * the sizes it depends on from the shapes of its inputs (`build`), and is then applied. Extents not known when building, such
 * as T and B, are −1. A layer with several inputs takes them, and their shapes, by name:
 * `attention.build({ queries: [-1, -1, Q], memory: [-1, -1, D] }, declarations)`, `attention.apply({ queries, memory })`.
 *
 * Further arguments of a call, such as an initial state or a probe, are options of the layer's own `run`.
 */
export interface Layer<In = Tensor, Out = Tensor, InShapes = Shape, OutShapes = Shape> {
  /** The configuration of this layer: plain data that can be written to a file. */
  readonly config: LayerConfig;
  /** Declares the parameters for inputs of these shapes and returns the shape of the output. */
  build(input: InShapes, declarations: Declarations): OutShapes;
  apply(input: In, context: Context): Out;
  /**
   * Applies the layer together with as many of those that follow it in a `Sequential` as one operation can compute.
   * Optional.
   */
  applyFused?(input: In, context: Context, following: readonly Layer[]): Fused<Out>;
}

/** The value after a layer and the first `included` of those that follow it. */
export interface Fused<Out = Tensor> {
  readonly value: Out;
  readonly included: number;
}

/** Sequences in a batch: `[T, B, …]`, and the number of steps of each row. Default: T for all. */
export interface Sequences {
  readonly xs: Tensor;
  readonly lengths?: readonly number[] | null | undefined;
}

export interface LayerConfig {
  readonly layer: string;
}

/** What a call depends on besides its input: training mode and random numbers; and who looks on. */
export type Context = ({ readonly training: false } | { readonly training: true; readonly random: Random }) & {
  /**
   * Receives the output of each named layer as soon as it is computed, with the layer's path as in the names of its
   * parameters ('layer1.0.conv1'), and returns what the next layer takes: the same, or another in its place. Layers that
   * would run as one operation run one by one then.
   */
  readonly observe?: Observer | undefined;
};

export type Observer = (layer: string, value: Tensor) => Tensor;

/** The context for evaluation and inference: deterministic. */
export const inference: Context = { training: false };

/**
 * Applies a named part of a layer; `observe` sees its output, and those of the parts within it.
 * @param name  as given to `Declarations.within`; '' where the part's parameters have no prefix, which is not observed itself
 */
export function applyPart(name: string, part: Layer, x: Tensor, context: Context): Tensor {
  const { observe } = context;
  if (observe === undefined || name === '') return part.apply(x, context);
  const inside: Observer = (layer, value) => observe(`${name}.${layer}`, value);
  return observe(name, part.apply(x, { ...context, observe: inside }));
}

/**
 * Builds a layer for inputs of these shapes and gives its parameters initial values.
 * @param initial  a seed, or saved values, whose sizes are checked before anything is allocated
 * @throws FormatError if saved values do not fit the layer
 *
 * @example
 * const layer = new Linear({ units: 3 });
 * const parameters = initialiseParameters(layer, [-1, 4], device, 1);
 * layer.apply(device.ones([2, 4]), inference);   // [2, 3]
 */
export function initialiseParameters<Shapes>(
  layer: { build(input: Shapes, declarations: Declarations): unknown },
  input: Shapes,
  device: Device,
  initial: number | SavedParameters,
): Parameters {
  requireDevice('initialiseParameters', device);
  if (typeof initial !== 'object' || initial === null) requireKind('initialiseParameters', 'seed', initial, seed);
  const saved = typeof initial === 'number' ? null : initial;
  const declarations = new Declarations([], '', '', new Set(), saved);
  layer.build(input, declarations);
  return new Parameters(device, declarations.declared, initial);
}
