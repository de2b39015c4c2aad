import type { NetworkConfig, Options } from './options.ts';
import { linear, scaled } from './parts.ts';

/**
 * A small Vision Transformer (Dosovitskiy 2021; "tiny" as in Touvron 2021): 12 blocks of 3 heads, 192 wide, over patches of 16 × 16
 * pixels; 6 blocks over patches of 4 × 4 where images have at most 64 pixels a side. Images are multiples of a patch. Parameters:
 * `vit.patches.weight` …, `vit.encoder.blocks.0…`, `head`.
 */
export const vitTiny = ({ classes, width, size = 224, dropout = 0 }: Options): NetworkConfig => {
  const [patch, layers] = size <= 64 ? [4, 6] : [16, 12];
  // A multiple of the three heads.
  const dimension = 3 * scaled(64, width);
  return {
    layer: 'sequential',
    layers: {
      vit: {
        layer: 'visionTransformer',
        layers,
        heads: 3,
        dimension,
        patch,
        dropout,
      } as NetworkConfig['layers'][string],
      head: linear(classes),
    },
  };
};
