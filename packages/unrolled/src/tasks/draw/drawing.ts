import { anything, count, type Kinds, requireOptions } from '../../checks.ts';
import { type Image, imageBatch } from '../../images/index.ts';
import type { FilterFocus } from '../../nn/vision/filter-attention.ts';
import { add, concat, scale, sigmoid, slice, stack } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import { type DrawModel, normals } from './model.ts';

/**
 * What is drawn: a new image from random numbers, an image once more (by the means of its latent numbers), or one between
 * two images, whose latent numbers are mixed in a share from 0 (`from`) to 1 (`to`).
 */
export type DrawInput =
  | { readonly seed: number }
  | { readonly image: Image }
  | { readonly from: Image; readonly to: Image; readonly share: number };

/** A square of filters, in pixels from the centre of the first. */
export interface Focus {
  readonly y: number;
  readonly x: number;
  /** From the centre of the first filter to that of the last. */
  readonly extent: number;
  readonly deviation: number;
}

/** The canvas after a step. */
export interface DrawingStep {
  /** For each pixel, row by row, the probability of white as a byte: 255 is 1. */
  readonly pixels: readonly number[];
  /** Where it wrote; null without attention. */
  readonly focus: Focus | null;
}

/** An image as it is drawn, step by step. */
export interface Drawing {
  readonly height: number;
  readonly width: number;
  readonly steps: readonly DrawingStep[];
}

/** The image after a step. @param t  from 0. Default: the last one */
export function drawnImage({ height, width, steps }: Drawing, t = steps.length - 1): Image {
  return { height, width, channels: 1, data: Uint8Array.from(steps[t].pixels) };
}

export interface DrawingOptions {
  /** Drawings made together; does not change the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

export const drawingKinds: Kinds<DrawingOptions> = { batch: count, signal: anything };

/**
 * Draws images, each independent of the others.
 * @throws ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function drawings(
  model: DrawModel,
  inputs: readonly DrawInput[],
  options: DrawingOptions = {},
): Promise<Drawing[]> {
  requireOptions('drawings', options, drawingKinds);
  const { batch = 64, signal } = options;
  const { device, config } = model;
  const drawn: Drawing[] = [];
  for (let start = 0; start < inputs.length; start += batch) {
    await breathe(signal);
    const part = inputs.slice(start, start + batch);
    const { canvases, places } = await device.read(() =>
      device.withoutGradients(() => drawBy(model, latentsOf(model, part))),
    );
    const pixels = config.height * config.width;
    for (const row of part.keys()) {
      const steps = Array.from({ length: config.glimpses }, (_, t): DrawingStep => {
        const at = t * part.length + row;
        return {
          pixels: Array.from(canvases.subarray(at * pixels, (at + 1) * pixels), (share) => Math.round(255 * share)),
          focus: places && focusOf(places.subarray(at * 4, at * 4 + 4), config.write),
        };
      });
      drawn.push({ height: config.height, width: config.width, steps });
    }
  }
  return drawn;
}

/** Latent numbers of each step `[B, Z]`, which say what is drawn. */
function latentsOf(model: DrawModel, inputs: readonly DrawInput[]): Tensor[] {
  const { config, device } = model;
  const imagesOf = (input: DrawInput): Image[] =>
    'seed' in input ? [] : 'image' in input ? [input.image] : [input.from, input.to];
  const images = inputs.flatMap(imagesOf);
  const read = images.length > 0 ? model.latents(greyOf(model, images)) : [];
  let next = 0;
  const rows = inputs.map((input): Tensor[] => {
    if ('seed' in input) {
      const random = new Random(input.seed);
      return Array.from({ length: config.glimpses }, () => normals(device, [1, config.latent], random));
    }
    const [from, to] = imagesOf(input).map(() => {
      const row = next++;
      return read.map((z) => slice(z, 0, row, row + 1));
    });
    return 'share' in input ? from.map((z, t) => add(scale(z, 1 - input.share), scale(to[t], input.share))) : from;
  });
  return Array.from({ length: config.glimpses }, (_, t) => concat(rows.map((row) => row[t])));
}

function greyOf({ config: { height, width }, preprocessing, device }: DrawModel, images: readonly Image[]): Tensor {
  return imageBatch(images, preprocessing, device).reshape([images.length, height, width]);
}

/** The canvas after each step `[T, B, H, W]`, and where each wrote `[T, B, 4]`. */
function drawBy(
  { network, device }: DrawModel,
  latents: readonly Tensor[],
): { canvases: Tensor; places: Tensor | null } {
  let state = network.begin(latents[0].shape[0], device);
  const canvases: Tensor[] = [];
  const focuses: FilterFocus[] = [];
  for (const z of latents) {
    const step = network.decode(z, state);
    state = step.state;
    canvases.push(sigmoid(state.canvas));
    if (step.focus) focuses.push(step.focus);
  }
  const places = focuses.map(({ vertical, horizontal }) =>
    stack([vertical.centre, horizontal.centre, vertical.stride, vertical.deviation].map((one) => one.reshape([-1]))),
  );
  // [T, 4, B] → [T, B, 4]
  return { canvases: stack(canvases), places: places.length > 0 ? stack(places).transpose([0, 2, 1]) : null };
}

function focusOf([y, x, stride, deviation]: ArrayLike<number> & Iterable<number>, filters: number): Focus {
  return { y, x, extent: stride * (filters - 1), deviation };
}
