import { add, concat, conv2d, convTranspose2d, reshape, slice } from '../../ops/index.ts';
import { formatShape, sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node, Operator } from '../node.ts';
import { onDevice, tensorOf } from '../value.ts';
import { asImages, both, fromImages, kernelOf, requirePlaces, windowOf } from './window.ts';

/** A kernel of one or two axes as one of two. */
const asKernel = (weight: Tensor): Tensor => (weight.rank === 4 ? weight : reshape(weight, [...weight.shape, 1]));

function requireKernel(weight: Tensor, x: Tensor, kernel: readonly number[] | null, node: Node): void {
  if (weight.rank !== x.rank || (kernel && !sameShape(kernel, weight.shape.slice(2)))) {
    throw node.refusal(
      `has weights ${formatShape(weight.shape)} for ${formatShape(x.shape)}${kernel ? ` and kernel_shape [${kernel}]` : ''}; the file is damaged`,
    );
  }
}

const convOperator: Operator = {
  inputs: [2, 3],
  folds: false,
  build: (node) => {
    const kernel = kernelOf(node);
    const groups = node.integer('group', 1);
    const windowFor = windowOf(node);
    return ([x, w, b]) => {
      const [input, weight] = [tensorOf(x!, node.device), tensorOf(w!, node.device)];
      requirePlaces(input, [1, 2], node);
      requireKernel(weight, input, kernel, node);
      const window = windowFor(weight.shape.slice(2));
      const sides = window.sides(input.shape.slice(2));
      node.requireRoom(
        input.shape.map((n, i) => (i < 2 ? Math.max(n, weight.shape[0]) : n + sides[i - 2][0] + sides[i - 2][1])),
        'device',
      );
      const y = conv2d(asImages(input), asKernel(weight), b ? tensorOf(b, node.device) : null, {
        stride: both(window.stride, 1),
        dilation: both(window.dilation, 1),
        groups,
        padding: [sides[0], sides[1] ?? [0, 0]],
      });
      return [onDevice(fromImages(y, input.rank))];
    };
  },
};

const convTransposeOperator: Operator = {
  inputs: [2, 3],
  folds: false,
  build: (node) => {
    const kernel = kernelOf(node);
    const groups = node.integer('group', 1);
    const windowFor = windowOf(node);
    const [extraIn, wanted] = [node.integers('output_padding'), node.integers('output_shape')];
    const auto = node.text('auto_pad', 'NOTSET');
    return ([x, w, b]) => {
      const [input, weight] = [tensorOf(x!, node.device), tensorOf(w!, node.device)];
      requirePlaces(input, [1, 2], node);
      requireKernel(weight, input, kernel, node);
      const { stride, dilation, sides } = windowFor(weight.shape.slice(2));
      const size = input.shape.slice(2);
      const extra = extraIn ?? size.map(() => 0);
      /** Of the output, before anything is cut off. */
      const full = size.map((n, i) => (n - 1) * stride[i] + (weight.shape[i + 2] - 1) * dilation[i] + 1);
      const isSame = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
      // A larger output than the kernels cover is zeros behind them.
      const target = wanted ?? (isSame ? size.map((n, i) => n * stride[i]) : null);
      const cut = target
        ? full.map((n, i): readonly [number, number] => {
            const total = Math.max(0, n + extra[i] - target[i]);
            const less = Math.floor(total / 2);
            return auto === 'SAME_LOWER' ? [total - less, less] : [less, total - less];
          })
        : sides(size);
      node.requireRoom([input.shape[0], weight.shape[1] * groups, ...full.map((n, i) => n + extra[i])], 'device');
      const y = convTranspose2d(asImages(input), asKernel(weight), null, {
        stride: both(stride, 1),
        dilation: both(dilation, 1),
        groups,
        padding: 0,
        outputPadding: 0,
      });
      const parts = cut.reduce((value, [before, after], i) => {
        const extent = target?.[i] ?? full[i] + extra[i] - before - after;
        const rest = Math.max(0, before + extent - full[i]);
        if (extent < 1 || extent > 2 ** 31)
          throw node.refusal(`leaves an output of extent ${extent}; the file is damaged`);
        const own = slice(value, i + 1, before, before + extent - rest);
        if (rest === 0) return own;
        const shape = own.shape.map((n, axis) => (axis === i + 1 ? rest : n));
        node.requireRoom(shape, 'device');
        return concat([own, node.device.zeros(shape)], i + 1);
      }, y);
      const biased = b ? add(parts, tensorOf(b, node.device)) : parts;
      return [onDevice(fromImages(biased, input.rank))];
    };
  },
};

export const convolutions: Readonly<Record<string, Operator>> = {
  Conv: convOperator,
  ConvTranspose: convTransposeOperator,
};
