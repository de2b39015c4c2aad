import { ConfigError, DataError } from '../errors.ts';
import { Random } from '../random.ts';

/** A batch of sequences. */
export interface SequenceBatch {
  /** By their place in the data, the longest first. */
  readonly indices: Int32Array;
  /** Their lengths, in the same order. */
  readonly lengths: readonly number[];
}

/** Which batch of which epoch comes next: plain data. */
export interface BucketPosition {
  readonly epoch: number;
  readonly batch: number;
}

export interface LengthBucketsOptions {
  /** B, sequences in a batch; one batch of an epoch has fewer where they do not divide. */
  readonly batch: number;
  readonly seed: number;
  /**
   * How many batches' worth of random sequences are sorted together: more means less padding, fewer a batch that is more
   * random. Default 50.
   */
  readonly pool?: number;
}

/**
 * Batches of sequences of similar length, so that there is little padding. In every epoch the sequences are shuffled, those of
 * a pool are sorted by length and cut into batches, and the batches are shuffled; each sequence comes once.
 *
 * @example
 * const buckets = new LengthBuckets(sentences.map((ids) => ids.length), { batch: 32, seed: 1 });
 * const { indices } = buckets.next();
 * const { values, lengths, shape } = padSequences(Array.from(indices, (i) => sentences[i]));
 * model.apply(device.ids(values, shape), lengths);
 */
export class LengthBuckets {
  readonly #lengths: ArrayLike<number>;
  readonly #batch: number;
  readonly #seed: number;
  readonly #pool: number;
  #epoch = 0;
  #next = 0;
  /** The batches of an epoch, made when it is entered. */
  #order: { readonly epoch: number; readonly batches: readonly Int32Array[] } | null = null;

  /**
   * @param lengths  of all sequences, from 1
   * @throws DataError if there is none, or one is empty; ConfigError on an option out of range
   */
  constructor(lengths: ArrayLike<number>, { batch, seed, pool = 50 }: LengthBucketsOptions) {
    for (const [name, value] of Object.entries({ batch, pool })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new ConfigError(`buckets: ${name} must be a whole number from 1, received ${value}`, { [name]: value });
      }
    }
    const empty = Array.from(lengths).findIndex((length) => !Number.isInteger(length) || length < 1);
    if (lengths.length === 0 || empty >= 0) {
      throw new DataError(
        lengths.length === 0
          ? 'buckets: there are no sequences'
          : `buckets: sequence ${empty} has length ${lengths[empty]}; leave out what is empty`,
        { sequence: empty },
      );
    }
    this.#lengths = lengths;
    this.#batch = batch;
    this.#seed = seed;
    this.#pool = pool;
  }

  get batchesPerEpoch(): number {
    return Math.ceil(this.#lengths.length / this.#batch);
  }

  get position(): BucketPosition {
    return { epoch: this.#epoch, batch: this.#next };
  }

  seek({ epoch, batch }: BucketPosition): void {
    this.#epoch = epoch;
    this.#next = batch;
  }

  next(): SequenceBatch {
    if (this.#next >= this.batchesPerEpoch) {
      this.#epoch++;
      this.#next = 0;
    }
    if (this.#order?.epoch !== this.#epoch) this.#order = { epoch: this.#epoch, batches: this.#shuffle() };
    const indices = this.#order.batches[this.#next++];
    return { indices, lengths: Array.from(indices, (index) => this.#lengths[index]) };
  }

  #shuffle(): Int32Array[] {
    const random = new Random(this.#seed).fork(`epoch ${this.#epoch}`);
    const order = random.permutation(this.#lengths.length);
    const size = this.#pool * this.#batch;
    const batches: Int32Array[] = [];
    for (let start = 0; start < order.length; start += size) {
      const pool = order.subarray(start, start + size).sort((a, b) => this.#lengths[b] - this.#lengths[a]);
      for (let i = 0; i < pool.length; i += this.#batch) batches.push(pool.slice(i, i + this.#batch));
    }
    return Array.from(random.permutation(batches.length), (place) => batches[place]);
  }
}

export interface PaddedSequences {
  /** Time-major, `[T, B]`, or `[T, B, width]` where a step has several numbers. */
  readonly values: Float64Array;
  readonly shape: readonly number[];
  /** Lengths of the rows, `[B]`. */
  readonly lengths: readonly number[];
}

export interface PadOptions {
  /** Value after the end: 0, or −1 for targets without a loss. Default 0. */
  readonly padding?: number | undefined;
  /** Numbers in a step, F of `[T, B, F]`. Default: single numbers, `[T, B]`. */
  readonly width?: number | undefined;
}

/**
 * Pads sequences to the length of the longest.
 *
 * @param sequences  the numbers of each, step after step
 * @throws DataError if the length of a sequence is not a multiple of `width`
 */
export function padSequences(
  sequences: readonly ArrayLike<number>[],
  { padding = 0, width }: PadOptions = {},
): PaddedSequences {
  const [B, F] = [sequences.length, width ?? 1];
  const lengths = sequences.map(({ length }) => length / F);
  const odd = lengths.findIndex((length) => !Number.isInteger(length));
  if (odd >= 0) {
    throw new DataError(`pad: sequence ${odd} has ${sequences[odd].length} numbers, not a multiple of ${F}`, {
      sequence: odd,
      width: F,
    });
  }
  const T = Math.max(0, ...lengths);
  const values = new Float64Array(T * B * F).fill(padding);
  sequences.forEach((sequence, b) => {
    for (let i = 0; i < sequence.length; i++) values[(Math.floor(i / F) * B + b) * F + (i % F)] = sequence[i];
  });
  return { values, shape: width === undefined ? [T, B] : [T, B, F], lengths };
}
