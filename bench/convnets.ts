import { openDevice, Random } from 'unrolled';
import { crossEntropyLoss, inference, initialiseParameters, type LayerConfig, layerFrom } from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';
import { summarise, type Timing } from './timing.ts';

/** A network and the images of a batch, [B, H, W, C]. */
export interface ConvnetCase {
  readonly network: LayerConfig;
  readonly images: readonly [B: number, H: number, W: number, C: number];
  /** Runs before those that are timed: some 300 ms or more, in which V8 compiles every engine's code for good. */
  readonly warmup: number;
  /** Whether it is only timed in inference. Default false. */
  readonly inferenceOnly?: boolean;
}

const relu = { layer: 'activation', kind: 'relu' };
const relu6 = { layer: 'activation', kind: 'relu6' };
const norm = { layer: 'batchNorm' };
const pool = { layer: 'maxPool2d', kernel: 2 };
const mean = { layer: 'globalAveragePool' };
const linear = (units: number) => ({ layer: 'linear', units });
const sequential = (layers: readonly LayerConfig[]) => ({ layer: 'sequential', layers });
const convolution = (channels: number, kernel: number, padding = (kernel - 1) / 2) => {
  return { layer: 'conv2d', channels, kernel, padding };
};
const plain = (channels: number, kernel: number, stride = 1) => {
  return { ...convolution(channels, kernel), stride, bias: false };
};

/** LeCun 1998, with relu and max pooling. */
const lenet = sequential([
  ...[convolution(6, 5), relu, pool, convolution(16, 5, 0), relu, pool],
  ...[{ layer: 'flatten' }, linear(120), relu, linear(84), relu, linear(10)],
]);

/** He 2016, for CIFAR: three stages of three blocks with 16, 32 and 64 channels. */
const resnet20 = sequential([
  ...[plain(16, 3), norm, relu],
  ...[16, 32, 64].flatMap((channels) =>
    [0, 1, 2].map((i) => {
      const stride = channels > 16 && i === 0 ? 2 : 1;
      const body = sequential([plain(channels, 3, stride), norm, relu, plain(channels, 3), norm]);
      const shortcut = stride > 1 ? { shortcut: sequential([plain(channels, 1, stride), norm]) } : {};
      return { layer: 'residual', body, ...shortcut, activation: 'relu' };
    }),
  ),
  ...[mean, linear(10)],
]);

/** Sandler 2018, up to the last block, then `last`. */
function mobilenetV2(width: number, last: readonly LayerConfig[]): LayerConfig {
  const wide = (channels: number): number => Math.max(8, Math.floor((width * channels + 4) / 8) * 8);
  const stages = [
    ...[
      { expansion: 1, channels: 16, blocks: 1, stride: 1 },
      { expansion: 6, channels: 24, blocks: 2, stride: 2 },
    ],
    ...[
      { expansion: 6, channels: 32, blocks: 3, stride: 2 },
      { expansion: 6, channels: 64, blocks: 4, stride: 2 },
    ],
    ...[
      { expansion: 6, channels: 96, blocks: 3, stride: 1 },
      { expansion: 6, channels: 160, blocks: 3, stride: 2 },
    ],
    { expansion: 6, channels: 320, blocks: 1, stride: 1 },
  ];
  const blocks = stages.flatMap(({ expansion, channels, blocks, stride }) =>
    Array.from({ length: blocks }, (_, i) => {
      return { layer: 'invertedResidual', channels: wide(channels), expansion, stride: i === 0 ? stride : 1 };
    }),
  );
  return sequential([plain(wide(32), 3, 2), norm, relu6, ...blocks, ...last]);
}

const three = sequential([
  ...[32, 64, 64].flatMap((channels) => [convolution(channels, 3), relu, pool]),
  ...[mean, linear(10)],
]);

export const convnetCases: Readonly<Record<string, ConvnetCase>> = {
  'LeNet, 28×28, B 64': { network: lenet, images: [64, 28, 28, 1], warmup: 100 },
  'ResNet-20, 32×32, B 32': { network: resnet20, images: [32, 32, 32, 3], warmup: 5 },
  'MobileNet v2 0.35, 96×96, B 16': {
    network: mobilenetV2(0.35, [mean, linear(10)]),
    images: [16, 96, 96, 3],
    warmup: 20,
  },
  'three convolutions, 64×64, B 32': { network: three, images: [32, 64, 64, 3], warmup: 5 },
  'MobileNet v2 1.0, 224×224, B 1': {
    network: mobilenetV2(1, [plain(1280, 1), norm, relu6, mean, linear(1000)]),
    images: [1, 224, 224, 3],
    warmup: 10,
    inferenceOnly: true,
  },
};

/** The images that every engine computes with, [B, H, W, C]: exact in float32. */
function imagesOf(shape: readonly number[]): Float32Array {
  const n = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: n }, (_, i) => ((31 * i * i + 7919 * i) % 65537) / 32768 - 1);
}

async function open({ network, images }: ConvnetCase, threads: number) {
  const device = await openDevice('wasm', { threads });
  const model = layerFrom(network);
  const parameters = initialiseParameters(model, [-1, ...images.slice(1)], device, 1);
  return { device, model, parameters, x: device.tensor(imagesOf(images), images) };
}

/** The initial parameters, in the order of declaration: what the other engines get in a page. */
export async function valuesOf(one: ConvnetCase): Promise<number[]> {
  const { device, parameters } = await open(one, 1);
  const values = [...parameters.values.data()];
  device.close();
  return values;
}

/** The initial parameters, in the order of declaration, some outputs with them, and the losses of the first two steps. */
export async function startOfConvnet(
  one: ConvnetCase,
): Promise<{ values: number[]; outputs: number[]; losses: readonly number[] }> {
  const { device, model, x } = await open(one, 1);
  const outputs = device.scope(() => [...model.apply(x, inference).data().slice(0, 20)]);
  const values = await valuesOf(one);
  device.close();
  if (one.inferenceOnly) return { values, outputs, losses: [] };
  const { losses } = await timeConvnet(one, { threads: 1, training: true, runs: 2, warmup: 0 });
  return { values, outputs, losses };
}

/** Times inference, or whole training steps (forward, backward, momentum); also runs in a page. */
export async function timeConvnet(
  one: ConvnetCase,
  {
    threads,
    training,
    runs,
    warmup = one.warmup,
  }: { threads: number; training: boolean; runs: number; warmup?: number },
): Promise<Timing & { readonly losses: readonly number[] }> {
  const { device, model, parameters, x } = await open(one, threads);
  const [B] = one.images;
  const targets = device.ids(
    Array.from({ length: B }, (_, i) => i % 10),
    [B],
  );
  const optimizer = new Optimizer(parameters, { method: 'momentum' });
  const random = new Random(1);
  const step = (): number =>
    device.scope(() => {
      const loss = crossEntropyLoss(model.apply(x, { training: true, random }), targets);
      parameters.backward(loss);
      optimizer.update({ learningRate: 0.01, loss });
      return loss.item();
    });
  const infer = (): number => device.scope(() => device.withoutGradients(() => model.apply(x, inference).data()[0]));
  const milliseconds: number[] = [];
  const losses: number[] = [];
  for (let run = 0; run < warmup + runs; run++) {
    const start = performance.now();
    losses.push(training ? step() : infer());
    if (run >= warmup) milliseconds.push(performance.now() - start);
  }
  device.close();
  return { ...summarise(milliseconds), losses };
}
