import { count, requireKind, seed as seedKind, shown } from '../checks.ts';
import { DataError } from '../errors.ts';
import { Random } from '../random.ts';

/** One chunk of truncated backpropagation through time. */
export interface TokenChunk {
  /** Token ids, time-major `[steps, batch]`, and for each the id that follows. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly steps: number;
  readonly batch: number;
  /** Whether rows restart here, so that no state may be carried over. */
  readonly first: boolean;
  /** The position of the chunk after it. */
  readonly next: StreamPosition;
}

/** The place of a chunk in its epoch: plain data. */
export interface StreamPosition {
  readonly epoch: number;
  readonly chunk: number;
}

export interface TokenStreamsOptions {
  /** B, batch size: parts of the text that are read in parallel. */
  readonly batch: number;
  /** k, the most steps in a chunk. */
  readonly steps: number;
  readonly seed: number;
}

/** @throws DataError unless the ids are whole numbers from 0 to 2³¹ − 1 */
export function tokenIds(tokens: ArrayLike<number>): Int32Array {
  if (tokens instanceof Int32Array) return tokens;
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] >= 0 && (tokens[i] | 0) === tokens[i]) continue;
    throw new DataError(`tokens: ${shown(tokens[i])} at position ${i} is not an id, a whole number from 0`, {
      position: i,
    });
  }
  return Int32Array.from(tokens);
}

/**
 * Reads a text as B parallel streams, chunk by chunk: row b of a chunk continues where row b of the chunk before
 * ended, so a recurrent state can be carried. Each epoch starts at a different offset (below k), so that chunks are not
 * cut at the same places; rows no longer than a chunk are read whole in every epoch.
 */
export class TokenStreams {
  readonly batch: number;
  readonly #tokens: Int32Array;
  readonly #steps: number;
  readonly #seed: number;
  /** Of the chunk that `next` returns. */
  position: StreamPosition = { epoch: 0, chunk: 0 };

  /** @throws DataError if there are not two tokens for each row; ConfigError on an option out of range */
  constructor(tokens: ArrayLike<number>, options: TokenStreamsOptions) {
    const { batch, steps, seed } = options;
    requireKind('TokenStreams', 'batch', batch, count);
    requireKind('TokenStreams', 'steps', steps, count);
    requireKind('TokenStreams', 'seed', seed, seedKind);
    if (tokens.length < 2 * batch) {
      throw new DataError(
        `the text has ${tokens.length} tokens, too few for ${batch} rows of at least 2; use a longer text or a smaller batch`,
        { tokens: tokens.length, batch },
      );
    }
    this.#tokens = tokenIds(tokens);
    this.batch = batch;
    this.#steps = steps;
    this.#seed = seed;
  }

  /** Chunks in an epoch; the offset can make it one less in some. */
  get chunksPerEpoch(): number {
    return this.#layout(0).chunks;
  }

  /** The chunk at `position`, which moves on to the one after it. */
  next(): TokenChunk {
    const chunk = this.at(this.position);
    this.position = chunk.next;
    return chunk;
  }

  /** The chunk at a position. */
  at(position: StreamPosition): TokenChunk {
    const atEnd = position.chunk >= this.#layout(this.#offset(position.epoch)).chunks;
    const { epoch, chunk } = atEnd ? { epoch: position.epoch + 1, chunk: 0 } : position;
    const offset = this.#offset(epoch);
    const { length, steps } = this.#layout(offset);
    const { batch } = this;
    const inputs = new Int32Array(steps * batch);
    const targets = new Int32Array(steps * batch);
    for (let t = 0; t < steps; t++) {
      for (let b = 0; b < batch; b++) {
        const place = offset + b * length + chunk * steps + t;
        inputs[t * batch + b] = this.#tokens[place];
        targets[t * batch + b] = this.#tokens[place + 1];
      }
    }
    return { inputs, targets, steps, batch, first: chunk === 0, next: { epoch, chunk: chunk + 1 } };
  }

  #offset(epoch: number): number {
    const room = this.#tokens.length - 2 * this.batch;
    // Rows that are read whole are not cut anywhere.
    if (epoch === 0 || Math.floor((this.#tokens.length - 1) / this.batch) <= this.#steps) return 0;
    return new Random(this.#seed).fork(`epoch ${epoch}`).below(Math.min(this.#steps, room + 1));
  }

  #layout(offset: number): { length: number; steps: number; chunks: number } {
    const length = Math.floor((this.#tokens.length - 1 - offset) / this.batch);
    const steps = Math.min(this.#steps, length);
    return { length, steps, chunks: Math.floor(length / steps) };
  }
}
