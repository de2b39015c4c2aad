/**
 * What a backend needs to know of convolutions, pooling and batch norm. Images are channels last: B images, H rows, W columns,
 * C channels.
 */

import type { Block } from './backend.ts';

/** Rows, columns. */
export type Pair = readonly [number, number];

/**
 * A window that slides over the rows and columns of images. Output (i, j) sees the inputs
 * (i·stride − padding + a·dilation, …) for a = 0 … kernel − 1; those outside the image are padding. How far the window
 * slides follows from the output's shape.
 */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Rows above and columns left of the image. */
  readonly padding: Pair;
}

/** What may follow a convolution, a batch norm or a sum within the same operation; relu6 is min(max(x, 0), 6). */
export const activations = ['none', 'relu', 'relu6'] as const;
export type Activation = (typeof activations)[number];

interface ConvolutionShape {
  readonly window: Window;
  /** Input and output channels are divided into so many groups, which do not see each other. */
  readonly groups: number;
}

/** y = activation(scale ⊙ (weight ∗ x) + bias), the padding being 0. */
export interface ConvolutionForward extends ConvolutionShape {
  readonly x: Block; // [B, H, W, C]
  readonly weight: Block; // [O, C/groups, kh, kw]
  readonly scale: Block | null; // [O]
  readonly bias: Block | null; // [O]
  readonly y: Block; // [B, OH, OW, O]
  readonly activation: Activation;
}

/** Overwrites dx. Also the forward pass of a transposed convolution. */
export interface ConvolutionInputGrad extends ConvolutionShape {
  readonly dy: Block; // [B, OH, OW, O]
  readonly weight: Block; // [O, C/groups, kh, kw]
  readonly dx: Block; // [B, H, W, C]
}

/** Overwrites dWeight, and dBias where given. */
export interface ConvolutionWeightGrad extends ConvolutionShape {
  readonly x: Block; // [B, H, W, C]
  readonly dy: Block; // [B, OH, OW, O]
  readonly dWeight: Block; // [O, C/groups, kh, kw]
  readonly dBias: Block | null; // [O]
}

/**
 * max: the greatest value of each window, a NaN if there is one, and −∞ if it sees nothing but padding. average: the mean of
 * the values in the window, or of values and padding (0) where `countPadding`; 0 where that is none.
 */
export interface PoolForward {
  readonly kind: 'max' | 'average';
  readonly x: Block; // [B, H, W, C]
  readonly y: Block; // [B, OH, OW, C]
  /** max: row·W + column of the first greatest value, −1 if there is none; null: not wanted. */
  readonly places: Block | null; // int32 [B, OH, OW, C]
  readonly window: Window;
  readonly countPadding: boolean;
}

/** Overwrites dx. */
export interface PoolBackward {
  readonly kind: 'max' | 'average';
  readonly dy: Block; // [B, OH, OW, C]
  readonly places: Block | null; // int32 [B, OH, OW, C]
  readonly dx: Block; // [B, H, W, C]
  readonly window: Window;
  readonly countPadding: boolean;
}

/** Running statistics, which follow those of a batch: running ← (1 − m)·running + m·batch, with the unbiased variance. */
export interface RunningStatistics {
  readonly mean: Block; // [C]
  readonly variance: Block; // [C]
  /** m */
  readonly momentum: number;
}

/**
 * y = activation(gain ⊙ (x − mean)/√(variance + ε) + bias), with mean and (biased) variance of each channel over all other
 * axes. Stores both, and updates the running ones where given; then there are at least two values a channel.
 */
export interface BatchNormForward {
  readonly x: Block; // […, C]
  readonly gain: Block | null; // [C]
  readonly bias: Block | null; // [C]
  readonly y: Block; // […, C]
  readonly mean: Block; // [C]
  readonly variance: Block; // [C]
  readonly running: RunningStatistics | null;
  readonly epsilon: number;
  readonly activation: Activation;
}

/** Overwrites dx, and dGain and dBias where given. */
export interface BatchNormBackward {
  readonly x: Block;
  readonly gain: Block | null;
  readonly bias: Block | null;
  readonly mean: Block;
  readonly variance: Block;
  readonly dy: Block;
  readonly dx: Block;
  readonly dGain: Block | null;
  readonly dBias: Block | null;
  readonly epsilon: number;
  readonly activation: Activation;
}

/** A batch norm with given statistics, gain ⊙ (x − mean)/√(variance + ε) + bias, as scale ⊙ x + shift. */
export interface BatchNormAffine {
  readonly gain: Block; // [C]
  readonly bias: Block; // [C]
  readonly mean: Block; // [C]
  readonly variance: Block; // [C]
  readonly scale: Block; // [C]
  readonly shift: Block; // [C]
  readonly epsilon: number;
}

/** Outputs along one axis whose window sees input at `tap`: from, below; and the input of the first. */
export interface Reach {
  readonly from: number;
  readonly to: number;
  readonly first: number;
}

/** Which outputs of an axis see an input, and not padding, through one tap of the window. */
export function reachOf(window: Window, axis: 0 | 1, tap: number, inputs: number, outputs: number): Reach {
  const stride = window.stride[axis];
  const shift = tap * window.dilation[axis] - window.padding[axis];
  const from = Math.max(0, Math.ceil(-shift / stride));
  const to = Math.min(outputs, Math.floor((inputs - 1 - shift) / stride) + 1);
  return { from, to: Math.max(from, to), first: from * stride + shift };
}
