import { callback as callbackKind, flag, oneOf, requireOptions, text } from '../../checks.ts';
import type { Json } from '../../train/checkpoint.ts';
import type { Callback, FitContext, Logs } from './callback.ts';
import { Monitor, type MonitorOptions, monitorKinds } from './monitor.ts';

/** Functions as a callback. */
export const lambdaCallback = (hooks: Omit<Callback, 'name' | 'getState' | 'setState'>): Callback => ({
  ...hooks,
  name: 'lambdaCallback',
});

/** The numbers of each epoch, as `fit` returns them. */
export interface History extends Callback {
  readonly epoch: readonly number[];
  readonly history: Readonly<Record<string, readonly number[]>>;
}

/** Collects the numbers of each epoch; `fit` returns one of its own. */
export function history(): History {
  let epochs: number[] = [];
  let numbers: Record<string, number[]> = {};
  return {
    name: 'history',
    get epoch() {
      return epochs;
    },
    get history() {
      return numbers;
    },
    onTrainBegin() {
      [epochs, numbers] = [[], {}];
    },
    onEpochEnd(epoch: number, logs: Logs) {
      epochs.push(epoch);
      for (const [name, value] of Object.entries(logs)) numbers[name] = [...(numbers[name] ?? []), value];
    },
    getState: () => ({ epochs: [...epochs], numbers: structuredClone(numbers) }),
    setState(state: Json) {
      const saved = state as unknown as { epochs: number[]; numbers: Record<string, number[]> };
      [epochs, numbers] = [[...saved.epochs], structuredClone(saved.numbers)];
    },
  };
}

export interface CsvLoggerOptions {
  /** Receives each line, its end included: `(line) => appendFileSync('log.csv', line)`. */
  readonly write: (line: string) => void | Promise<void>;
  /** Default ','. */
  readonly separator?: string | undefined;
  /** The file goes on: no line with the names. Default false. */
  readonly append?: boolean | undefined;
}

/** The numbers of each epoch as lines of a table. */
export function csvLogger(options: CsvLoggerOptions): Callback {
  requireOptions<CsvLoggerOptions>('csvLogger', options, {
    write: { ...callbackKind, optional: false },
    separator: text,
    append: flag,
  });
  const { write, separator = ',', append = false } = options;
  let names: readonly string[] | null = null;
  return {
    name: 'csvLogger',
    onTrainBegin() {
      names = null;
    },
    async onEpochEnd(epoch: number, logs: Logs) {
      if (names === null) {
        names = Object.keys(logs);
        if (!append) await write(`${['epoch', ...names].join(separator)}\n`);
      }
      await write(`${[epoch, ...names.map((name) => logs[name] ?? 'NA')].join(separator)}\n`);
    },
    getState: () => names,
    setState(state: Json) {
      names = state as readonly string[] | null;
    },
  };
}

export interface ModelCheckpointOptions extends MonitorOptions {
  /** Receives the file: `(file, epoch) => writeFileSync('best.safetensors', file)`. */
  readonly save: (file: Uint8Array, epoch: number, logs: Logs) => void | Promise<void>;
  /** Only when the watched number is the best so far. Default false. */
  readonly saveBestOnly?: boolean | undefined;
  /** The model without the state of the optimizer and of callbacks. Default false. */
  readonly saveWeightsOnly?: boolean | undefined;
  /** After each epoch, or after so many batches. Default 'epoch'. */
  readonly saveFreq?: 'epoch' | number | undefined;
}

/** Saves the model during training. */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  requireOptions<ModelCheckpointOptions>('modelCheckpoint', options, {
    ...monitorKinds,
    save: { ...callbackKind, optional: false },
    saveBestOnly: flag,
    saveWeightsOnly: flag,
    saveFreq: {
      ...oneOf(['epoch']),
      must: "'epoch' or a number of batches",
      fits: (n) => n === 'epoch' || (n as number) >= 1,
    },
  });
  const { save, saveBestOnly = false, saveWeightsOnly = false, saveFreq = 'epoch' } = options;
  const monitor = new Monitor(options);
  let best: number | null = null;
  let batches = 0;
  let epochNow = 0;
  const write = async (epoch: number, logs: Logs, { model }: FitContext): Promise<void> => {
    if (saveBestOnly) {
      const value = monitor.of('modelCheckpoint', logs);
      if (!monitor.isBetter(value, best)) return;
      best = value;
    }
    await save(await model.save({ includeOptimizer: !saveWeightsOnly }), epoch, logs);
  };
  return {
    name: 'modelCheckpoint',
    saves: true,
    onTrainBegin() {
      [best, batches] = [null, 0];
    },
    onEpochBegin(epoch: number) {
      epochNow = epoch;
    },
    async onTrainBatchEnd(_batch: number, logs: Logs, fit: FitContext) {
      batches++;
      if (saveFreq !== 'epoch' && batches % saveFreq === 0) await write(epochNow, logs, fit);
    },
    async onEpochEnd(epoch: number, logs: Logs, fit: FitContext) {
      if (saveFreq === 'epoch') await write(epoch, logs, fit);
    },
    getState: () => ({ best, batches }),
    setState(state: Json) {
      ({ best, batches } = state as { best: number | null; batches: number });
    },
  };
}
