import type { LayerConfig } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation, Conv2d, Flatten } from '../../nn/vision/index.ts';

export interface FrameNetworkOptions {
  /** F, features of a frame. Default 64. */
  readonly features?: number | undefined;
  /** Channels of the first convolution; each of the two after it has twice as many as the one before. Default 16. */
  readonly channels?: number | undefined;
}

/**
 * A small network for frames that is trained along with what reads its features: three convolutions of 3 × 3 with stride 2 and
 * relu, then a linear layer over all places, since where things are tells what they do. For frames from 16 to 64 pixels wide.
 */
export function frameNetwork({ features = 64, channels = 16 }: FrameNetworkOptions = {}): LayerConfig {
  const relu = (): Activation => new Activation({ kind: 'relu' });
  const convolution = (factor: number): Conv2d =>
    new Conv2d({ channels: factor * channels, kernel: 3, stride: 2, padding: 1 });
  return new Sequential({
    ...{
      conv1: convolution(1),
      relu1: relu(),
      conv2: convolution(2),
      relu2: relu(),
      conv3: convolution(4),
      relu3: relu(),
    },
    ...{ flatten: new Flatten(), features: new Linear({ units: features }), relu4: relu() },
  }).config;
}
