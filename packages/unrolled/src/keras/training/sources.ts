import { type BatchPosition, BatchSequence, inOrder, shuffled } from '../../data/batches.ts';
import { DataError } from '../../errors.ts';
import { sizeOf } from '../../shape.ts';
import type { Column } from '../arrays.ts';
import { sliced, taken } from '../arrays-taken.ts';
import type { Model } from '../model.ts';
import { columnsOf, type ModelData, requireSameSamples } from './data.ts';
import type { Batch } from './forward.ts';

/** A batch of a data set of your own: inputs, targets and perhaps weights of the samples. */
export type FitBatch = readonly [x: ModelData, y: ModelData, sampleWeight?: ModelData | null];
/** Batches one after the other, or what gives them anew for each epoch. */
export type BatchStream = AsyncIterable<FitBatch> | (() => AsyncIterable<FitBatch>);

/** Where batches come from. */
export interface BatchSource {
  /** Batches of an epoch, where that is known. */
  readonly steps: number | null;
  /** The next batch; null at the end of the data. */
  next(): Promise<Batch | null>;
  /** Begins again, where it is at its end. */
  restart(): void;
}

/** Samples in memory. */
export interface Samples {
  readonly inputs: readonly Column[];
  readonly targets: readonly Column[];
  readonly weights: readonly (Column | null)[];
  readonly count: number;
}

/**
 * Samples for a model, which is built for their shapes where it is not built yet.
 * @throws DataError if they do not fit the inputs or outputs, or each other
 */
export async function samplesFor(
  model: Model<unknown>,
  x: ModelData,
  y: ModelData | null,
  sampleWeight: ModelData | null = null,
): Promise<Samples> {
  const names = model.inputNames;
  const given = await columnsOf('x', x, names);
  model.buildFor(given.map(({ shape }) => shape));
  const inputs = given.map((column, i) => fittingInput(model, column, i));
  const targets = y === null ? [] : await columnsOf('y', y, model.outputNames);
  const weights = sampleWeight === null ? [] : await columnsOf('sampleWeight', sampleWeight, model.outputNames);
  const count = requireSameSamples({ x: inputs, y: targets, sampleWeight: weights });
  return { inputs, targets, weights: model.outputNames.map((_, i) => weights[i] ?? null), count };
}

/** `[B]` for an input `[B, 1]`; other differences are errors. */
function fittingInput(model: Model<unknown>, column: Column, index: number): Column {
  const { shape } = model.graph.inputs[index];
  const given = column.shape.length + 1 === shape.length && shape.at(-1) === 1 ? [...column.shape, 1] : column.shape;
  const fits =
    given.length === shape.length &&
    (model.graph.isOpen || given.every((n, axis) => axis === 0 || shape[axis] < 0 || shape[axis] === n));
  if (fits) return { data: column.data, shape: given };
  throw new DataError(
    `x: input '${model.inputNames[index]}' takes samples of shape [${shape.slice(1).map((n) => (n < 0 ? 'any' : n))}], received ` +
      `[${column.shape.slice(1)}]`,
    { expected: shape, received: column.shape },
  );
}

/** Samples in an order of batches that goes on from epoch to epoch. */
export class ArraySource implements BatchSource {
  readonly #samples: Samples;
  readonly #sequence: BatchSequence;
  #position: BatchPosition;
  /** The end of the data is an end; otherwise the next epoch's order follows. */
  readonly #stops: boolean;

