import { count, number, required } from '../../checks.ts';
import { add, exp, linear, mul, reshape, slice } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { type FilterBanks, type FilterPlacement, gaussianBank } from './filter-banks.ts';

export interface FilterAttentionOptions {
  /** N, filters along each axis: patches are N × N. */
  readonly filters: number;
  /** Height and width of the images, in pixels. */
  readonly height: number;
  readonly width: number;
  /** γ at the beginning. Default 1. */
  readonly intensity?: number | undefined;
}

/** Where to look, with banks of filters for it. */
export interface FilterFocus extends FilterBanks {
  /** In pixels; the first pixel's centre is at 0. */
  readonly vertical: FilterPlacement;
  readonly horizontal: FilterPlacement;
  /** γ, how strong what is read or written is, `[B, 1, 1]`. */
  readonly intensity: Tensor;
}

/**
 * Attention to a patch of an image by Gaussian filters (Gregor 2015). Five numbers say where, as a linear map of h:
 *
 *     (g̃_y, g̃_x, log σ², log δ̃, log γ) = W h + b
 *     g_y = (H − 1)(g̃_y + 1)/2;   g_x = (W − 1)(g̃_x + 1)/2;   δ = (max(H, W) − 1)/(N − 1) · δ̃
 *
 * It begins in the middle, with filters that tile the image. Parameters: `weight` [5, D], `bias` [5].
 */
export class FilterAttention extends Buildable<{ weight: Parameter; bias: Parameter }> {
  readonly config: { readonly layer: 'filterAttention' } & FilterAttentionOptions;

  /** @throws ConfigError on a size that is no whole number from 1 */
  constructor(options: FilterAttentionOptions) {
    super();
    const size = required(count);
    this.config = layerConfig('filterAttention', options, {
      ...{ filters: size, height: size, width: size },
      intensity: number({ above: 0 }),
    });
  }

  /** @param h  `[−1, D]` */
  build(h: Shape, declarations: Declarations): void {
    const { height, width, intensity = 1 } = this.config;
    const longest = Math.max(height, width);
    const tile = longest / this.config.filters;
    const biases = [0, 0, 2 * Math.log(tile / 2), Math.log(tile / this.#widest), Math.log(intensity)];
    this.parts = {
      weight: declarations.declare('weight', [5, h.at(-1)!], { kind: 'normal', deviation: 0.01 }),
      bias: declarations.declare('bias', [5], {
        kind: 'gates',
        gates: biases.map((value) => ({ kind: 'constant', value })),
      }),
    };
  }

  /** The distance between filters of which the outer ones lie on the border. */
  get #widest(): number {
    const { filters, height, width } = this.config;
    return Math.max(1, Math.max(height, width) - 1) / Math.max(1, filters - 1);
  }

  /** h `[B, D]` → where it looks. */
  apply(h: Tensor): FilterFocus {
    const { filters, height, width } = this.config;
    const { weight, bias } = this.parts;
    const numbers = linear(h, weight.value, bias.value); // [B, 5]
    const part = (i: number): Tensor => slice(numbers, -1, i, i + 1);
    const [y, x, logVariance, logStride, logIntensity] = [0, 1, 2, 3, 4].map(part);
    const deviation = exp(mul(logVariance, 0.5));
    const stride = mul(exp(logStride), this.#widest);
    const along = (g: Tensor, extent: number): FilterPlacement => {
      return { centre: mul(add(g, 1), (extent - 1) / 2), stride, deviation };
    };
    const [vertical, horizontal] = [along(y, height), along(x, width)];
    return {
      ...{ vertical, horizontal },
      rows: gaussianBank(vertical, filters, height),
      columns: gaussianBank(horizontal, filters, width),
      intensity: reshape(exp(logIntensity), [-1, 1, 1]),
    };
  }
}
