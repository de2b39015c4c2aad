import { Linear } from '../../nn/linear.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation } from '../../nn/vision/activation.ts';
import { Conv2d } from '../../nn/vision/conv2d.ts';
import { Flatten } from '../../nn/vision/flatten.ts';
import type { GlimpseConfig } from './config.ts';

/** Networks that read the whole image `[B, H, W, 1]` at once, to compare with: → `[B, K]`. */
export function wholeImageNetwork({ reader, hidden, channels }: Required<GlimpseConfig>, outputs: number): Sequential {
  const relu = (): Activation => new Activation({ kind: 'relu' });
  return new Sequential([
    // As the convolutional network of Mnih 2014: filters of 10 × 10, 5 pixels apart.
    ...(reader === 'convolution' ? [new Conv2d({ channels, kernel: 10, stride: 5 }), relu()] : []),
    new Flatten(),
    new Linear({ units: hidden }),
    relu(),
    new Linear({ units: outputs }),
  ]);
}
