import { anything, callback as callbackKind, count, flag, number, oneOf, requireOptions, whole } from '../../checks.ts';
import { ConfigError, DivergenceError } from '../../errors.ts';
import { inference } from '../../nn/layer.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import { Updates } from '../../train/update.ts';
import { NumberArray } from '../arrays.ts';
import { sliced } from '../arrays-taken.ts';
import type { Callback, FitContext, Logs } from '../callbacks/callback.ts';
import { CallbackList } from '../callbacks/list.ts';
import { progressBar } from '../callbacks/progress-bar.ts';
import { type History, history as newHistory } from '../callbacks/recording.ts';
import { constrained } from '../constraints.ts';
import type { Model, OutputForm } from '../model.ts';
import type { SymbolicTensor } from '../symbolic.ts';
import { withClassWeight } from './class-weight.ts';
import type { ModelData } from './data.ts';
import { type Batch, lossOf, outputsOf } from './forward.ts';
import { Meters } from './meters.ts';
import {
  ArraySource,
  type BatchSource,
  type BatchStream,
  classesApart,
  type FitBatch,
  isStream,
  type Samples,
  StreamSource,
  samplesFor,
  splitTail,
} from './sources.ts';

export { Progress } from './progress.ts';

/** Arrays, or batches from an asynchronous iterable. */
export type FitData = ModelData | BatchStream;

interface BatchOptions {
  /** Samples in a batch. Default 32. */
  readonly batchSize?: number | undefined;
  /** 0: nothing is printed; 1: a progress bar in a terminal, else a line for each epoch; 2: a line for each epoch. Default 'auto': 1. */
  readonly verbose?: 0 | 1 | 2 | 'auto' | undefined;
  /** Receives what would be printed. Default: the terminal, or the console. */
  readonly log?: ((text: string) => void) | undefined;
}

export interface FitOptions extends BatchOptions {
  /** The epoch at which training ends. Default 1. */
  readonly epochs?: number | undefined;
  /** The epoch at which it begins, where a training before goes on. Default 0. */
  readonly initialEpoch?: number | undefined;
  /** Batches that make an epoch; the next epoch goes on where this one ended. Default: all of the data. */
  readonly stepsPerEpoch?: number | undefined;
  /** The share of the samples, from the end, that is held out for validation. Default 0. */
  readonly validationSplit?: number | undefined;
  /** [x, y] or [x, y, sampleWeight], or batches. */
  readonly validationData?: FitBatch | BatchStream | undefined;
  /** Default: the batch size. */
  readonly validationBatchSize?: number | undefined;
  /** Batches of a validation. Default: all. */
  readonly validationSteps?: number | undefined;
  /** Epochs between validations, or those after which there is one, counted from 1. Default 1. */
  readonly validationFreq?: number | readonly number[] | undefined;
  /** Another order in every epoch. Default true. Batches of an iterable come as they are. */
  readonly shuffle?: boolean | undefined;
  /** Factors of the loss of samples by their class, in training. */
  readonly classWeight?: Readonly<Record<number, number>> | undefined;
  /** Factors of the losses of samples `[B]`, or of their steps `[B, T]`; in validation too. */
  readonly sampleWeight?: ModelData | undefined;
  readonly callbacks?: readonly Callback[] | undefined;
}

export interface EvaluateOptions extends BatchOptions {
  readonly sampleWeight?: ModelData | undefined;
  /** Batches; of an iterable. Default: all. */
  readonly steps?: number | undefined;
  readonly callbacks?: readonly Callback[] | undefined;
}

export interface PredictOptions {
  /** Default 32. */
  readonly batchSize?: number | undefined;
}

/** Arrays in the form of a model's outputs. */
export type Predicted<Out> = Out extends SymbolicTensor
  ? NumberArray
  : Out extends readonly unknown[]
    ? readonly NumberArray[]
    : Out extends OutputForm
      ? { readonly [Name in keyof Out]: NumberArray }
      : NumberArray;

const batchKinds = {
  batchSize: count,
  verbose: { ...oneOf(['0', '1', '2', 'auto']), fits: (v: unknown) => [0, 1, 2, 'auto'].includes(v as never) },
  log: callbackKind,
};

function requireFit(options: FitOptions): void {
  requireOptions<FitOptions>('fit', options, {
    ...batchKinds,
    epochs: count,
    initialEpoch: whole(),
    stepsPerEpoch: count,
    validationSplit: number({ from: 0, below: 1 }),
    validationData: anything,
    validationBatchSize: count,
    validationSteps: count,
    validationFreq: {
      must: 'a whole number from 1, or a list of epochs',
      fits: (n) => [n].flat().every((one) => count.fits(one)),
    },
    shuffle: flag,
    classWeight: anything,
    sampleWeight: anything,
    callbacks: { must: 'a list of callbacks', fits: Array.isArray },
  });
}

