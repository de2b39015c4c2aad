import type { LayerConfig } from '../../nn/layer.ts';
import type { Padding2d } from '../../ops/index.ts';
import type { NetworkConfig, Options } from './options.ts';
import {
  activation,
  batchNorm,
  conv,
  depthwise,
  dropout,
  globalAveragePool,
  halvings,
  invertedResidual,
  linear,
  roundedTo8,
  sequence,
} from './parts.ts';

const relu6 = activation('relu6');

/** A convolution with batch norm, unless that is folded in, and relu6. */
const activated = ({ batchNorm: norm }: Options, convolution: LayerConfig): LayerConfig =>
  sequence(
    { ...convolution, bias: norm === false } as LayerConfig,
    ...(norm === false ? [] : [batchNorm(norm)]),
    relu6,
  );

const paddingOf = ({ padding }: Options): Padding2d => (padding === 'same' ? 'same' : 1);

/** The strides of stages: as they are, but 1 for the first of those that halve, where images are halved less than five times. */
function strides(wanted: readonly number[], size = 224): number[] {
  let left = wanted.filter((stride) => stride === 2).length - halvings(size);
  return wanted.map((stride) => (stride === 2 && left-- > 0 ? 1 : stride));
}

const head = ({ classes, dropout: rate }: Options) => ({
  pool: globalAveragePool,
  classifier: sequence(dropout(rate ?? 0.2), linear(classes)),
});

/**
 * MobileNet v1 (Howard 2017): a convolution and 13 depthwise separable ones, each with batch norm and relu6 after both its parts.
 * Channels are scaled by the width and rounded down. torchvision has none; parameters are named as it would:
 * `features.0.0.weight`, then `features.1.0.0.weight` (depthwise), `features.1.1.0.weight` (1 × 1), …, `classifier.1.weight`.
 */
export function mobilenetV1(options: Options): NetworkConfig {
  const { width, size } = options;
  const channels = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
  const steps = strides([2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1], size);
  const [first, ...blocks] = channels.map((O, i): LayerConfig => {
    const [outputs, stride] = [Math.max(8, Math.floor(O * width)), steps[i]];
    if (i === 0) return activated(options, conv(outputs, 3, { stride, padding: paddingOf(options) }));
    const filter = activated(options, depthwise(3, { stride, padding: paddingOf(options) }));
    return sequence(filter, activated(options, conv(outputs, 1)));
  });
  return { layer: 'sequential', layers: { features: sequence(first, ...blocks), ...head(options) } };
}

/** Expansion, channels, repetitions and stride of the stages. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * MobileNet v2 (Sandler 2018) as torchvision's: a convolution, 17 inverted residuals, and a convolution of 1 × 1 to 1280 channels
 * (more for widths above 1). Channels are scaled by the width and rounded to multiples of 8. Parameters:
 * `features.0.0.weight`, …, `features.2.conv.0.0.weight`, …, `classifier.1.weight`.
 * @param squeezeExcite  reduction of a squeeze and excitation in each block; null: none
 */
export const mobilenetV2 =
  (squeezeExcite: number | null) =>
  (options: Options): NetworkConfig => {
    const { width, size, padding, batchNorm: norm } = options;
    const steps = strides([2, ...stages.map(([, , , stride]) => stride)], size);
    const blocks = stages.flatMap(([expansion, channels, repeats], i) =>
      Array.from({ length: repeats }, (_, n) =>
        invertedResidual({
          channels: roundedTo8(channels * width),
          expansion,
          stride: n === 0 ? steps[i + 1] : 1,
          ...(padding === 'same' && { padding }),
          ...(squeezeExcite !== null && { squeezeExcite }),
          ...(norm !== undefined && { batchNorm: norm }),
        }),
      ),
    );
    const first = conv(roundedTo8(32 * width), 3, { stride: steps[0], padding: paddingOf(options) });
    const last = conv(roundedTo8(1280 * Math.max(1, width)), 1);
    const features = sequence(activated(options, first), ...blocks, activated(options, last));
    return { layer: 'sequential', layers: { features, ...head(options) } };
  };
