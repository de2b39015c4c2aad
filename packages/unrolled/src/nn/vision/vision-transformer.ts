import { count, required } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { broadcastTo, concat, reshape, slice, transpose } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import type { Context, Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { TransformerEncoder } from '../transformer/encoder.ts';
import { type BlockOptions, blockKinds } from '../transformer/options.ts';
import { Conv2d } from './conv2d.ts';
import { requireImages } from './window.ts';

export interface VisionTransformerOptions extends BlockOptions {
  /** Blocks. */
  readonly layers: number;
  /** E, the width of the model. */
  readonly dimension: number;
  /** Height and width of a patch in pixels, which divides those of the image. */
  readonly patch: number;
}

interface Parts {
  readonly patches: Conv2d;
  readonly token: Parameter;
  readonly encoder: TransformerEncoder;
}

/**
 * A Vision Transformer (Dosovitskiy 2021): an image is cut into patches, each of which becomes a vector, and an encoder with learnt
 * positions reads them after a trained vector of its own, whose output describes the image: `[B, H, W, C]` → `[B, E]`.
 *
 * Parameters: `patches.weight` [E, C, p, p] and `patches.bias`, `token` [E], and `encoder.positions.weight` [1 + HW/p², E],
 * `encoder.blocks.0.attention.query.weight` … as `TransformerEncoder`.
 */
export class VisionTransformer extends Buildable<Parts> implements Layer {
  readonly config: { readonly layer: 'visionTransformer' } & VisionTransformerOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: VisionTransformerOptions) {
    super();
    const sizes = { layers: required(count), dimension: required(count), patch: required(count) };
    this.config = layerConfig('visionTransformer', options, { ...blockKinds, ...sizes });
  }

  /** @throws ConfigError unless the size of images is known and a multiple of the patch's */
  build(input: Shape, declarations: Declarations): Shape {
    const { layer: _, dimension, patch, ...stack } = this.config;
    const [B, H, W] = requireImages('visionTransformer', input);
    if (H < 1 || W < 1 || H % patch !== 0 || W % patch !== 0) {
      throw new ConfigError(
        `visionTransformer: images ${formatShape(input)} must be of a known size, and a multiple of patches of ${patch}`,
        { input, patch },
      );
    }
    const context = (H / patch) * (W / patch) + 1;
    const patches = new Conv2d({ channels: dimension, kernel: patch, stride: patch, weight: { kind: 'xavier' } });
    const encoder = new TransformerEncoder({ ...stack, positions: 'learnt', context });
    patches.build(input, declarations.within('patches'));
    encoder.build([context, B, dimension], declarations.within('encoder'));
    const token = declarations.declare('token', [dimension], { kind: 'normal', deviation: 0.02 });
    this.parts = { patches, token, encoder };
    return [B, dimension];
  }

  apply(x: Tensor, context: Context): Tensor {
    const { patches, token, encoder } = this.parts;
    const E = this.config.dimension;
    const cut = patches.apply(x); // [B, H/p, W/p, E]
    const B = cut.shape[0];
    const vectors = transpose(reshape(cut, [B, -1, E]), [1, 0, 2]); // [N, B, E]
    const xs = concat([broadcastTo(reshape(token.value, [1, 1, E]), [1, B, E]), vectors]);
    return reshape(slice(encoder.apply({ xs }, context), 0, 0, 1), [B, E]);
  }
}
