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
}

/** Sequences in a batch: `[T, B, …]`, and the number of steps of each row. Default: T for all. */
export interface Sequences {
  readonly xs: Tensor;
  readonly lengths?: readonly number[] | null | undefined;
}

export interface LayerConfig {
  readonly layer: string;
}

/** What a call depends on besides its input: training mode and random numbers. */
export type Context = { readonly training: false } | { readonly training: true; readonly random: Random };

/** The context for evaluation and inference: deterministic. */
export const inference: Context = { training: false };

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
