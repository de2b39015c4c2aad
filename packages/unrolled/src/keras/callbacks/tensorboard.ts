import { callback as callbackKind, oneOf, requireOptions } from '../../checks.ts';
import type { Json } from '../../train/checkpoint.ts';
import type { Callback, FitContext, Logs } from './callback.ts';
import { encodeEvent, encodeRecord } from './event-file.ts';

/** Where event files go. */
export interface EventSink {
  /** Adds bytes to the file of this name: `appendFileSync(join(folder, file), bytes)`. */
  append(file: string, bytes: Uint8Array): void | Promise<void>;
}

export interface TensorBoardOptions {
  readonly sink: EventSink;
  /** Write the loss and the metrics after each epoch, or after so many batches too. Default 'epoch'. */
  readonly updateFreq?: 'epoch' | 'batch' | number | undefined;
  /** Seconds since 1970. Default: the clock. */
  readonly clock?: (() => number) | undefined;
}

/**
 * Writes what TensorBoard shows: files `train/events.out.tfevents.…` and `validation/events.out.tfevents.…` with the scalars
 * `epoch_loss`, `epoch_accuracy`, `epoch_learning_rate`, … by epoch, and with `updateFreq` `batch_loss`, … by batch.
 *
 * @example
 * const sink = { append(file, bytes) {
 *   mkdirSync(dirname(join('logs', file)), { recursive: true });
 *   appendFileSync(join('logs', file), bytes);
 * } };
 * await model.fit(x, y, { callbacks: [tensorBoard({ sink })] });   // tensorboard --logdir logs
 */
export function tensorBoard(options: TensorBoardOptions): Callback {
  requireOptions<TensorBoardOptions>('tensorBoard', options, {
    sink: {
      must: 'an object with append(file, bytes)',
      fits: (value) => callbackKind.fits((value as EventSink)?.append),
      optional: false,
    },
    updateFreq: {
      ...oneOf(['epoch', 'batch']),
      must: "'epoch', 'batch' or a number of batches",
      fits: (value) => value === 'epoch' || value === 'batch' || (Number.isInteger(value) && (value as number) > 0),
    },
    clock: callbackKind,
  });
  const { sink, updateFreq = 'epoch', clock = () => Date.now() / 1000 } = options;
  const every = updateFreq === 'epoch' ? 0 : updateFreq === 'batch' ? 1 : updateFreq;
  const begun = new Set<string>();
  const stamp = Math.floor(clock());
  let batches = 0;
  const write = async (part: string, step: number, scalars: Readonly<Record<string, number>>): Promise<void> => {
    const file = `${part}/events.out.tfevents.${stamp}.unrolled`;
    const records = begun.has(part) ? [] : [encodeEvent({ wallTime: clock(), fileVersion: 'brain.Event:2' })];
    begun.add(part);
    if (Object.keys(scalars).length > 0) records.push(encodeEvent({ wallTime: clock(), step, scalars }));
    for (const record of records) await sink.append(file, encodeRecord(record));
  };
  return {
    name: 'tensorBoard',
    async onTrainBatchEnd(_batch: number, logs: Logs) {
      batches++;
      if (every === 0 || batches % every !== 0) return;
      await write(
        'train',
        batches,
        Object.fromEntries(Object.entries(logs).map(([name, value]) => [`batch_${name}`, value])),
      );
    },
    async onEpochEnd(epoch: number, logs: Logs, { model }: FitContext) {
      const all = Object.entries(logs);
      const isHeld = (name: string): boolean => name.startsWith('val_');
      const train = all.filter(([name]) => !isHeld(name)).map(([name, value]) => [`epoch_${name}`, value] as const);
      const held = all
        .filter(([name]) => isHeld(name))
        .map(([name, value]) => [`epoch_${name.slice(4)}`, value] as const);
      await write('train', epoch, { ...Object.fromEntries(train), epoch_learning_rate: model.optimizer.learningRate });
      if (held.length > 0) await write('validation', epoch, Object.fromEntries(held));
    },
    getState: () => batches,
    setState(state: Json) {
      batches = state as number;
    },
  };
}
