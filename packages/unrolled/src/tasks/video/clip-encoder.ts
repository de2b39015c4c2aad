import { shapeDevice } from '../../nn/cells/shape-device.ts';
import type { Context } from '../../nn/layer.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { pool } from '../../nn/pooling.ts';
import { type Encoded, type EncodedShapes, type Encoder, shapesOf } from '../../nn/seq2seq/encoded.ts';
import { FeatureEncoder } from '../../nn/seq2seq/feature-encoder.ts';
import { reshape } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Clip } from './clip.ts';
import type { ClipNetwork } from './clip-network.ts';
import type { VideoCaptionerConfig } from './config.ts';

export interface ClipBatch {
  /** As `prepared` gives them. */
  readonly clips: readonly Clip[];
  readonly device: Device;
}

/**
 * Reads clips for a decoder. With a recurrent network the memory is its outputs at every frame, `[S, B, D]`, and the decoder begins
 * with its final state; otherwise the mean of the frames' features, through a hidden layer, is part of every input of the decoder
 * (Venugopalan 2015). Parameters: those of `ClipNetwork`.
 */
export class ClipEncoder implements Encoder<ClipBatch, null> {
  readonly config: { readonly layer: 'clipEncoder' } & VideoCaptionerConfig;
  readonly #network: ClipNetwork;
  readonly #mean: FeatureEncoder;

  constructor(config: VideoCaptionerConfig, network: ClipNetwork) {
    this.config = { layer: 'clipEncoder', ...config };
    this.#network = network;
    const { cell, hidden, layers, embedding: dimension } = config;
    this.#mean = new FeatureEncoder({ conditioning: 'constant', cell, hidden, layers, dimension });
  }

  build(_: null, declarations: Declarations): EncodedShapes {
    const outputs = this.#network.build(declarations);
    const { recurrent } = this.#network;
    if (recurrent === null) return this.#mean.build([1, -1, outputs.at(-1)!], declarations);
    return { memory: outputs, state: shapesOf(recurrent.initialState(1, shapeDevice())) };
  }

  apply({ clips, device }: ClipBatch, context: Context): Encoded {
    const { xs, lengths } = this.#network.embed(clips, device, context);
    if (this.#network.inOrder) {
      const { outputs, state } = this.#network.run({ xs, lengths }, context);
      return { memory: outputs, lengths, state };
    }
    const mean = reshape(pool('mean', xs, lengths), [1, clips.length, -1]);
    const { outputs } = this.#network.run({ xs: mean, lengths: clips.map(() => 1) }, context);
    return this.#mean.apply(outputs, context);
  }
}
