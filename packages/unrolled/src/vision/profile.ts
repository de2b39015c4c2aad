import type { AttentionForward } from '../backend/attention.ts';
import type { Block, MatrixProduct, RecurrentForward, Storage } from '../backend/backend.ts';
import type { ConvolutionForward } from '../backend/convolution.ts';
import { ShapeError } from '../errors.ts';
import { shapeDevice } from '../nn/cells/shape-device.ts';
import type { Context, Layer, LayerConfig } from '../nn/layer.ts';
import type { OwnParts } from '../nn/layer-kind.ts';
import { Declarations, type Parameter } from '../nn/parameters.ts';
import { Sequential } from '../nn/sequential.ts';
import { imageLayerFrom } from '../nn/vision/image-layers.ts';
import { Random } from '../random.ts';
import { formatShape, type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What one layer of a network costs. */
export interface LayerProfile {
  /** As in the names of its parameters: 'layer1.0.conv1'. */
  readonly name: string;
  /** Of the output. */
  readonly shape: Shape;
  /** Of `weight`, such as [O, C/groups, rows, columns]; null without one. */
  readonly weight: Shape | null;
  /** Trainable numbers. */
  readonly parameters: number;
  /** In products, attention, convolutions and recurrences; what is done element by element is not counted. */
  readonly multiplyAdds: number;
}

/** What a network costs. */
export interface Profile {
  readonly layers: readonly LayerProfile[];
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Bytes that a forward pass allocates besides the parameters, all of which stay until it ends. */
  readonly memory: { readonly inference: number; readonly training: number };
}

/** Sums of what has been asked of a device so far. */
interface Counters {
  multiplyAdds: number;
  bytes: number;
}

function countingDevice(counters: Counters): Device {
  return shapeDevice({
    allocate(dtype, length): Storage {
      counters.bytes += length * (dtype === 'float64' ? 8 : 4);
      return { dtype, length };
    },
    convolution({ y, weight }: ConvolutionForward) {
      counters.multiplyAdds += sizeOf(y.shape) * sizeOf(weight.shape.slice(1));
    },
    attention({ q, k, out }: AttentionForward) {
      const [B, T] = q.shape;
      counters.multiplyAdds += B * T * k.shape[1] * (q.shape[2] + out.shape[2]);
    },
    matmul(_a: Block, _b: Block, _out: Block, { batch, m, k, n }: MatrixProduct) {
      counters.multiplyAdds += batch * m * k * n;
    },
    // x · W_ihᵀ and h · W_hhᵀ at every step
    recurrent({ h, weightIh, weightHh }: RecurrentForward) {
      const rows = sizeOf(h.shape.slice(0, 2));
      counters.multiplyAdds += rows * ((weightIh ? sizeOf(weightIh.shape) : 0) + sizeOf(weightHh.shape));
    },
  });
}

/**
 * Multiply-adds in products, attention, convolutions and recurrences of whatever is computed on the device that `run` is given, which computes
 * nothing but shapes.
 */
export function multiplyAddsOf(run: (device: Device) => void): number {
  const counters = { multiplyAdds: 0, bytes: 0 };
  const device = countingDevice(counters);
  device.scope(() => device.withoutGradients(() => run(device)));
  return counters.multiplyAdds;
}

/**
 * What each layer of a network costs: found by running it on a device that computes nothing but shapes, so that any size takes
 * milliseconds.
 * @param input  shape of the input, such as [1, 224, 224, 3] for one image
 * @param own  classes of your own layers that the configuration names
 * @throws ConfigError, ShapeError if the network cannot be, or cannot take such an input
 *
 * @example
 * profile(networkConfig('mobilenet-v2', { classes: 1000 }), [1, 224, 224, 3]).multiplyAdds;   // 300,774,272
 */
export function profile(config: LayerConfig, input: Shape, own: OwnParts = {}): Profile {
  if (!input.every((extent) => Number.isSafeInteger(extent) && extent > 0)) {
    throw new ShapeError(`profile: needs a shape whose extents are all known, received ${formatShape(input)}`, {
      input,
    });
  }
  const counters: Counters = { multiplyAdds: 0, bytes: 0 };
  const device = countingDevice(counters);
  const { network, declared } = withoutValues(config, input, device, own);
  const bytes = (context: Context, times = 1): number => {
    const before = counters.bytes;
    const shape = [times * input[0], ...input.slice(1)];
    device.scope(() => network.apply(device.empty(shape), context));
    return counters.bytes - before - 4 * sizeOf(shape);
  };
  const training = { training: true, random: new Random(0) } as const;
  const memory = {
    inference: device.withoutGradients(() => bytes({ training: false })),
    // Linear in the batch, but a batch norm does not train on a single value.
    training: 2 * bytes(training, 2) - bytes(training, 3),
  };
  const layers = layersOf(network, input, device, counters, declared);
  return { layers, parameters: total(layers, 'parameters'), multiplyAdds: total(layers, 'multiplyAdds'), memory };
}

/** A network with parameters that have shapes only. A layer that is no sequence of named ones becomes one. */
function withoutValues(
  config: LayerConfig,
  input: Shape,
  device: Device,
  own: OwnParts,
): { readonly network: Sequential; readonly declared: readonly Parameter[] } {
  const layer = imageLayerFrom(config, own);
  const network = layer instanceof Sequential ? layer : new Sequential({ [config.layer]: layer });
  const declarations = new Declarations();
  network.build(input, declarations);
  for (const parameter of declarations.declared) {
    const value = device.empty(parameter.shape);
    parameter.value = parameter.frozen ? value : value.track();
  }
  return { network, declared: declarations.declared };
}

/** A layer and the shape of its output. */
export interface ObservedLayer {
  readonly name: string;
  readonly shape: Shape;
}

/** All layers that an observer sees, in the order in which they compute. */
export function observedLayers(config: LayerConfig, input: Shape, own: OwnParts = {}): readonly ObservedLayer[] {
  const device = shapeDevice();
  const { network } = withoutValues(config, input, device, own);
  const layers: ObservedLayer[] = [];
  const observe = (name: string, value: Tensor): Tensor => {
    layers.push({ name, shape: value.shape });
    return value;
  };
  device.scope(() => network.apply(device.empty(input), { training: false, observe }));
  return layers;
}

function layersOf(
  network: Layer,
  input: Shape,
  device: Device,
  counters: Counters,
  declared: readonly Parameter[],
): LayerProfile[] {
  const seen: { readonly name: string; readonly shape: Shape; readonly multiplyAdds: number }[] = [];
  let before = counters.multiplyAdds;
  device.scope(() =>
    network.apply(device.empty(input), {
      training: false,
      observe(name, value) {
        seen.push({ name, shape: value.shape, multiplyAdds: counters.multiplyAdds - before });
        before = counters.multiplyAdds;
        return value;
      },
    }),
  );
  const isWithin = (name: string, other: string): boolean => name.startsWith(`${other}.`);
  const ownerOf = (parameter: string): string | undefined =>
    seen
      .filter(({ name }) => isWithin(parameter, name))
      .reduce<string | undefined>((found, { name }) => (name.length > (found?.length ?? -1) ? name : found), undefined);
  const owners = declared.map((parameter) => ({ parameter, owner: ownerOf(parameter.name) }));
  return seen.flatMap(({ name, shape, multiplyAdds }) => {
    const own = owners.filter(({ owner }) => owner === name).map(({ parameter }) => parameter);
    const holdsOthers = seen.some((other) => isWithin(other.name, name));
    if (holdsOthers && own.length === 0 && multiplyAdds === 0) return [];
    const trained = own.filter(({ frozen }) => !frozen);
    const weight = own.find((parameter) => parameter.name === `${name}.weight`)?.shape ?? null;
    const parameters = trained.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
    return [{ name, shape, weight, parameters, multiplyAdds }];
  });
}

const total = (layers: readonly LayerProfile[], what: 'parameters' | 'multiplyAdds'): number =>
  layers.reduce((sum, layer) => sum + layer[what], 0);
