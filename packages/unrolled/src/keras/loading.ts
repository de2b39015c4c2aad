import { flag, number, requireOptions, text as textKind, whole } from '../checks.ts';
import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import { decodeSafetensors } from '../io/safetensors.ts';
import { Random } from '../random.ts';
import { nullable, objectOf, type Schema, scalar } from '../schema.ts';
import type { Device } from '../tensor/device.ts';
import { type Checkpoint, checkpointIn, type Json } from '../train/checkpoint.ts';
import { decodeModel, taskOf } from '../train/stored-model.ts';
import type { Model, OutputForm } from './model.ts';
import { type CustomObjects, modelFrom } from './registry.ts';
import type { SavedDescription } from './saving.ts';
import type { SymbolicTensor } from './symbolic.ts';
import type { CompileOptions } from './training/compile.ts';
import type { CallbackState } from './training/progress.ts';

export interface LoadOptions extends CustomObjects {
  readonly device?: Device | undefined;
  /** Whether to compile the model as it was. Default true. */
  readonly compile?: boolean | undefined;
}

interface SavedTask {
  readonly position: { readonly epoch: number; readonly batch: number };
  readonly epoch: number;
  readonly optimizer: {
    readonly iterations: number;
    readonly product: number;
    readonly learningRate: number | null;
  } | null;
  readonly callbacks: object;
}

const count: Schema<number> = scalar(whole());
const anyObject: Schema<object> = scalar({
  must: 'an object',
  fits: (value) => typeof value === 'object' && value !== null,
});
const savedTask = objectOf<SavedTask>({
  position: objectOf<SavedTask['position']>({ epoch: count, batch: count }),
  epoch: count,
  optimizer: nullable(
    objectOf<NonNullable<SavedTask['optimizer']>>({
      iterations: count,
      product: scalar(number()),
      learningRate: nullable(scalar<number>(number({ from: 0 }))),
    }),
  ),
  callbacks: anyObject,
});

const description = objectOf<SavedDescription>({
  task: scalar<'keras'>(textKind),
  config: anyObject,
  compile: nullable(anyObject),
});

/**
 * Loads a file that `Model.save` wrote. The model is compiled as before, and `fit` with `initialEpoch` resumes to the same bits.
 * @param options  layers and cells of your own that it has; a device
 * @throws FormatError if the file is damaged or holds another kind of model; ConfigError if its configuration cannot work
 *
 * @example
 * const model = loadModel(readFileSync('my.safetensors'));
 * await model.fit(x, y, { initialEpoch: 5, epochs: 10 });
 */
export function loadModel<Out extends OutputForm = SymbolicTensor>(
  file: Uint8Array | ArrayBuffer,
  options: LoadOptions = {},
): Model<Out> {
  requireOptions<LoadOptions>('loadModel', options, {
    device: { must: 'a device', fits: (value) => typeof value === 'object' },
    compile: flag,
    layers: { must: 'functions by name', fits: (value) => typeof value === 'object' },
    cells: { must: 'a list of cells', fits: Array.isArray },
  });
  const { parameters, model: described } = decodeModel(file);
  const task = taskOf({ model: described });
  if (task !== 'keras')
    throw new FormatError(`loadModel: the file holds a model of task '${task}'; load it by that task`, { task });
  const { config, compile } = description(described, 'model');
  const { device } = options;
  const model = modelFrom<Out>(config, options, device ? { device } : {});
  model.setWeightsByPath(parameters);
  if (options.compile === false) return model;
  if (compile) model.compile(compile as CompileOptions);
  const content = decodeSafetensors(file);
  if (content.metadata.format === 'unrolled checkpoint 1') restore(model, checkpointIn(content));
  return model;
}

function restore(
  model: Pick<Model<unknown>, 'progress' | 'isCompiled' | 'optimizer' | 'store'>,
  { carried, task, trainer, optimizer }: Checkpoint,
): void {
  const saved = savedTask(task, 'model: training');
  const { progress } = model;
  progress.random = new Random(trainer.random);
  progress.position = saved.position;
  progress.epoch = saved.epoch;
  progress.callbacks = callbackStates(saved.callbacks, carried);
  if (saved.optimizer && model.isCompiled) model.optimizer.restore(saved.optimizer, optimizer);
  model.store.restoreStates(statesIn(carried));
}

function callbackStates(states: object, carried: Checkpoint['carried']): Readonly<Record<string, CallbackState>> {
  return Object.fromEntries(
    Object.entries(states).map(([key, state]) => {
      const prefix = `callback:${key}:`;
      const own = Object.entries(carried).filter(([name]) => name.startsWith(prefix));
      return [
        key,
        {
          state: state as Json,
          arrays: Object.fromEntries(own.map(([name, array]) => [name.slice(prefix.length), array])),
        },
      ];
    }),
  );
}

/** States that layers carry, by path, each a list. */
function statesIn(carried: Checkpoint['carried']): Readonly<Record<string, readonly NamedArray[]>> {
  const found: Record<string, NamedArray[]> = {};
  for (const [name, array] of Object.entries(carried)) {
    const [, place, path] = /^state:(\d+):(.*)$/.exec(name) ?? [];
    if (path === undefined) continue;
    found[path] ??= [];
    found[path][Number(place)] = array;
  }
  return found;
}
