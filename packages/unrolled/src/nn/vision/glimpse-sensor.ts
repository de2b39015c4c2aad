import { count, required } from '../../checks.ts';
import { concat, mul, reshape, slice } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { layerConfig } from '../layer-config.ts';
import { boxBank, readPatches } from './filter-banks.ts';

export interface GlimpseSensorOptions {
  /** N: each patch becomes N × N numbers. */
  readonly patch: number;
  /** Patches around the same place, each twice as wide as the one before. */
  readonly scales: number;
}

/**
 * A retina: sharp where it looks, coarse around it (Mnih 2014). Patches of N, 2N, 4N … pixels around a place, each averaged to
 * N × N numbers; black beyond the image. Between pixels it interpolates bilinearly, so the place has a gradient.
 */
export class GlimpseSensor {
  readonly config: { readonly layer: 'glimpseSensor' } & GlimpseSensorOptions;

  /** @throws ConfigError on a size that is no whole number from 1 */
  constructor(options: GlimpseSensorOptions) {
    this.config = layerConfig('glimpseSensor', options, { patch: required(count), scales: required(count) });
  }

  /** Numbers of a glimpse. */
  get width(): number {
    return this.config.scales * this.config.patch ** 2;
  }

  /**
   * @param images  [B, H, W]
   * @param places  [B, 2], y and x from −1, the centre of the first pixel, to 1, that of the last
   * @returns [B, scales · N · N], the finest patch first
   */
  apply(images: Tensor, places: Tensor): Tensor {
    const [B, H, W] = images.shape;
    const { patch, scales } = this.config;
    const [y, x] = [H, W].map((extent, axis) =>
      reshape(mul(slice(places, -1, axis, axis + 1).add(1), (extent - 1) / 2), [B]),
    );
    const patches = Array.from({ length: scales }, (_, s) => {
      const width = 2 ** s;
      const banks = { rows: boxBank(y, patch, H, width), columns: boxBank(x, patch, W, width) };
      return reshape(readPatches(images, banks), [B, patch ** 2]);
    });
    return patches.length === 1 ? patches[0] : concat(patches, -1);
  }
}
