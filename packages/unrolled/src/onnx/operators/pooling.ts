import { type AveragePoolOptions, averagePool2d, max, maxPool2d, mean, mul, reshape } from '../../ops/index.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node, Operator } from '../node.ts';
import { onDevice, tensorOf } from '../value.ts';
import { asImages, both, fromImages, kernelOf, requirePlaces, windowOf } from './window.ts';

type Kind = 'max' | 'average';

const poolOperator = (kind: Kind): Operator => ({
  inputs: [1, 1],
  build: (node) => {
    const kernel = kernelOf(node);
    if (!kernel) throw node.refusal('has no kernel_shape; the file is damaged', { attribute: 'kernel_shape' });
    const window = windowOf(node)(kernel);
    const ceil = node.flag('ceil_mode');
    const countPadding = kind === 'average' && node.flag('count_include_pad');
    if (kind === 'max') node.integer('storage_order', 0);
    if ((node.outputs[1] ?? '') !== '')
      throw node.refusal('gives the places of its values, which are not read', { output: 1 });
    return ([x]) => {
      const input = tensorOf(x!, node.device);
      requirePlaces(input, [1, 2, 3], node);
      if (kernel.length !== input.rank - 2) {
        throw node.refusal(
          `has a window over ${kernel.length} axes for a value of rank ${input.rank}; the file is damaged`,
        );
      }
      const sides = window.sides(input.shape.slice(2));
      const options = { ceil, ...(kind === 'average' && { countPadding }) };
      const pool = (
        images: Tensor,
        given: AveragePoolOptions & { readonly kernel: readonly [number, number] },
      ): Tensor => {
        if (kind === 'max') return maxPool2d(images, given);
        const y = averagePool2d(images, given);
        return ceil && countPadding ? withinPadding(y, images, given) : y;
      };
      if (input.rank === 5) return [onDevice(overThree(input))];
      const y = pool(asImages(input), {
        kernel: both(kernel, 1),
        stride: both(window.stride, 1),
        dilation: both(window.dilation, 1),
        padding: [sides[0], sides[1] ?? [0, 0]],
        ...options,
      });
      return [onDevice(fromImages(y, input.rank))];

      /** The extreme and the mean over a box are those over its planes, then over its depth. */
      function overThree(box: Tensor): Tensor {
        const [B, C, D, H, W] = box.shape;
        const at = (i: number) => ({
          kernel: kernel![i],
          stride: window.stride[i],
          dilation: window.dilation[i],
        });
        const planes = pool(reshape(box, [B * C * D, H, W, 1]), {
          kernel: [kernel![1], kernel![2]],
          stride: [window.stride[1], window.stride[2]],
          dilation: [window.dilation[1], window.dilation[2]],
          padding: [sides[1], sides[2]],
          ...options,
        });
        const [, rows, columns] = planes.shape;
        const { kernel: k, stride, dilation } = at(0);
        const depth = pool(reshape(planes, [B * C, D, 1, rows * columns]), {
          kernel: [k, 1],
          stride: [stride, 1],
          dilation: [dilation, 1],
          padding: [sides[0], [0, 0]],
          ...options,
        });
        return reshape(depth, [B, C, depth.shape[1], rows, columns]);
      }
    };
  },
});

interface Pooled {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly (readonly [number, number])[];
}

/** A last window may reach beyond the padding, where nothing counts: means y `[B, OH, OW, C]` over all taps as those over fewer. */
function withinPadding(y: Tensor, x: Tensor, options: AveragePoolOptions): Tensor {
  const { kernel, stride, dilation, padding } = options as unknown as Pooled;
  return [1, 2].reduce((value, axis) => {
    const i = axis - 1;
    const end = x.shape[axis] + padding[i][0] + padding[i][1];
    const factors = Array.from({ length: y.shape[axis] }, (_, place) => {
      const taps = Math.ceil((end - place * stride[i]) / dilation[i]);
      return kernel[i] / Math.min(kernel[i], taps);
    });
    if (factors.every((factor) => factor === 1)) return value;
    return mul(value, x.device.tensor(factors, axis === 1 ? [factors.length, 1, 1] : [factors.length, 1]));
  }, y);
}

/** Over all places, which stay as axes of extent 1. */
const globalOperator = (reduce: typeof max): Operator => ({
  inputs: [1, 1],
  build:
    (node: Node) =>
    ([x]) => {
      const input = tensorOf(x!, node.device);
      const [B, C, ...places] = input.shape;
      if (input.rank < 3) throw node.refusal(`works on a value of rank ${input.rank}; 3 and more are read`);
      const rows = reduce(reshape(input, [B, C, sizeOf(places)]), { axes: 2 });
      return [onDevice(reshape(rows, [B, C, ...places.map(() => 1)]))];
    },
});

export const pooling: Readonly<Record<string, Operator>> = {
  MaxPool: poolOperator('max'),
  AveragePool: poolOperator('average'),
  GlobalMaxPool: globalOperator(max),
  GlobalAveragePool: globalOperator(mean),
};
