import type { Kind } from '../../checks.ts';
import { ConfigError, ShapeError } from '../../errors.ts';
import type { Size2d, WindowOptions } from '../../ops/index.ts';
import { extentOf, paddingOf, windowOver } from '../../ops/window.ts';
import { formatShape, type Shape } from '../../shape.ts';

type Images = readonly [B: number, H: number, W: number, C: number];

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
const isBorder = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isPair = (value: unknown, fits: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(fits);

export const size2d: Kind = {
  must: 'a whole number from 1, or [rows, columns]',
  fits: (value) => isSize(value) || isPair(value, isSize),
};

export const border2d: Kind = {
  must: 'a whole number from 0, or [rows, columns]',
  fits: (value) => isBorder(value) || isPair(value, isBorder),
};

export const padding2d: Kind = {
  must: "'valid', 'same', a whole number from 0, [rows, columns] or [[above, below], [left, right]]",
  fits: (value) =>
    value === 'valid' ||
    value === 'same' ||
    border2d.fits(value) ||
    isPair(value, (one) => isBorder(one) || isPair(one, isBorder)),
};

export const pairOf = (value: Size2d): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** @throws ShapeError unless these are images, [B, H, W, C], of a known number of channels */
export function requireImages(layer: string, input: Shape): Images {
  if (input.length !== 4 || input[3] < 1) {
    throw new ShapeError(
      `${layer}: needs images [B, H, W, C] with a known number of channels, received ${formatShape(input)}`,
      { layer, input },
    );
  }
  return input as unknown as Images;
}

/** Stands for rows and columns that are not known when building: no window is too large for it. */
const open = 2 ** 24;

/**
 * Rows and columns after a window has slid over images; −1 where the input's are.
 * @throws as `windowOver`; ConfigError if the padding is so wide that a window can lie in it alone
 */
export function rowsAndColumns(layer: string, input: Shape, options: WindowOptions): readonly [number, number] {
  const [B, H, W, C] = requireImages(layer, input);
  const size = [H < 0 ? open : H, W < 0 ? open : W] as const;
  const { window, output } = windowOver(layer, { shape: [B, ...size, C] }, options);
  const [rows, columns] = output;
  paddingOf(layer, options.padding ?? 'valid', size, window).forEach((sides, axis) => {
    const [padding, extent] = [Math.max(...sides), extentOf(window.kernel[axis], window.dilation[axis])];
    if (padding <= extent) return;
    throw new ConfigError(
      `${layer}: a padding of ${padding} is wider than the window of ${extent}, which would lie in it alone; take less`,
      { layer, padding: sides, extent },
    );
  });
  return [H < 0 ? -1 : rows, W < 0 ? -1 : columns];
}

/** @throws ConfigError unless these numbers of channels divide into groups */
export function requireGroups(layer: string, groups: number, channels: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(channels)) {
    if (count % groups === 0) continue;
    throw new ConfigError(`${layer}: ${count} ${name} channels do not divide into ${groups} groups`, {
      layer,
      groups,
      [name]: count,
    });
  }
}
