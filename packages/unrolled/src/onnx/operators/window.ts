import { reshape, transpose } from '../../ops/index.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node } from '../node.ts';

/** Attributes of a window that moves over one to three axes. */
export interface Window {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Padding before and after each axis. */
  sides(size: readonly number[]): readonly (readonly [number, number])[];
}

/** Reads the attributes; with them the window over so many axes. */
export function windowOf(node: Node): (kernel: readonly number[]) => Window {
  const given = Object.fromEntries(['strides', 'dilations', 'pads'].map((name) => [name, node.integers(name)]));
  const auto = node.text('auto_pad', 'NOTSET');
  if (!['NOTSET', '', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(auto)) {
    throw node.refusal(`has auto_pad '${auto.slice(0, 20)}'; the file is damaged`, { attribute: 'auto_pad' });
  }
  return (kernel) => {
    const { length: rank } = kernel;
    const list = (name: string, otherwise: number, least: number, length = rank): readonly number[] => {
      const values = given[name] ?? Array.from({ length }, () => otherwise);
      if (values.length === length && values.every((n) => Number.isSafeInteger(n) && n >= least && n < 2 ** 31))
        return values;
      throw node.refusal(`has ${name} [${values.slice(0, 16)}] for a window over ${rank} axes; the file is damaged`, {
        attribute: name,
      });
    };
    const [stride, dilation] = [list('strides', 1, 1), list('dilations', 1, 1)];
    const pads = list('pads', 0, 0, 2 * rank);
    const sides: Window['sides'] = (size) =>
      size.map((extent, axis) => {
        if (auto === 'VALID') return [0, 0];
        if (auto === 'NOTSET' || auto === '') return [pads[axis], pads[rank + axis]];
        const covered = (kernel[axis] - 1) * dilation[axis] + 1;
        const total = Math.max(0, (Math.ceil(extent / stride[axis]) - 1) * stride[axis] + covered - extent);
        const less = Math.floor(total / 2);
        return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
      });
    return { stride, dilation, sides };
  };
}

/** Kernel extents: the attribute, or null. */
export function kernelOf(node: Node): readonly number[] | null {
  const kernel = node.integers('kernel_shape');
  if (kernel?.every((n) => Number.isSafeInteger(n) && n >= 1 && n < 2 ** 31) === false) {
    throw node.refusal(`has kernel_shape [${kernel.slice(0, 16)}]; the file is damaged`, { attribute: 'kernel_shape' });
  }
  return kernel;
}

/** `[B, C, T]` or `[B, C, H, W]` as images `[B, H, W, C]`; a sequence is an image of one column. */
export function asImages(x: Tensor): Tensor {
  if (x.rank === 4) return transpose(x, [0, 2, 3, 1]);
  const [B, C, T] = x.shape;
  return reshape(transpose(x, [0, 2, 1]), [B, T, 1, C]);
}

/** Back to channels before places. */
export function fromImages(y: Tensor, rank: number): Tensor {
  if (rank === 4) return transpose(y, [0, 3, 1, 2]);
  const [B, T, , C] = y.shape;
  return transpose(reshape(y, [B, T, C]), [0, 2, 1]);
}

/** A pair for rows and columns, where there may be rows only. */
export const both = (list: readonly number[], otherwise: number): readonly [number, number] => [
  list[0],
  list[1] ?? otherwise,
];

/** @throws DataError unless x has as many axes after batch and channels as one of `ranks` */
export function requirePlaces(x: { readonly shape: readonly number[] }, ranks: readonly number[], node: Node): void {
  const places = x.shape.length - 2;
  if (ranks.includes(places)) return;
  throw node.refusal(
    `works on ${formatShape(x.shape)}, with ${places} axes after batch and channels; ${ranks.join(' and ')} are read`,
    { shape: x.shape },
  );
}