interface Data {
  readonly source: BatchSource;
  /** A new source for each validation. */
  readonly validation: (() => BatchSource) | null;
}

async function fitData(model: Model<unknown>, x: FitData, y: ModelData | null, options: FitOptions): Promise<Data> {
  const {
    batchSize = 32,
    validationSplit = 0,
    validationData,
    validationBatchSize = batchSize,
    shuffle = true,
  } = options;
  const { stepsPerEpoch, classWeight, sampleWeight = null } = options;
  const held = async (): Promise<(() => BatchSource) | null> => {
    if (validationData === undefined) return null;
    if (isStream(validationData)) return () => new StreamSource(model, validationData);
    const [vx, vy, weight] = validationData;
    return inOrderSource(await samplesFor(model, vx, vy, weight ?? null), validationBatchSize);
  };
  if (isStream(x)) {
    for (const [name, given] of Object.entries({
      y,
      validationSplit: validationSplit || null,
      sampleWeight,
      classWeight,
    })) {
      if (given != null)
        throw new ConfigError(
          `fit: with batches from an iterable, ${name} cannot be given; the batches are [x, y, sampleWeight]`,
        );
    }
    return { source: new StreamSource(model, x), validation: await held() };
  }
  if (y === null) throw new ConfigError('fit: there are no targets; give fit(x, y)');
  let samples = await samplesFor(model, x, y, sampleWeight);
  let validation = await held();
  if (validationSplit > 0 && validation === null) {
    const [train, tail] = splitTail(samples, validationSplit);
    const apart = classesApart(train.targets[0], tail.targets[0]);
    if (apart) model.warn(apart);
    samples = train;
    validation = inOrderSource(tail, validationBatchSize);
  }
  if (classWeight) samples = withClassWeight(samples, classWeight, model);
  const { progress } = model;
  // An epoch of all the data begins at its beginning, wherever the one before ended.
  const position =
    stepsPerEpoch === undefined && progress.position.batch > 0
      ? { epoch: progress.position.epoch + 1, batch: 0 }
      : progress.position;
  const source = new ArraySource(samples, {
    batch: batchSize,
    seed: model.seed,
    shuffle,
    position,
    stops: stepsPerEpoch === undefined,
  });
  return { source, validation };
}

const inOrderSource = (samples: Samples, batch: number) => (): BatchSource =>
  new ArraySource(samples, { batch, seed: 0, shuffle: false, position: { epoch: 0, batch: 0 }, stops: true });

