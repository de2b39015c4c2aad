import { callback, count, type Kinds, required, requireOptions, seed as seedKind } from '../checks.ts';
import { ConfigError, DataError } from '../errors.ts';
import { Random } from '../random.ts';

/** The batches of a run. They depend on the epoch alone, so that a run resumes anywhere. */
export interface BatchOrder {
  readonly batchesPerEpoch: number;
  /** The batches of an epoch, counted from 0: in each the indices of its examples. */
  batches(epoch: number): readonly Int32Array[];
}

/** What is known of examples before they are read. */
export interface ExampleLengths {
  /** How many there are. */
  readonly length: number;
  /** Steps of an example, from 1. Default: unknown. */
  lengthOf?(index: number): number;
}

export interface BatchOptions {
  /** B, examples in a batch; one batch of an epoch has fewer where they do not divide. */
  readonly batch: number;
  readonly seed: number;
}

/** Decides which examples make a batch: `byLength`, `shuffled`, `inOrder` or a function of your own. */
export type BatchStrategy = (examples: ExampleLengths, options: BatchOptions) => BatchOrder;

const kinds: Kinds<BatchOptions> = { batch: required(count), seed: required(seedKind) };

/**
 * Batches of examples in the order in which they are stored, the same in every epoch.
 * @throws DataError if there are none; ConfigError on an option out of range
 */
export function inOrder({ length }: ExampleLengths, options: BatchOptions): BatchOrder {
  requireOptions('inOrder', options, kinds);
  const { batch } = options;
  return {
    batchesPerEpoch: batchesIn('inOrder', length, batch),
    batches: () =>
      cut(
        Int32Array.from({ length }, (_, index) => index),
        batch,
      ),
  };
}

/**
 * Batches of examples in a random order, another one in every epoch.
 * @throws DataError if there are none; ConfigError on an option out of range
 */
export function shuffled({ length }: ExampleLengths, options: BatchOptions): BatchOrder {
  requireOptions('shuffled', options, kinds);
  const { batch, seed } = options;
  return {
    batchesPerEpoch: batchesIn('shuffled', length, batch),
    batches: (epoch) => cut(epochRandom(seed, epoch).permutation(length), batch),
  };
}

/**
 * Batches of sequences of similar length, so that there is little padding. In every epoch the sequences are shuffled, those of
 * a pool are sorted by length, the longest first, and cut into batches, and the batches are shuffled.
 *
 * @param options  pool: how many batches' worth of random sequences are sorted together. More means less padding, fewer a
 *   batch that is more random. Default 50
 * @throws DataError if there is none, or one is empty; ConfigError if lengths are unknown, or on an option out of range
 *
 * @example
 * const lengths = { length: sentences.length, lengthOf: (i: number) => sentences[i].length };
 * const order = byLength(lengths, { batch: 32, seed: 1 });
 * for (const indices of order.batches(0)) {
 *   const { values, lengths, shape } = padSequences(Array.from(indices, (i) => sentences[i]));
 *   model.apply(device.ids(values, shape), lengths);
 * }
 */
export function byLength(
  examples: ExampleLengths,
  options: BatchOptions & { readonly pool?: number | undefined },
): BatchOrder {
  requireOptions('byLength', options, { ...kinds, pool: count });
  const { batch, seed, pool = 50 } = options;
  const lengths = lengthsOf(examples);
  return {
    batchesPerEpoch: batchesIn('byLength', lengths.length, batch),
    batches(epoch) {
      const random = epochRandom(seed, epoch);
      const order = random.permutation(lengths.length);
      for (let start = 0; start < order.length; start += pool * batch) {
        order.subarray(start, start + pool * batch).sort((a, b) => lengths[b] - lengths[a]);
      }
      const batches = cut(order, batch);
      return Array.from(random.permutation(batches.length), (place) => batches[place]);
    },
  };
}

/**
 * Batches in which the examples of a group, such as the questions about one image, stand together. In every epoch the groups are
 * shuffled; a group that does not fit into a batch goes on in the next.
 *
 * @param options  groupOf: the group of an example
 * @throws DataError if there are none; ConfigError on an option out of range
 */
export function byGroup(
  { length }: ExampleLengths,
  options: BatchOptions & { readonly groupOf: (index: number) => number },
): BatchOrder {
  requireOptions('byGroup', options, { ...kinds, groupOf: required(callback) });
  const { batch, seed, groupOf } = options;
  const groups = [
    ...Map.groupBy(
      Array.from({ length }, (_, index) => index),
      groupOf,
    ).values(),
  ];
  return {
    batchesPerEpoch: batchesIn('byGroup', length, batch),
    batches(epoch) {
      const order = epochRandom(seed, epoch).permutation(groups.length);
      return cut(Int32Array.from(Array.from(order).flatMap((group) => groups[group])), batch);
    },
  };
}

function lengthsOf(examples: ExampleLengths): readonly number[] {
  if (!examples.lengthOf)
    throw new ConfigError('byLength: the lengths of the examples are unknown; take another order, `shuffled`');
  return Array.from({ length: examples.length }, (_, index) => {
    const steps = examples.lengthOf!(index);
    if (count.fits(steps)) return steps;
    throw new DataError(`byLength: sequence ${index} has length ${steps}; leave out what is empty`, {
      sequence: index,
    });
  });
}

const epochRandom = (seed: number, epoch: number): Random => new Random(seed).fork(`epoch ${epoch}`);

function batchesIn(operation: string, length: number, batch: number): number {
  if (length === 0) throw new DataError(`${operation}: there are no examples`);
  return Math.ceil(length / batch);
}

const cut = (order: Int32Array, batch: number): Int32Array[] =>
  Array.from({ length: Math.ceil(order.length / batch) }, (_, i) => order.subarray(i * batch, (i + 1) * batch));

/** The place of a batch in a run: plain data. */
export interface BatchPosition {
  readonly epoch: number;
  readonly batch: number;
}

/** All batches of a run, epoch after epoch, found by their position. */
export class BatchSequence {
  readonly #order: BatchOrder;
  /** The batches of the epoch that was read last. */
  #current: { readonly epoch: number; readonly batches: readonly Int32Array[] } | null = null;

  constructor(order: BatchOrder) {
    this.#order = order;
  }

  get batchesPerEpoch(): number {
    return this.#order.batchesPerEpoch;
  }

  /** The examples of the batch at a position, and the position of the one after it. */
  at(position: BatchPosition): { readonly indices: Int32Array; readonly next: BatchPosition } {
    const { epoch, batch } = position.batch < this.batchesPerEpoch ? position : { epoch: position.epoch + 1, batch: 0 };
    if (this.#current?.epoch !== epoch) this.#current = { epoch, batches: this.#order.batches(epoch) };
    return { indices: this.#current.batches[batch], next: { epoch, batch: batch + 1 } };
  }
}
