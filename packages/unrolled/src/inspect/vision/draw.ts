import { diverging, sequential } from '../../charts/theme.ts';
import { flag, number, oneOf, requireKind, requireOptions } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { type Image, withChannels } from '../../images/image.ts';
import type { ChannelMap, PixelMap } from './network.ts';

export interface DrawMapOptions {
  /**
   * Whether both signs are shown, from blue (below 0) by white to red (above 0); otherwise from dark blue (0) to yellow, and what is
   * below 0 counts as 0. Default: whether the map has values below 0.
   */
  readonly signed?: boolean | undefined;
  /** The value, of either sign, that has the strongest colour. Default: the 99.5th percentile of the absolute values. */
  readonly most?: number | undefined;
}

export interface OverlayOptions extends DrawMapOptions {
  /** How strong the colours are over the image, from 0 to 1. Default 0.6. */
  readonly opacity?: number | undefined;
}

const drawKinds = { signed: flag, most: number({ above: 0 }) };
const share = number({ from: 0, to: 1 });

/** A map as an image in colours of even steps. */
export function drawMap(map: PixelMap, options: DrawMapOptions = {}): Image {
  requireOptions('drawMap', options, drawKinds);
  const shade = shader(map, options);
  const data = new Uint8Array(3 * map.values.length);
  for (let i = 0; i < map.values.length; i++) data.set(shade(map.values[i]).colour, 3 * i);
  return { width: map.width, height: map.height, channels: 3, data };
}

/**
 * A map over the image that it explains, which is shown in grey: the further a value is from 0, the less of the image is seen
 * through its colour.
 * @throws ShapeError if they differ in size
 */
export function overlayMap(image: Image, map: PixelMap, { opacity = 0.6, ...options }: OverlayOptions = {}): Image {
  requireOptions('overlayMap', options, drawKinds);
  requireKind('overlayMap', 'opacity', opacity, share);
  const { width, height } = image;
  if (map.width !== width || map.height !== height) {
    throw new ShapeError(
      `overlayMap: the map has ${map.width} × ${map.height} pixels, the image ${width} × ${height}; give the image as ` +
        'the network saw it',
      { map: [map.height, map.width], image: [height, width] },
    );
  }
  const shade = shader(map, options);
  const grey = withChannels(image, 1).data;
  const data = new Uint8Array(3 * width * height);
  map.values.forEach((value, i) => {
    const { colour, strength } = shade(value);
    const alpha = opacity * strength;
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.round(grey[i] + alpha * (colour[c] - grey[i]));
  });
  return { width, height, channels: 3, data };
}

export interface DrawGradientOptions {
  /** The absolute value that becomes black or white. Default: the 99.5th percentile. */
  readonly most?: number | undefined;
  /** Order of the channels, as in `Preprocessing`. Default 'rgb'. */
  readonly order?: 'rgb' | 'bgr' | undefined;
}

/** A gradient with respect to an image as an image: grey where it is 0, each channel lighter above and darker below. */
export function drawGradient(gradient: ChannelMap, options: DrawGradientOptions = {}): Image {
  requireOptions('drawGradient', options, { most: drawKinds.most, order: oneOf(['rgb', 'bgr']) });
  const { most, order } = options;
  const { width, height, channels, values } = gradient;
  if (channels !== 1 && channels !== 3) {
    throw new ShapeError(`drawGradient: ${channels} channels are no image; use strongestChannel and drawMap`, {
      channels,
    });
  }
  const scale = 0.5 / (most ?? strongest(values));
  const data = new Uint8Array(values.length);
  values.forEach((value, i) => {
    const to = order === 'bgr' ? i + 2 - 2 * (i % channels) : i;
    data[to] = Math.round(255 * Math.min(1, Math.max(0, 0.5 + scale * value)));
  });
  return { width, height, channels, data };
}

/** The 99.5th percentile of absolute values: single pixels do not make all others pale. At least so small that it divides. */
function strongest(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values, Math.abs).sort();
  return Math.max(sorted[Math.floor(0.995 * (sorted.length - 1))] || sorted[sorted.length - 1], Number.MIN_VALUE);
}

interface Shade {
  readonly colour: readonly number[];
  /** From 0 to 1. */
  readonly strength: number;
}

/** Colours of a map's values, in 256 steps. */
function shader(map: PixelMap, { signed, most }: DrawMapOptions): (value: number) => Shade {
  const bothSigns = signed ?? map.values.some((value: number) => value < 0);
  const scale = most ?? strongest(map.values);
  const steps = Array.from({ length: 256 }, (_, i): Shade => {
    const place = bothSigns ? (2 * i) / 255 - 1 : i / 255;
    const hex = (bothSigns ? diverging : sequential)(place);
    const colour = [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
    return { colour, strength: Math.abs(place) };
  });
  return (value) => {
    const place = bothSigns ? (value / scale + 1) / 2 : value / scale;
    return steps[Math.round(255 * Math.min(1, Math.max(0, place)))];
  };
}