/** Trains a model; see `Model.fit`. */
export async function fitModel(
  model: Model<unknown>,
  x: FitData,
  y: ModelData | null,
  options: FitOptions,
): Promise<History> {
  requireFit(options);
  const { epochs = 1, initialEpoch = 0, stepsPerEpoch = null, validationFreq = 1, validationSteps = null } = options;
  const { compiled, progress } = model;
  const { source, validation } = await fitData(model, x, y, options);
  const first = source instanceof StreamSource ? await source.next() : null;
  const trainer = await Trainer.of(model);
  const verbose = options.verbose === 'auto' || options.verbose === undefined ? 1 : options.verbose;
  const history = newHistory();
  const own = verbose > 0 ? [progressBar({ log: options.log, lines: verbose === 2 })] : [];
  let stopped = false;
  const names = trainer.meters.names;
  const context: FitContext = {
    model,
    epochs,
    steps: stepsPerEpoch ?? source.steps,
    verbose,
    metrics: [...names, ...(validation ? names.map((name) => `val_${name}`) : [])],
    stopTraining() {
      stopped = true;
    },
  };
  const callbacks = new CallbackList([history, ...(options.callbacks ?? []), ...own], context);
  const isDue = (epoch: number): boolean =>
    typeof validationFreq === 'number' ? (epoch + 1) % validationFreq === 0 : validationFreq.includes(epoch + 1);
  await callbacks.begin(initialEpoch > 0 && initialEpoch === progress.epoch ? progress.callbacks : {});
  let logs: Logs = {};
  let waiting: Promise<Batch | null> | Batch | null = first;
  let breathed = performance.now();
  try {
    for (let epoch = initialEpoch; epoch < epochs && !stopped; epoch++) {
      await callbacks.each((one) => one.onEpochBegin?.(epoch, context));
      trainer.meters.reset();
      for (let step = 0; !stopped && (stepsPerEpoch === null || step < stepsPerEpoch); step++) {
        const batch: Batch | null = await (waiting ?? source.next());
        waiting = null;
        if (batch === null) {
          source.restart();
          if (stepsPerEpoch === null || step === 0) break;
          step--;
          continue;
        }
        // Read while the device computes.
        const after = source instanceof ArraySource ? source.position : null;
        await callbacks.each((one) => one.onTrainBatchBegin?.(step, context));
        try {
          await trainer.train(batch);
        } catch (error) {
          if (!(error instanceof DivergenceError)) throw error;
          compiled.optimizer.undo();
          if (!(await callbacks.endsQuietly(error))) throw error;
          stopped = true;
        }
        if (after) progress.position = after;
        logs = trainer.meters.logs();
        await callbacks.each((one) => one.onTrainBatchEnd?.(step, logs, context));
        if (performance.now() - breathed > 20) {
          await breathe();
          breathed = performance.now();
        }
      }
      if (source instanceof ArraySource && stepsPerEpoch === null) source.restart();
      if (validation && isDue(epoch)) {
        await callbacks.each((one) => one.onTestBegin?.(context));
        const found = await evaluateSource(model, validation(), validationSteps);
        logs = { ...logs, ...Object.fromEntries(Object.entries(found).map(([name, value]) => [`val_${name}`, value])) };
        await callbacks.each((one) => one.onTestEnd?.(found, context));
      }
      progress.epoch = epoch + 1;
      await callbacks.epochEnd(epoch, logs, (states) => {
        progress.callbacks = states;
      });
    }
  } finally {
    if (source instanceof StreamSource) await source.close();
  }
  await callbacks.each((one) => one.onTrainEnd?.(logs, context));
  progress.callbacks = callbacks.states();
  return history;
}

/** Makes updates of a model, and measures. */
class Trainer {
  readonly meters: Meters;
  readonly #model: Model<unknown>;
  readonly #updates: Updates;
  #batch: Batch | null = null;
  #reading: Promise<{ losses: ArrayLike<number>[]; metrics: ArrayLike<number>[][] }> | null = null;
  #taken: ReturnType<typeof lossOf> | null = null;

  static async of(model: Model<unknown>): Promise<Trainer> {
    const { compiled } = model;
    await model.store.open();
    const parameters = model.store.parameters();
    compiled.optimizer.attach(parameters);
    return new Trainer(model);
  }

