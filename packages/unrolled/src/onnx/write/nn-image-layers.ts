import type { LayerConfig } from '../../nn/layer.ts';
import type { BatchNormOptions } from '../../nn/vision/batch-norm.ts';
import type { Conv1dOptions } from '../../nn/vision/conv1d.ts';
import type { Conv2dOptions } from '../../nn/vision/conv2d.ts';
import type { FlattenOptions } from '../../nn/vision/flatten.ts';
import type { InvertedResidualOptions } from '../../nn/vision/inverted-residual.ts';
import type { Residual } from '../../nn/vision/residual.ts';
import type { AveragePoolOptions } from '../../ops/index.ts';
import { writeActivation } from './activations.ts';
import type { Attributes } from './builder.ts';
import type { Place } from './nn-place.ts';
import { inPlace, type NnValue, type NnWriter } from './nn-value.ts';

type Window = Pick<Conv2dOptions, 'kernel' | 'stride' | 'dilation' | 'padding'>;

const pair = (value: number | readonly number[] | undefined, otherwise = 1): readonly number[] =>
  typeof value === 'object' ? value : [value ?? otherwise, value ?? otherwise];

function paddingAttributes(padding: Window['padding'] = 'valid'): Attributes {
  if (padding === 'valid') return {};
  if (padding === 'same') return { auto_pad: 'SAME_UPPER' };
  const sides = pair(padding as number | readonly number[]) as readonly (number | readonly number[])[];
  const each = sides.map((side) => (typeof side === 'number' ? [side, side] : side));
  return { pads: [...each.map(([before]) => before), ...each.map(([, after]) => after)] };
}

const windowAttributes = ({ kernel, stride, dilation, padding }: Window): Attributes => ({
  kernel_shape: pair(kernel),
  strides: pair(stride),
  dilations: dilation === undefined ? undefined : pair(dilation),
  ...paddingAttributes(padding),
});

/** An operation on `[B, C, H, W]`, where ONNX has the channels. */
function onChannelsFirst({ graph }: Place, x: string, operation: string, inputs: string[], attributes: Attributes) {
  const turned = graph.add('Transpose', [x], { perm: [0, 3, 1, 2] });
  return graph.add('Transpose', [graph.add(operation, [turned, ...inputs], attributes)], { perm: [0, 2, 3, 1] });
}

function floats(place: Place, names: readonly string[]): string[] {
  return names
    .filter((name) => place.has(name))
    .map((name) => {
      const { shape, data } = place.numbers(name);
      return place.graph.floats(name, shape, data);
    });
}

export const writeConv2d = (place: Place, x: string, config: Window, group: number): string =>
  onChannelsFirst(place, x, 'Conv', floats(place, ['weight', 'bias']), { ...windowAttributes(config), group });

/** `[T, B, C]`: ONNX has it as `[B, C, T]`. */
function conv1d(place: Place, x: string, { kernel, stride = 1, dilation = 1, groups, padding }: Conv1dOptions): string {
  const { graph } = place;
  const sides = typeof padding === 'number' ? [padding, padding] : padding;
  const attributes = {
    kernel_shape: [kernel],
    strides: [stride],
    dilations: [dilation],
    group: groups ?? 1,
    auto_pad: padding === 'same' ? 'SAME_UPPER' : undefined,
    pads: padding === 'causal' ? [(kernel - 1) * dilation, 0] : typeof sides === 'object' ? sides : undefined,
  };
  const turned = graph.add('Transpose', [x], { perm: [1, 2, 0] });
  const y = graph.add('Conv', [turned, ...floats(place, ['weight', 'bias'])], attributes);
  return graph.add('Transpose', [y], { perm: [2, 0, 1] });
}

const pooling = (operation: 'MaxPool' | 'AveragePool'): NnWriter =>
  inPlace<AveragePoolOptions>((place, x, { kernel, stride = kernel, ceil, countPadding, ...rest }) =>
    onChannelsFirst(place, x, operation, [], {
      ...windowAttributes({ kernel, stride, ...rest }),
      ceil_mode: ceil ? 1 : undefined,
      count_include_pad: countPadding ? 1 : undefined,
    }),
  );

/** y = x · factor + shift, of the running statistics. */
function batchNorm(place: Place, x: string, { epsilon = 1e-5 }: BatchNormOptions): string {
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (name) => place.numbers(name).data,
  );
  const factor = Float64Array.from(mean, (_, i) => weight[i] / Math.sqrt(variance[i] + epsilon));
  const shift = Float64Array.from(mean, (m, i) => bias[i] - m * factor[i]);
  const { graph } = place;
  const scaled = graph.add('Mul', [x, graph.floats('factor', [mean.length], factor)]);
  return graph.add('Add', [scaled, graph.floats('shift', [mean.length], shift)]);
}

function activation(place: Place, x: string, kind: string): string {
  const y = writeActivation(place.graph, x, kind === 'none' ? 'linear' : kind);
  if (y !== null) return y;
  throw place.refusal(`has the activation '${kind}', which is not written`);
}

/** A convolution and relu, as the layers with them inside have it. */
const convolved = (place: Place, name: string, x: NnValue, config: Window, group = 1): NnValue => ({
  ...x,
  name: writeConv2d(place.within(name), x.name, config, group),
});
const relu = (place: Place, x: NnValue): NnValue => ({ ...x, name: place.graph.add('Relu', [x.name]) });

