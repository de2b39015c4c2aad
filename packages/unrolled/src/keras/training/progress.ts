import type { BatchPosition } from '../../data/batches.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import { Random, type RandomState } from '../../random.ts';
import type { Json } from '../../train/checkpoint.ts';

/** What a callback remembers. */
export interface CallbackState {
  readonly state: Json;
  readonly arrays: Readonly<Record<string, NamedArray>>;
}

/** How far the training of a model is; all of it is saved. */
export class Progress {
  /** For dropout. */
  random: Random;
  /** Of the next batch, over all calls of `fit`. */
  position: BatchPosition = { epoch: 0, batch: 0 };
  /** The epoch at which the last call of `fit` would go on. */
  epoch = 0;
  /** What its callbacks remember, by name and place. */
  callbacks: Readonly<Record<string, CallbackState>> = {};

  constructor(seed: number) {
    this.random = new Random(seed).fork('training');
  }

  save(): { readonly random: RandomState; readonly position: BatchPosition; readonly epoch: number } {
    return { random: this.random.state, position: this.position, epoch: this.epoch };
  }
}
