import type { Shape } from '../../shape.ts';
import type { Block } from '../backend.ts';
import type {
  Activation,
  BatchNormAffine,
  BatchNormBackward,
  BatchNormForward,
  ConvolutionForward,
  ConvolutionInputGrad,
  ConvolutionWeightGrad,
  PoolBackward,
  PoolForward,
  Window,
} from '../convolution.ts';
import { unaryRules } from './elementwise.ts';
import type { Floats } from './memory.ts';

/** How a backend finds the numbers of its blocks. */
export interface Views {
  floats(block: Block): Floats;
  floatsOrNull(block: Block | null): Floats | null;
  ints(block: Block): Int32Array;
}

const activate = (activation: Activation, x: number): number =>
  activation === 'none' ? x : unaryRules[activation].value(x);

/** The slope at an output y; relu and relu6 have y itself where it is between their ends. */
const slope = (activation: Activation, y: number): number =>
  activation === 'none' ? 1 : unaryRules[activation].slope(y, y);

/** Calls `visit` with the output and the input pixel, as positions in their arrays without channels, of every tap that is not padding. */
function forEachTap(
  input: Shape,
  output: Shape,
  window: Window,
  visit: (output: number, input: number, tap: number) => void,
): void {
  const [B, H, W] = input;
  const [, OH, OW] = output;
  const { kernel, stride, dilation, padding } = window;
  for (let b = 0; b < B; b++) {
    for (let i = 0; i < OH; i++) {
      for (let j = 0; j < OW; j++) {
        for (let a = 0; a < kernel[0]; a++) {
          for (let c = 0; c < kernel[1]; c++) {
            const row = i * stride[0] - padding[0] + a * dilation[0];
            const column = j * stride[1] - padding[1] + c * dilation[1];
            if (row < 0 || row >= H || column < 0 || column >= W) continue;
            visit((b * OH + i) * OW + j, (b * H + row) * W + column, a * kernel[1] + c);
          }
        }
      }
    }
  }
}

/** Calls `visit` with the positions of every product in x, weight and y, and the output channel. */
function forEachProduct(
  [x, weight, y]: readonly [Block, Block, Block],
  { window, groups }: { readonly window: Window; readonly groups: number },
  visit: (x: number, weight: number, y: number, o: number) => void,
): void {
  const [O, Cg] = weight.shape;
  const C = x.shape[3];
  const taps = window.kernel[0] * window.kernel[1];
  forEachTap(x.shape, y.shape, window, (output, input, tap) => {
    for (let o = 0; o < O; o++) {
      const first = Math.floor(o / (O / groups)) * Cg;
      for (let c = 0; c < Cg; c++) visit(input * C + first + c, (o * Cg + c) * taps + tap, output * O + o, o);
    }
  });
}

export function convolution(views: Views, given: ConvolutionForward): void {
  const [x, weight, y] = [given.x, given.weight, given.y].map((block) => views.floats(block));
  const [scale, bias] = [views.floatsOrNull(given.scale), views.floatsOrNull(given.bias)];
  const O = given.weight.shape[0];
  const sums = new Float64Array(y.length);
  forEachProduct([given.x, given.weight, given.y], given, (i, w, o) => {
    sums[o] += x[i] * weight[w];
  });
  for (let i = 0; i < y.length; i++) {
    const o = i % O;
    y[i] = activate(given.activation, sums[i] * (scale?.[o] ?? 1) + (bias?.[o] ?? 0));
  }
}

export function convolutionInputGrad(views: Views, given: ConvolutionInputGrad): void {
  const [dy, weight, dx] = [given.dy, given.weight, given.dx].map((block) => views.floats(block));
  const sums = new Float64Array(dx.length);
  forEachProduct([given.dx, given.weight, given.dy], given, (i, w, o) => {
    sums[i] += dy[o] * weight[w];
  });
  dx.set(sums);
}

export function convolutionWeightGrad(views: Views, given: ConvolutionWeightGrad): void {
  const [x, dy, dWeight] = [given.x, given.dy, given.dWeight].map((block) => views.floats(block));
  const sums = new Float64Array(dWeight.length);
  forEachProduct([given.x, given.dWeight, given.dy], given, (i, w, o) => {
    sums[w] += x[i] * dy[o];
  });
  dWeight.set(sums);
  const dBias = views.floatsOrNull(given.dBias);
  if (dBias === null) return;
  const totals = new Float64Array(dBias.length);
  for (let i = 0; i < dy.length; i++) totals[i % totals.length] += dy[i];
  dBias.set(totals);
}

/** Values that the mean of each output divides by. */
function counts(input: Shape, output: Shape, window: Window, countPadding: boolean): Float64Array {
  const pixels = output[0] * output[1] * output[2];
  if (countPadding) return new Float64Array(pixels).fill(window.kernel[0] * window.kernel[1]);
  const found = new Float64Array(pixels);
  forEachTap(input, output, window, (o) => {
    found[o]++;
  });
  return found.map((n) => Math.max(1, n));
}

