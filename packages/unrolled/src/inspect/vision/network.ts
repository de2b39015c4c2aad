import type { TypedArray } from '../../backend/backend.ts';
import { anything, oneOf, required, requireOptions, shown, whole } from '../../checks.ts';
import { ConfigError, ShapeError } from '../../errors.ts';
import type { Context } from '../../nn/layer.ts';
import { at, logSoftmax, mean, reshape, slice, softmax, transpose } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A network that scores images, such as an `ImageNetwork` of 'unrolled/vision'; inner layers need it to observe. */
export interface InspectedNetwork {
  /** x `[B, H, W, C]` → the scores of K classes before the softmax, `[B, K]`. */
  logits(x: Tensor, context: Context): Tensor;
}

/** The score of a class. */
export interface ClassTarget {
  readonly class: number;
  /** Default 'logit', S_c, as in Simonyan et al. (2014): raising a probability may also mean lowering the others. */
  readonly of?: 'logit' | 'probability' | 'logProbability' | undefined;
}

/** The activation of one unit of a layer, or without y and x its channel's mean over all positions. */
export interface UnitTarget {
  /** As `imageLayers` names it. */
  readonly layer: string;
  readonly channel: number;
  readonly y?: number | undefined;
  readonly x?: number | undefined;
}

/** What is explained: a class (its index alone means its logit), or a unit. */
export type ImageTarget = number | ClassTarget | UnitTarget;

/** One number for each pixel, row after row. */
export interface PixelMap {
  readonly height: number;
  readonly width: number;
  readonly values: TypedArray;
}

/** Several numbers for each pixel, `[H, W, C]`: a gradient with respect to an image, an image, or all maps of a layer. */
export interface ChannelMap extends PixelMap {
  readonly channels: number;
}

/** A layer of a network, for one image. */
export interface ImageLayer {
  /** Dotted, as in the names of its parameters: `layer1.0.conv1`. */
  readonly name: string;
  /** `[h, w, c]`; `[c]` behind the last pooling. */
  readonly shape: Shape;
}

/** @throws ShapeError unless this is one image */
export function requireImage(operation: string, image: Tensor): Tensor {
  if (image.rank === 3) return reshape(image, [1, ...image.shape]);
  if (image.rank === 4 && image.shape[0] === 1) return image;
  throw new ShapeError(
    `${operation}: needs one image [H, W, C] or [1, H, W, C], received ${formatShape(image.shape)}`,
    { operation, shape: image.shape },
  );
}

/** Ends a run whose further layers nobody asked for. */
class Enough extends Error {}