  /** @param position  of the first batch */
  constructor(
    samples: Samples,
    options: {
      readonly batch: number;
      readonly seed: number;
      readonly shuffle: boolean;
      readonly position: BatchPosition;
      readonly stops: boolean;
    },
  ) {
    const { batch, seed, shuffle, position, stops } = options;
    this.#samples = samples;
    const order = shuffle ? shuffled : inOrder;
    this.#sequence = new BatchSequence(
      order({ length: samples.count }, { batch: Math.min(batch, Math.max(1, samples.count)), seed }),
    );
    this.#position = position;
    this.#stops = stops;
  }

  get steps(): number {
    return this.#sequence.batchesPerEpoch;
  }

  /** Of the next batch. */
  get position(): BatchPosition {
    return this.#position;
  }

  async next(): Promise<Batch | null> {
    if (this.#stops && this.#position.batch >= this.steps) return null;
    const { indices, next } = this.#sequence.at(this.#position);
    this.#position = next;
    const { inputs, targets, weights } = this.#samples;
    return {
      rows: indices.length,
      inputs: inputs.map((column) => taken(column, indices)),
      targets: targets.map((column) => taken(column, indices)),
      weights: weights.map((column) => column && taken(column, indices)),
    };
  }

  restart(): void {
    if (this.#position.batch >= this.steps) this.#position = { epoch: this.#position.epoch + 1, batch: 0 };
  }
}

/** Batches from an asynchronous iterable. */
export class StreamSource implements BatchSource {
  readonly steps = null;
  readonly #model: Model<unknown>;
  readonly #stream: BatchStream;
  #iterator: AsyncIterator<FitBatch> | null = null;
  #began = 0;
  #sinceBegin = 0;

  constructor(model: Model<unknown>, stream: BatchStream) {
    this.#model = model;
    this.#stream = stream;
  }

  async next(): Promise<Batch | null> {
    if (this.#iterator === null) {
      const stream = typeof this.#stream === 'function' ? this.#stream() : this.#stream;
      this.#iterator = stream[Symbol.asyncIterator]();
      this.#began++;
      this.#sinceBegin = 0;
    }
    const { value, done } = await this.#iterator.next();
    if (done) {
      if (this.#sinceBegin === 0) {
        throw new DataError(
          this.#began > 1
            ? 'fit: the iterable has no batches for a second epoch; give a function that makes a new one, () => batches()'
            : 'fit: the iterable has no batches',
        );
      }
      return null;
    }
    this.#sinceBegin++;
    if (!Array.isArray(value))
      throw new DataError('fit: the iterable must give batches [x, y] or [x, y, sampleWeight]');
    const [x, y, weight] = value as FitBatch;
    const { inputs, targets, weights, count } = await samplesFor(this.#model, x, y, weight ?? null);
    return { rows: count, inputs, targets, weights };
  }

  restart(): void {
    this.#iterator = null;
  }

  /** Lets the iterable end where not all of it was read. */
  async close(): Promise<void> {
    await this.#iterator?.return?.();
  }
}

export const isStream = (x: unknown): x is BatchStream =>
  typeof x === 'function' || (typeof x === 'object' && x !== null && Symbol.asyncIterator in x);

/** The last samples, as Keras holds them out, and those before. @throws DataError if one side is empty */
export function splitTail(samples: Samples, share: number): readonly [Samples, Samples] {
  const { count } = samples;
  const at = Math.floor(count * (1 - share));
  if (at === 0 || at === count) {
    throw new DataError(`fit: validationSplit ${share} of ${count} samples leaves one side empty`, { share, count });
  }
  const part = (start: number, end: number): Samples => ({
    inputs: samples.inputs.map((column) => sliced(column, start, end)),
    targets: samples.targets.map((column) => sliced(column, start, end)),
    weights: samples.weights.map((column) => column && sliced(column, start, end)),
    count: end - start,
  });
  return [part(0, at), part(at, count)];
}

/** Classes that only one of two parts has, as a text for the user; null where that is not so. */
export function classesApart(train: Column, held: Column): string | null {
  const [a, b] = [classesIn(train), classesIn(held)];
  if (a === null || b === null) return null;
  const missing = [...b].filter((one) => !a.has(one));
  const absent = [...a].filter((one) => !b.has(one));
  if (missing.length === 0 && absent.length === 0) return null;
  const some = (list: readonly number[]): string => `${list.slice(0, 5).join(', ')}${list.length > 5 ? ', …' : ''}`;
  const parts = [
    ...(missing.length > 0 ? [`classes ${some(missing)} are in it alone`] : []),
    ...(absent.length > 0 ? [`classes ${some(absent)} are not in it`] : []),
  ];
  return (
    `fit: validationSplit holds out the last samples, as Keras does, and their classes differ from the rest: ${parts.join(', ')}. ` +
    'Shuffle the data before, or give validationData'
  );
}

/** The classes of targets that are ids, or one-hot rows; null where they are numbers. */
function classesIn({ data, shape }: Column): Set<number> | null {
  const width = shape.length > 1 ? sizeOf(shape.slice(1)) : 1;
  const classes = new Set<number>();
  for (let i = 0; i < shape[0]; i++) {
    if (width === 1) classes.add(data[i]);
    else {
      let hot = -1;
      for (let k = 0; k < width; k++) {
        const value = data[i * width + k];
        if (value === 1 && hot < 0) hot = k;
        else if (value !== 0) return null;
      }
      classes.add(hot);
    }
    if (classes.size > 1000) return null;
  }
  const whole = [...classes].every((one) => Number.isInteger(one));
  return whole && classes.size < shape[0] / 2 ? classes : null;
}