export function pool(views: Views, given: PoolForward): void {
  const [x, y] = [views.floats(given.x), views.floats(given.y)];
  const [, H, W, C] = given.x.shape;
  if (given.kind === 'average') {
    const sums = new Float64Array(y.length);
    forEachTap(given.x.shape, given.y.shape, given.window, (o, i) => {
      for (let c = 0; c < C; c++) sums[o * C + c] += x[i * C + c];
    });
    const n = counts(given.x.shape, given.y.shape, given.window, given.countPadding);
    for (let i = 0; i < y.length; i++) y[i] = sums[i] / n[Math.floor(i / C)];
    return;
  }
  const places = given.places && views.ints(given.places);
  y.fill(Number.NEGATIVE_INFINITY);
  places?.fill(-1);
  forEachTap(given.x.shape, given.y.shape, given.window, (o, i) => {
    for (let c = 0; c < C; c++) {
      const [value, best] = [x[i * C + c], y[o * C + c]];
      if (!(value > best || Number.isNaN(value)) || Number.isNaN(best)) continue;
      y[o * C + c] = value;
      if (places) places[o * C + c] = i % (H * W);
    }
  });
}

export function poolGrad(views: Views, given: PoolBackward): void {
  const [dy, dx] = [views.floats(given.dy), views.floats(given.dx)];
  const [, H, W, C] = given.dx.shape;
  const sums = new Float64Array(dx.length);
  if (given.kind === 'average') {
    const n = counts(given.dx.shape, given.dy.shape, given.window, given.countPadding);
    forEachTap(given.dx.shape, given.dy.shape, given.window, (o, i) => {
      for (let c = 0; c < C; c++) sums[i * C + c] += dy[o * C + c] / n[o];
    });
  } else {
    const places = views.ints(given.places!);
    const outputs = given.dy.shape[1] * given.dy.shape[2] * C;
    for (let o = 0; o < dy.length; o++) {
      const image = Math.floor(o / outputs) * H * W;
      if (places[o] >= 0) sums[(image + places[o]) * C + (o % C)] += dy[o];
    }
  }
  dx.set(sums);
}

export function batchNorm(views: Views, given: BatchNormForward): void {
  const [x, y, mean, variance] = [given.x, given.y, given.mean, given.variance].map((block) => views.floats(block));
  const [gain, bias] = [views.floatsOrNull(given.gain), views.floatsOrNull(given.bias)];
  const { running } = given;
  const [runningMean, runningVariance] = [running?.mean, running?.variance].map((block) =>
    views.floatsOrNull(block ?? null),
  );
  const C = mean.length;
  const R = x.length / C;
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let r = 0; r < R; r++) sum += x[r * C + c];
    const mu = sum / R;
    let squares = 0;
    for (let r = 0; r < R; r++) squares += (x[r * C + c] - mu) ** 2;
    mean[c] = mu;
    variance[c] = squares / R;
    if (running) {
      runningMean![c] = follow(runningMean![c], mu, running.momentum);
      runningVariance![c] = follow(runningVariance![c], squares / (R - 1), running.momentum);
    }
    const inverse = 1 / Math.sqrt(squares / R + given.epsilon);
    for (let r = 0; r < R; r++) {
      const normal = (x[r * C + c] - mu) * inverse;
      y[r * C + c] = activate(given.activation, normal * (gain?.[c] ?? 1) + (bias?.[c] ?? 0));
    }
  }
}

const follow = (running: number, batch: number, momentum: number): number =>
  (1 - momentum) * running + momentum * batch;

/** With d = gain ⊙ dy ⊙ activation′: dx = (d − mean(d) − x̂ · mean(d⊙x̂)) / √(variance + ε), the means over each channel. */
export function batchNormGrad(views: Views, given: BatchNormBackward): void {
  const blocks = [given.x, given.mean, given.variance, given.dy, given.dx];
  const [x, mean, variance, dy, dx] = blocks.map((block) => views.floats(block));
  const optional = [given.gain, given.bias, given.dGain, given.dBias];
  const [gain, bias, dGain, dBias] = optional.map((block) => views.floatsOrNull(block));
  const C = mean.length;
  const R = x.length / C;
  for (let c = 0; c < C; c++) {
    const inverse = 1 / Math.sqrt(variance[c] + given.epsilon);
    const normal = (i: number) => (x[i] - mean[c]) * inverse;
    const y = (i: number) => activate(given.activation, normal(i) * (gain?.[c] ?? 1) + (bias?.[c] ?? 0));
    const d = (i: number) => dy[i] * slope(given.activation, y(i));
    let [sum, dot] = [0, 0];
    for (let i = c; i < x.length; i += C) {
      sum += d(i);
      dot += d(i) * normal(i);
    }
    const factor = (gain?.[c] ?? 1) * inverse;
    for (let i = c; i < x.length; i += C) dx[i] = factor * (d(i) - sum / R - (normal(i) * dot) / R);
    if (dGain) dGain[c] = dot;
    if (dBias) dBias[c] = sum;
  }
}

export function batchNormAffine(views: Views, { epsilon, ...given }: BatchNormAffine): void {
  const blocks = [given.gain, given.bias, given.mean, given.variance, given.scale, given.shift];
  const [gain, bias, mean, variance, scale, shift] = blocks.map((block) => views.floats(block));
  for (let c = 0; c < scale.length; c++) {
    const factor = gain[c] / Math.sqrt(variance[c] + epsilon);
    scale[c] = factor;
    shift[c] = bias[c] - mean[c] * factor;
  }
}

export function addActivated(views: Views, a: Block, b: Block, out: Block, activation: Activation): void {
  const [left, right, sum] = [a, b, out].map((block) => views.floats(block));
  for (let i = 0; i < sum.length; i++) sum[i] = activate(activation, left[i] + right[i]);
}