/** The outputs of these layers; the layers after them are not run. @throws ConfigError if one does not exist */
export function runLayers(
  operation: string,
  network: InspectedNetwork,
  x: Tensor,
  layers: readonly string[],
): ReadonlyMap<string, Tensor> {
  const found = new Map<string, Tensor>();
  const seen: string[] = [];
  const observe = (name: string, value: Tensor): Tensor => {
    seen.push(name);
    if (layers.includes(name)) found.set(name, value);
    if (layers.every((layer) => found.has(layer))) throw new Enough();
    return value;
  };
  try {
    network.logits(x, { training: false, observe });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  const missing = layers.find((layer) => !found.has(layer));
  if (missing !== undefined) throw noLayer(operation, missing, seen);
  return found;
}

export function noLayer(operation: string, layer: string, seen: readonly string[]): ConfigError {
  const some = seen.length > 40 ? `${seen.slice(0, 40).join(', ')}, … ${seen.length} in all` : seen.join(', ');
  return new ConfigError(
    `${operation}: the network has no layer ${shown(layer)}; ${some === '' ? 'it observes none' : `it has ${some}`}`,
    { operation, layer, layers: seen },
  );
}

/** All layers of a network and the shape of what they give for an image, in the order in which they end. */
export function imageLayers(network: InspectedNetwork, image: Tensor): readonly ImageLayer[] {
  const x = requireImage('imageLayers', image);
  const layers: ImageLayer[] = [];
  x.device.withoutGradients(() =>
    x.device.scope(() => {
      const observe = (name: string, value: Tensor): Tensor => {
        layers.push({ name, shape: value.shape.slice(1) });
        return value;
      };
      network.logits(x.detach(), { training: false, observe });
    }),
  );
  return layers;
}

/** What a layer computes of an image, `[h, w, c]`. @throws ConfigError unless it is a layer with positions */
export async function featureMaps(network: InspectedNetwork, image: Tensor, layer: string): Promise<ChannelMap> {
  const x = requireImage('featureMaps', image);
  let shape: Shape = [];
  const values = await x.device.read(() =>
    x.device.withoutGradients(() => {
      const value = runLayers('featureMaps', network, x.detach(), [layer]).get(layer)!;
      shape = value.shape;
      return value;
    }),
  );
  if (shape.length !== 4) {
    throw new ConfigError(
      `featureMaps: layer ${shown(layer)} has no positions; its output has shape ${formatShape(shape)}`,
    );
  }
  const [, height, width, channels] = shape;
  return { height, width, channels, values };
}

const extent = whole();
const classKinds = { class: required(extent), of: oneOf(['logit', 'probability', 'logProbability']) };
const unitKinds = { layer: required(anything), channel: required(extent), y: extent, x: extent };

/** A target with its form checked. @throws ConfigError on anything else */
export function targetOf(operation: string, target: ImageTarget): ClassTarget | UnitTarget {
  if (typeof target === 'number') return targetOf(operation, { class: target });
  if (typeof target === 'object' && target !== null && 'class' in target) requireOptions(operation, target, classKinds);
  else requireOptions(operation, target, unitKinds);
  return target;
}

/** The score of every image, `[B]`. @throws ConfigError if the network has no such class or unit */
export function scoresOf(operation: string, network: InspectedNetwork, x: Tensor, target: ImageTarget): Tensor {
  const wanted = targetOf(operation, target);
  if ('class' in wanted) return classScores(operation, network.logits(x, { training: false }), wanted);
  return unitScores(operation, runLayers(operation, network, x, [wanted.layer]).get(wanted.layer)!, wanted);
}

export function classScores(operation: string, logits: Tensor, { class: index, of = 'logit' }: ClassTarget): Tensor {
  const [, K] = logits.shape;
  if (index >= K) {
    throw new ConfigError(`${operation}: there is no class ${index}; the network has ${K}, from 0`, {
      operation,
      class: index,
      classes: K,
    });
  }
  const scores = { logit: (x: Tensor) => x, probability: softmax, logProbability: logSoftmax }[of](logits);
  return column(scores, index);
}

export function unitScores(operation: string, value: Tensor, { layer, channel, y, x }: UnitTarget): Tensor {
  const [h, w] = value.rank === 4 ? value.shape.slice(1) : [1, 1];
  const c = value.shape[value.rank - 1];
  if (channel >= c || (y ?? 0) >= h || (x ?? 0) >= w) {
    throw new ConfigError(
      `${operation}: layer ${shown(layer)} has ${c} channels` +
        `${value.rank === 4 ? ` of ${h}×${w} positions` : ' without positions'}, from 0; ` +
        `there is no channel ${channel}${y === undefined && x === undefined ? '' : ` at ${y ?? 'any'}, ${x ?? 'any'}`}`,
      { operation, layer, channel, shape: value.shape },
    );
  }
  let found = slice(value, -1, channel, channel + 1);
  if (value.rank !== 4) return column(found, 0);
  if (y !== undefined) found = slice(found, 1, y, y + 1);
  if (x !== undefined) found = slice(found, 2, x, x + 1);
  return mean(reshape(found, [value.shape[0], -1]), { axes: -1 });
}

/** `[B, K]` → `[B]` */
const column = (scores: Tensor, index: number): Tensor => at(transpose(scores), index);
