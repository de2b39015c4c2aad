import type { LayerConfig } from '../../nn/layer.ts';
import type { NetworkConfig, Options } from './options.ts';
import { conv, dropout, globalAveragePool, halvings, maxPool, relu, scaled, sequence } from './parts.ts';

/**
 * SqueezeNet 1.1 (Iandola 2016) as torchvision's: a convolution and eight fire modules, whose pooling rounds up, then dropout, a
 * convolution of 1 × 1 to the classes, relu and the mean over all places. Images below 96 × 96 are halved less often at the
 * beginning. Parameters: `features.0.weight`, `features.3.squeeze.weight`, `features.3.expand1x1.weight`, …, `classifier.1.weight`.
 */
export function squeezenet({ classes, width, size = 224, dropout: rate = 0.5 }: Options): NetworkConfig {
  const fire = (squeeze: number, expand: number): LayerConfig => {
    const config = { layer: 'fire', squeeze: scaled(squeeze, width), expand: scaled(expand, width) };
    return config;
  };
  const pool = maxPool(3, { stride: 2, ceil: true });
  const [stride, pooled] = [halvings(size) < 5 ? 1 : 2, halvings(size) < 4 ? [] : [pool]];
  const first = conv(scaled(64, width), 3, { stride, padding: stride === 1 ? 1 : 0 });
  const layers = [
    [first, relu, ...pooled],
    [fire(16, 64), fire(16, 64), pool],
    [fire(32, 128), fire(32, 128), pool],
    [fire(48, 192), fire(48, 192), fire(64, 256), fire(64, 256)],
  ];
  const last = conv(classes, 1, { weight: { kind: 'normal', deviation: 0.01 } });
  return {
    layer: 'sequential',
    layers: {
      features: sequence(...layers.flat()),
      classifier: sequence(dropout(rate), last, relu, globalAveragePool),
    },
  };
}
