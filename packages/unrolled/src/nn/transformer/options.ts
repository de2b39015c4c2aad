import { count, flag, type Kinds, number, oneOf, rate, required } from '../../checks.ts';

export const positionKinds = ['rotary', 'learnt', 'sinusoidal', 'none'] as const;
export const feedForwardActivations = ['gelu', 'geluTanh', 'silu', 'relu'] as const;
export const normKinds = ['layer', 'rms'] as const;

/** What blocks of encoders and decoders have in common. */
export interface BlockOptions {
  /** H. The width of the model is a multiple of it. */
  readonly heads: number;
  /** Heads of keys and values, each shared by some of the others (Ainslie 2023). Default H. */
  readonly groups?: number | undefined;
  /** Hidden units of the feed-forward part. Default four times the width. */
  readonly feedForward?: number | undefined;
  /** Of the feed-forward part. 'gelu' is exact, 'geluTanh' GPT-2's. Default 'gelu'. */
  readonly activation?: (typeof feedForwardActivations)[number] | undefined;
  /** Whether the feed-forward part multiplies its activation by a second map (Shazeer 2020), as SwiGLU. Default false. */
  readonly gated?: boolean | undefined;
  /** Layer norm or RMS norm. Default 'layer'. */
  readonly norm?: (typeof normKinds)[number] | undefined;
  /** ε of norms. Default 1e-5. */
  readonly epsilon?: number | undefined;
  /** Norms after each part, as in Vaswani 2017 and BERT, in place of before it (Xiong 2020). Default false. */
  readonly postNorm?: boolean | undefined;
  /** Whether maps and norms have a bias. Default true. */
  readonly bias?: boolean | undefined;
  /** Rate of dropout of attention's weights and after each part. Default 0. */
  readonly dropout?: number | undefined;
}

export interface StackOptions extends BlockOptions {
  /** Blocks. */
  readonly layers: number;
  /**
   * How a position is told: rotary (Su 2021) turns queries and keys, learnt vectors (Radford 2019) and sinusoidal ones (Vaswani
   * 2017) are added to the input. Default 'rotary'.
   */
  readonly positions?: (typeof positionKinds)[number] | undefined;
  /** Of rotary and sinusoidal positions. Default 10,000. */
  readonly base?: number | undefined;
}

export const blockKinds: Kinds<BlockOptions> = {
  heads: required(count),
  groups: count,
  feedForward: count,
  activation: oneOf(feedForwardActivations),
  gated: flag,
  norm: oneOf(normKinds),
  epsilon: number({ above: 0 }),
  postNorm: flag,
  bias: flag,
  dropout: rate,
};

export const stackKinds: Kinds<StackOptions> = {
  ...blockKinds,
  layers: required(count),
  positions: oneOf(positionKinds),
  base: number({ above: 0 }),
};