const fire: NnWriter = (place, _, x) => {
  const squeezed = relu(place, convolved(place, 'squeeze', x, { kernel: 1 }));
  const expanded = [1, 3].map((kernel) => {
    const window = { kernel, padding: (kernel - 1) / 2 };
    return relu(place, convolved(place, `expand${kernel}x${kernel}`, squeezed, window)).name;
  });
  return { ...x, name: place.graph.add('Concat', expanded, { axis: -1 }) };
};

const squeezeExcite: NnWriter = (place, _, x) => {
  const means = { ...x, name: place.graph.add('ReduceMean', [x.name], { axes: [1, 2], keepdims: 1 }) };
  const hidden = relu(place, convolved(place, 'fc1', means, { kernel: 1 }));
  const { name } = convolved(place, 'fc2', hidden, { kernel: 1 });
  return { ...x, name: place.graph.add('Mul', [x.name, place.graph.add('Sigmoid', [name])]) };
};

const invertedResidual: NnWriter = (place, config, x, write) => {
  const {
    channels,
    expansion = 6,
    kernel = 3,
    stride = 1,
    batchNorm: norm = {},
    ...rest
  } = config as LayerConfig & InvertedResidualOptions;
  const conv = place.within('conv');
  let value = x;
  let index = 0;
  const next = (own: LayerConfig, at: Place): void => {
    value = write(at, own, value);
  };
  const normed = (at: Place, name: string): void => {
    if (norm !== false) next({ layer: 'batchNorm', ...norm } as LayerConfig, at.within(name));
  };
  const activated = (convolution: LayerConfig): void => {
    const at = conv.within(String(index++));
    next(convolution, at.within('0'));
    normed(at, '1');
    next({ layer: 'activation', kind: 'relu6' } as LayerConfig, at);
  };
  if (expansion !== 1) activated({ layer: 'conv2d', kernel: 1 } as LayerConfig);
  const padding = rest.padding === 'same' ? 'same' : (kernel - 1) / 2;
  activated({ layer: 'depthwiseConv2d', kernel, stride, padding } as LayerConfig);
  if (rest.squeezeExcite !== undefined) next({ layer: 'squeezeExcite' }, conv.within(String(index++)));
  const [C] = conv
    .within('0.0')
    .numbers('weight')
    .shape.slice(expansion === 1 ? 0 : 1);
  next({ layer: 'conv2d', kernel: 1 } as LayerConfig, conv.within(String(index++)));
  normed(conv, String(index));
  return stride === 1 && channels === C ? { ...value, name: place.graph.add('Add', [x.name, value.name]) } : value;
};

const residual: NnWriter = (place, config, x, write) => {
  const { body, shortcut, activation: kind = 'none', names } = config as Residual['config'];
  const { body: own, shortcut: other } = { body: 'body', shortcut: 'shortcut', ...names };
  const y = write(place.within(own ?? ''), body, x);
  const past = shortcut ? write(place.within(other ?? ''), shortcut, x) : x;
  return { ...y, name: activation(place, place.graph.add('Add', [y.name, past.name]), kind) };
};

const flatten: NnWriter = (place, config, x) => {
  const { graph } = place;
  const isFirst = (config as FlattenOptions).order !== 'channelsLast' && x.rank > 2;
  const axes = Array.from({ length: x.rank - 1 }, (_, i) => (i === 0 ? x.rank - 1 : i));
  const turned = isFirst ? graph.add('Transpose', [x.name], { perm: [0, ...axes] }) : x.name;
  return { ...x, rank: 2, name: graph.add('Flatten', [turned], { axis: 1 }) };
};

const separable: NnWriter = (place, config, x, write) => {
  const depthwise = write(place.within('depthwise'), { ...config, layer: 'depthwiseConv2d' }, x);
  return convolved(place, 'pointwise', depthwise, { kernel: 1 });
};

/** Layers of networks for images, and convolutions over time. */
export const nnImageLayers: Readonly<Record<string, NnWriter>> = {
  activation: inPlace<{ readonly kind: string }>((place, x, { kind }) => activation(place, x, kind)),
  averagePool2d: pooling('AveragePool'),
  batchNorm: inPlace(batchNorm),
  conv1d: (place, config, x) => {
    if (x.lengths !== null) throw place.refusal('sees the steps behind the end of a row; lengths are not written');
    return { ...x, name: conv1d(place, x.name, config as LayerConfig & Conv1dOptions) };
  },
  conv2d: inPlace<Conv2dOptions>((place, x, config) => writeConv2d(place, x, config, config.groups ?? 1)),
  depthwiseConv2d: inPlace<Window>((place, x, config) => {
    const groups = depthwiseGroups(place, config as { readonly multiplier?: number });
    return writeConv2d(place, x, config, groups);
  }),
  fire,
  flatten,
  globalAveragePool: (place, _, x) => ({
    ...x,
    rank: 2,
    name: place.graph.add('ReduceMean', [x.name], { axes: [1, 2], keepdims: 0 }),
  }),
  invertedResidual,
  maxPool2d: pooling('MaxPool'),
  residual,
  separableConv2d: separable,
  squeezeExcite,
};

const depthwiseGroups = (place: Place, { multiplier = 1 }: { readonly multiplier?: number }): number =>
  place.numbers('weight').shape[0] / multiplier;
