import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../../shape.ts';
import { joined, KerasLayer, type PlacedWeight } from '../layer.ts';
import { Model } from '../model.ts';
import { isRaw } from './options.ts';
import { classOf, modelClasses, type ReadLayer } from './parts.ts';

/** The weights of a file by the paths that they have here. */
export type Weights = Record<string, NamedArray>;

/** How a file was written, as far as it changes the layout of weights. */
export interface WeightLayout {
  readonly version: 1 | 2 | 3;
  /** Theano turned the kernels of convolutions. */
  readonly isTurned: boolean;
}

/**
 * Gives the arrays of a file to the weights of a layer, one by one.
 * @throws FormatError if there are too few or too many, or one has another shape; nothing is made of other shapes' numbers
 */
export function assign(
  name: string,
  places: readonly PlacedWeight[],
  arrays: readonly NamedArray[],
  into: Weights,
): void {
  if (places.length !== arrays.length) {
    throw new FormatError(
      `keras: layer ${shown(name)} has ${places.length} weights (${places.map(({ weight }) => weight.name).join(', ')}), ` +
        `the file has ${arrays.length}`,
      { layer: name, expected: places.length, received: arrays.length },
    );
  }
  places.forEach(({ path, weight }, i) => {
    const { shape, data } = arrays[i];
    const fits = sameShape(shape, weight.shape) || (sizeOf(shape) === 1 && sizeOf(weight.shape) === 1);
    if (!fits || data.length !== sizeOf(weight.shape)) {
      throw new FormatError(
        `keras: layer ${shown(name)}: its ${weight.name} is ${formatShape(weight.shape)}, the file has ${formatShape(shape)}`,
        { layer: name, expected: weight.shape, received: shape },
      );
    }
    into[path] = { shape: weight.shape, data: data instanceof Float64Array ? data : Float32Array.from(data) };
  });
}

/** The places of a layer's weights in the order of the older files: what is trained, then what is frozen or never trained. */
export function placesOf(layer: KerasLayer<unknown>, path: string): readonly PlacedWeight[] {
  const all = layer.placedWeights(path);
  if (!(layer instanceof Model)) return all;
  return [...all.filter(({ trainable }) => trainable), ...all.filter(({ trainable }) => !trainable)];
}

/** The layer inside another of a name. */
export function innerOf(layer: KerasLayer<unknown>, name: string): KerasLayer<unknown> {
  const found = layer.innerLayers().find(([own]) => own === name)?.[1];
  if (found instanceof KerasLayer) return found;
  throw new FormatError(`keras: ${layer.name} has no inner layer ${shown(name)}`);
}

/** The layers of a model that was read, with what they are here. */
export function pairsOf(
  read: ReadLayer,
  model: Model<unknown>,
  path: string,
): { readonly read: ReadLayer; readonly layer: KerasLayer<unknown>; readonly path: string; readonly name: string }[] {
  return (read.layers ?? []).map((one, i) => {
    const layer = model.layers.find((other) => model.nameOf(other) === one.config.name) ?? model.layers[i];
    const name = model.nameOf(layer);
    return { read: one, layer, path: joined(path, name), name };
  });
}

// ── layouts of other versions ───────────────────────────────────────────────────────────────────────────────

/** The arrays of a layer in Keras 3's layout. */
export function inLayout(raw: unknown, arrays: readonly NamedArray[], layout: WeightLayout): readonly NamedArray[] {
  const { className, options } = classOf(raw);
  if (className === 'Bidirectional') {
    const half = arrays.length / 2;
    const other = isRaw(options.backward_layer) ? options.backward_layer : options.layer;
    return [...inLayout(options.layer, arrays.slice(0, half), layout), ...inLayout(other, arrays.slice(half), layout)];
  }
  if (className === 'TimeDistributed') return inLayout(options.layer, arrays, layout);
  if (modelClasses.includes(className)) return arrays;
  if (className === 'CuDNNLSTM') return fromCudnn(className, arrays, 4);
  if (className === 'CuDNNGRU') return fromCudnn(className, arrays, 3);
  if (layout.version === 1) return gatesJoined(className, arrays);
  if (layout.isTurned && /^Conv[12]D$/.test(className)) return [turned(arrays[0]), ...arrays.slice(1)];
  return arrays;
}

const array = (shape: Shape, length: number, value: (i: number) => number): NamedArray => ({
  shape,
  data: Float32Array.from({ length }, (_, i) => value(i)),
});

/**
 * cuDNN keeps each gate's matrix the other way round: the kernel of a gate, of the same form [F, H], holds the numbers of its
 * transpose [H, F], the recurrent kernel is transposed, and there are two biases, whose sum an LSTM takes.
 */
function fromCudnn(className: string, arrays: readonly NamedArray[], gates: number): readonly NamedArray[] {
  const [kernel, recurrent, bias] = arrays;
  const H = recurrent?.shape[0] ?? 0;
  const F = kernel?.shape[0] ?? 0;
  const width = gates * H;
  const fits =
    arrays.length === 3 &&
    sameShape(kernel.shape, [F, width]) &&
    sameShape(recurrent.shape, [H, width]) &&
    sameShape(bias.shape, [2 * width]);
  if (!fits) {
    throw new FormatError(
      `keras: the weights of a ${className} are ${arrays.map(({ shape }) => formatShape(shape)).join(', ')}`,
    );
  }
  const place = (i: number) => ({ row: Math.floor(i / width), gate: Math.floor((i % width) / H), column: i % H });
  const own = array(kernel.shape, F * width, (i) => {
    const { row, gate, column } = place(i);
    // Row-major place of (column, row) in [H, F], read as a gate's [F, H].
    const flat = column * F + row;
    return kernel.data[Math.floor(flat / H) * width + gate * H + (flat % H)];
  });
  const state = array(recurrent.shape, H * width, (i) => {
    const { row, gate, column } = place(i);
    return recurrent.data[column * width + gate * H + row];
  });
  const both =
    gates === 4
      ? array([width], width, (i) => bias.data[i] + bias.data[width + i])
      : array([2, width], 2 * width, (i) => bias.data[i]);
  return [own, state, both];
}

/** Keras 1 has the matrices of each gate apart. */
const gateOrder: Readonly<Record<string, readonly number[]>> = { LSTM: [0, 2, 1, 3], GRU: [0, 1, 2] };

function gatesJoined(className: string, arrays: readonly NamedArray[]): readonly NamedArray[] {
  if (className.startsWith('Conv') && className.endsWith('1D') && arrays[0]?.shape.length === 4) {
    const [k, , C, O] = arrays[0].shape;
    return [{ ...arrays[0], shape: [k, C, O] }, ...arrays.slice(1)];
  }
  const order = gateOrder[className];
  if (!order || arrays.length !== 3 * order.length) return arrays;
  return [0, 1, 2].map((which) => {
    const parts = order.map((gate) => arrays[3 * gate + which]);
    const [rows, H] = which === 2 ? [1, parts[0].shape[0]] : parts[0].shape;
    const width = H * parts.length;
    return array(which === 2 ? [width] : [rows, width], rows * width, (i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return parts[Math.floor(column / H)].data[row * H + (column % H)];
    });
  });
}

/** A kernel [rows, (columns,) C, O] turned by half a turn. */
function turned(kernel: NamedArray): NamedArray {
  const inner = sizeOf(kernel.shape.slice(-2));
  const count = inner === 0 ? 0 : kernel.data.length / inner;
  return array(kernel.shape, kernel.data.length, (i) => {
    const [place, rest] = [Math.floor(i / inner), i % inner];
    return kernel.data[(count - 1 - place) * inner + rest];
  });
}
