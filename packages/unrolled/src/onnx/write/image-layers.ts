import { type Numbers, permuted, reshapedTo } from './arrays.ts';
import type { Attributes } from './builder.ts';
import { type LayerCall, type LayerWriter, simple } from './layer-writer.ts';
import { activated, channelsFirst } from './plain-layers.ts';

type Sizes = number | readonly number[] | null | undefined;
const perAxis = (given: Sizes, axes: number, otherwise: number): readonly number[] =>
  typeof given === 'object' && given !== null ? given : new Array<number>(axes).fill(given ?? otherwise);

/** Runs `operation` on channels first, where ONNX has them. */
function onChannelsFirst({ graph }: LayerCall, x: string, axes: number, write: (turned: string) => string): string {
  const [to, from] =
    axes === 1
      ? [
          [0, 2, 1],
          [0, 2, 1],
        ]
      : [
          [0, 3, 1, 2],
          [0, 2, 3, 1],
        ];
  return graph.add('Transpose', [write(graph.add('Transpose', [x], { perm: to }))], { perm: from });
}

/** Attributes of a window in Keras' terms. */
function windowAttributes(
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
  padding: unknown,
): Attributes {
  const causal = padding === 'causal' ? [(kernel[0] - 1) * dilation[0], 0] : undefined;
  return {
    kernel_shape: kernel,
    strides: stride,
    ...(dilation.some((n) => n !== 1) && { dilations: dilation }),
    ...(padding === 'same' ? { auto_pad: 'SAME_UPPER' } : { pads: causal }),
  };
}

interface Window {
  readonly kernelSize: Sizes;
  readonly strides?: Sizes;
  readonly dilationRate?: Sizes;
  readonly padding?: string;
}

function convolved(
  call: LayerCall,
  x: string,
  kernel: Numbers,
  bias: Numbers | null,
  window: Window,
  group: number,
): string {
  const { graph } = call;
  const axes = kernel.shape.length - 2;
  const { strides, dilationRate, padding } = window;
  const inputs = [graph.floats('kernel', kernel.shape, kernel.data)];
  if (bias) inputs.push(graph.floats('bias', bias.shape, bias.data));
  const attributes = windowAttributes(
    kernel.shape.slice(2),
    perAxis(strides, axes, 1),
    perAxis(dilationRate, axes, 1),
    padding,
  );
  return onChannelsFirst(call, x, axes, (turned) => graph.add('Conv', [turned, ...inputs], { ...attributes, group }));
}

const biasOf = (call: LayerCall): Numbers | null => (call.hasWeight('bias') ? call.weight('bias') : null);
const windowOf = (call: LayerCall): Window => call.config as unknown as Window;

const conv = simple((call, x) => {
  const kernel = channelsFirst(call.weight('kernel'));
  return activated(call, convolved(call, x, kernel, biasOf(call), windowOf(call), (call.config.groups ?? 1) as number));
}, 'drop');

/** [rows, (columns,) C, m] as [C·m, 1, rows, (columns)]. */
function depthwiseKernel(kernel: Numbers): Numbers {
  const [C, m] = kernel.shape.slice(-2);
  const window = kernel.shape.slice(0, -2);
  return reshapedTo(permuted(kernel, window.length === 2 ? [2, 3, 0, 1] : [1, 2, 0]), [C * m, 1, ...window]);
}

const depthwise = simple((call, x) => {
  const kernel = depthwiseKernel(call.weight('kernel'));
  return activated(call, convolved(call, x, kernel, biasOf(call), windowOf(call), call.inputs[0].shape.at(-1)!));
}, 'drop');

const separable = simple((call, x) => {
  const filters = depthwiseKernel(call.weight('depthwiseKernel'));
  const filtered = convolved(call, x, filters, null, windowOf(call), call.inputs[0].shape.at(-1)!);
  const points = channelsFirst(call.weight('pointwiseKernel'));
  return activated(call, convolved(call, filtered, points, biasOf(call), { kernelSize: 1 }, 1));
}, 'drop');

const pooling: LayerWriter = simple((call, x) => {
  const { graph, config } = call;
  const axes = config.layer.endsWith('1D') ? 1 : 2;
  const kernel = perAxis(config.poolSize as Sizes, axes, 2);
  const stride = config.strides == null ? kernel : perAxis(config.strides as Sizes, axes, 1);
  const attributes = windowAttributes(
    kernel,
    stride,
    kernel.map(() => 1),
    config.padding,
  );
  const operation = config.layer.startsWith('max') ? 'MaxPool' : 'AveragePool';
  return onChannelsFirst(call, x, axes, (turned) => graph.add(operation, [turned], attributes));
}, 'drop');

const upSampling = simple((call, x) => {
  const { graph, config, inputs } = call;
  const axes = config.layer === 'upSampling1D' ? 1 : 2;
  const factors = perAxis((config.size ?? 2) as Sizes, axes, 2);
  const { shape } = inputs[0];
  // Each axis gets another behind it, is repeated along it, and joined with it.
  const doubled = graph.add('Unsqueeze', [x, graph.whole(factors.map((_, i) => 2 * i + 2))]);
  const rest = [1, ...factors.flatMap((n) => [1, n]), 1];
  const repeated = graph.add('Expand', [doubled, graph.whole(rest)]);
  if (call.outputs[0].slice(1).filter((n) => n < 0).length > 1)
    throw call.refusal('repeats axes of which more than one is open');
  const target = [shape.slice(1).some((n) => n < 0) ? 0 : -1, ...call.outputs[0].slice(1)];
  return graph.add('Reshape', [repeated, graph.whole(target)]);
}, 'drop');

export const imageLayers: Readonly<Record<string, LayerWriter>> = {
  conv1D: conv,
  conv2D: conv,
  depthwiseConv1D: depthwise,
  depthwiseConv2D: depthwise,
  separableConv1D: separable,
  separableConv2D: separable,
  maxPooling1D: pooling,
  maxPooling2D: pooling,
  averagePooling1D: pooling,
  averagePooling2D: pooling,
  upSampling1D: upSampling,
  upSampling2D: upSampling,
};