  constructor(model: Model<unknown>) {
    const { compiled, store, progress } = model;
    const { device } = store;
    this.#model = model;
    const plans = compiled.plansFor(
      model.outputNames,
      model.graph.outputs.map(({ shape }) => shape),
    );
    if (!plans.some(({ loss }) => loss))
      throw new ConfigError('fit: there is no loss to train on; give one to compile');
    this.meters = new Meters(plans);
    const constraints = model.placedWeights().filter(({ weight, trainable }) => weight.constraint && trainable);
    const { optimizer } = compiled;
    const learner = {
      parameters: store.parameters(),
      readsAhead: false,
      nextBatch: () => ({ items: this.#batch!.rows }),
      loss: (_batch: unknown, context: Parameters<typeof lossOf>[3]): Tensor => {
        const result = lossOf(model, plans, this.#batch!, context);
        this.#taken = result;
        this.#reading = device.read(() => result.read) as never;
        return result.total;
      },
    };
    const updater = {
      update({ loss }: { readonly loss?: Tensor | undefined }): { norm: Tensor } {
        const done = optimizer.update({ loss });
        device.withoutGradients(() =>
          device.scope(() => {
            for (const { weight } of constraints)
              device.backend.copy(constrained(weight.constraint!, weight.value), weight.value);
          }),
        );
        return done;
      },
    };
    const options = {
      get learningRate(): number {
        return optimizer.learningRate;
      },
    };
    this.#updates = new Updates(learner as never, updater, progress.random, options);
  }

  async train(batch: Batch): Promise<void> {
    this.#batch = batch;
    const { compiled } = this.#model;
    const { loss } = await this.#updates.make(compiled.optimizer.iterations + 1, compiled.optimizer.learningRate, true);
    this.meters.count(batch, loss, await this.#reading!, this.#taken!);
  }
}

/** The loss and metrics of a batch; see `Model.trainOnBatch`. */
export async function trainBatch(
  model: Model<unknown>,
  x: ModelData,
  y: ModelData,
  sampleWeight: ModelData | null,
): Promise<Logs> {
  const samples = await samplesFor(model, x, y, sampleWeight);
  const trainer = await Trainer.of(model);
  try {
    await trainer.train({ rows: samples.count, ...samples });
  } catch (error) {
    if (error instanceof DivergenceError) model.optimizer.undo();
    throw error;
  }
  return trainer.meters.logs();
}

/** See `Model.testOnBatch`. */
export async function testBatch(
  model: Model<unknown>,
  x: ModelData,
  y: ModelData,
  sampleWeight: ModelData | null,
): Promise<Logs> {
  const samples = await samplesFor(model, x, y, sampleWeight);
  return evaluateSource(model, inOrderSource(samples, samples.count)(), null);
}

/** See `Model.evaluate`. */
export async function evaluateModel(
  model: Model<unknown>,
  x: FitData,
  y: ModelData | null,
  options: EvaluateOptions,
): Promise<Logs> {
  requireOptions<EvaluateOptions>('evaluate', options, {
    ...batchKinds,
    sampleWeight: anything,
    steps: count,
    callbacks: anything,
  });
  const { batchSize = 32, sampleWeight = null, steps = null } = options;
  if (isStream(x)) return evaluateSource(model, new StreamSource(model, x), steps);
  if (y === null) throw new ConfigError('evaluate: there are no targets; give evaluate(x, y)');
  return evaluateSource(model, inOrderSource(await samplesFor(model, x, y, sampleWeight), batchSize)(), steps);
}

async function evaluateSource(model: Model<unknown>, source: BatchSource, steps: number | null): Promise<Logs> {
  const { compiled } = model;
  const first = await source.next();
  const device = await model.store.open();
  const plans = compiled.plansFor(
    model.outputNames,
    model.graph.outputs.map(({ shape }) => shape),
  );
  const meters = new Meters(plans, true);
  let batch = first;
  for (let step = 0; batch !== null && (steps === null || step < steps); step++) {
    const current = batch;
    let taken: ReturnType<typeof lossOf> | null = null;
    const read = await device.read(() =>
      device.withoutGradients(() => {
        taken = lossOf(model, plans, current, inference);
        return { total: taken.total, ...taken.read };
      }),
    );
    const { total, losses, metrics } = read as unknown as {
      total: ArrayLike<number>;
      losses: ArrayLike<number>[];
      metrics: ArrayLike<number>[][];
    };
    meters.count(current, total[0], { losses, metrics }, taken!);
    batch = await source.next();
  }
  const logs = meters.logs();
  return logs;
}

/** See `Model.predict`. */
export async function predictModel(
  model: Model<unknown>,
  x: ModelData,
  { batchSize = 32 }: PredictOptions,
): Promise<unknown> {
  requireOptions<PredictOptions>('predict', { batchSize }, { batchSize: count });
  const { inputs, count: rows } = await samplesFor(model, x, null);
  const device = await model.store.open();
  const chunks: NumberArray[][] = [];
  for (let start = 0; start < rows; start += batchSize) {
    const end = Math.min(rows, start + batchSize);
    const part = inputs.map((column) => sliced(column, start, end));
    let shapes: readonly (readonly number[])[] = [];
    const read = await device.read(() =>
      device.withoutGradients(() => {
        const tensors = outputsOf(model, part, inference).map(({ tensor }) => tensor);
        shapes = tensors.map(({ shape }) => shape);
        return tensors;
      }),
    );
    chunks.push((read as unknown as ArrayLike<number>[]).map((data, i) => new NumberArray(data, shapes[i])));
  }
  const outputs = model.outputNames.map((_, i) => joinedRows(chunks.map((chunk) => chunk[i])));
  if (model.outputForm === 'one') return outputs[0];
  if (model.outputForm === 'list') return outputs;
  return Object.fromEntries(model.outputNames.map((name, i) => [name, outputs[i]]));
}

function joinedRows(parts: readonly NumberArray[]): NumberArray {
  if (parts.length === 0) return new NumberArray(new Float32Array(0), [0]);
  const Numbers = parts[0].data instanceof Float64Array ? Float64Array : Float32Array;
  const data = new Numbers(parts.reduce((total, one) => total + one.data.length, 0));
  let place = 0;
  for (const part of parts) {
    data.set(part.data, place);
    place += part.data.length;
  }
  const rows = parts.reduce((total, { shape }) => total + shape[0], 0);
  return new NumberArray(data, [rows, ...parts[0].shape.slice(1)]);
}
