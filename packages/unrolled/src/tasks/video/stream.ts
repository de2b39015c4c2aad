import { number, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { type Classification, classificationOf, softmaxOf } from '../../metrics/label-predictions.ts';
import type { Clip } from './clip.ts';
import { beginning, type ClipModel, type ClipState } from './clip-model.ts';
import type { ClipNetworkConfig, Reading } from './config.ts';
import type { VideoClassifier } from './model.ts';

/**
 * What a reading makes of the rows of a clip's frames, one after the other: the clip's logits so far. Sums are in the order of
 * the frames, so that a stream gives the bits that the whole clip gives.
 */
export class ClipReading {
  readonly #model: ClipModel<ClipNetworkConfig>;
  readonly #reading: Reading;
  readonly #decay: number;
  #frames = 0;
  /** Sum of the weights of the frames. */
  #count = 0;
  #sum: Float64Array = new Float64Array(0);

  /** @param decay  factor of what is summed, at every frame */
  constructor(model: ClipModel<ClipNetworkConfig>, reading: Reading, decay = 1) {
    this.#model = model;
    this.#reading = reading;
    this.#decay = decay;
  }

  /** Frames so far. */
  get frames(): number {
    return this.#frames;
  }

  get remembered(): object {
    return { frames: this.#count, sum: this.#sum };
  }

  add(row: Float64Array): void {
    const added = this.#reading === 'average' || this.#reading === 'single' ? softmaxOf(row, 1) : row;
    this.#sum =
      this.#frames === 0 || this.#reading === 'last' ? added : this.#sum.map((sum, k) => this.#decay * sum + added[k]);
    this.#count = this.#decay * this.#count + 1;
    this.#frames++;
  }

  /** After at least one frame. */
  async logits(): Promise<Float64Array> {
    const mean = (): Float64Array => this.#sum.map((sum) => sum / this.#count);
    if (this.#reading === 'last') return this.#sum;
    if (this.#reading === 'mean') return (await this.#model.logitsOfFeatures([mean()]))[0];
    // Log probabilities are logits; a probability that is 0 in floating point is very small.
    return mean().map((p) => Math.log(Math.max(p, Number.MIN_VALUE)));
  }
}

/** What rows a reading is made of. */
export const rowsFor = (reading: Reading): 'logits' | 'features' => (reading === 'mean' ? 'features' : 'logits');

export interface StreamOptions {
  /**
   * Factor of what is averaged over the frames so far, at every further frame: 0.95 weighs the last 20 or so, so that the answer is
   * what happens now. Default 1: all frames count alike, as in `predict`.
   */
  readonly decay?: number | undefined;
}

/**
 * A video that comes frame by frame, such as a camera's: what is kept of it has the same size however long it is. After T frames
 * the answer has the bits of `predict` on these T frames at once. Streams of one model do not disturb each other.
 *
 * @example
 * const stream = classifier.stream();
 * const { label } = await stream.push({ frames: [imageOf(video)] });
 */
export class VideoStream {
  readonly #model: VideoClassifier;
  readonly #reading: Reading;
  readonly #decay: number | undefined;
  #state: ClipState = beginning;
  #sum: ClipReading;
  #last: Promise<unknown> = Promise.resolve();

  /** @throws ConfigError for a bidirectional model, which needs whole clips, or an option out of range */
  constructor(model: VideoClassifier, options: StreamOptions = {}) {
    requireOptions('stream', options, { decay: number({ above: 0, to: 1 }) });
    const { bidirectional, reading = 'average' } = model.config;
    if (bidirectional) {
      throw new ConfigError(
        'video: a bidirectional model reads clips from both ends, so it reads no stream; train one without',
      );
    }
    this.#model = model;
    this.#reading = reading;
    this.#decay = options.decay;
    this.#sum = new ClipReading(model, reading, options.decay);
  }

  /** Frames since the beginning. */
  get frames(): number {
    return this.#sum.frames;
  }

  /** All that is kept of the frames so far; plain data. */
  get remembered(): object {
    return { ...this.#state, ...this.#sum.remembered };
  }

  /** Begins again, as with the first frame of another video. */
  reset(): void {
    this.#state = beginning;
    this.#sum = new ClipReading(this.#model, this.#reading, this.#decay);
  }

  /** Reads the frames that come next: the label of all since the beginning. Calls are answered one after the other. */
  push(frames: Clip): Promise<Classification> {
    const next = this.#last.then(() => this.#push(frames));
    this.#last = next.catch(() => {});
    return next;
  }

  async #push(frames: Clip): Promise<Classification> {
    const { rows, state } = await this.#model.next(frames, rowsFor(this.#reading), this.#state);
    this.#state = state;
    for (const row of rows) this.#sum.add(row);
    return classificationOf(await this.#sum.logits(), this.#model.labels, this.#model.temperature);
  }
}
