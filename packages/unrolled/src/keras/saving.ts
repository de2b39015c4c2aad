import { flag, requireOptions } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { encodeCheckpoint, type Json } from '../train/checkpoint.ts';
import { encodeModel } from '../train/stored-model.ts';
import type { Model } from './model.ts';
import type { CompileOptions } from './training/compile.ts';

export interface SaveOptions {
  /** Also what `compile` was given, and the state of optimizer, callbacks and carried states. Default true. */
  readonly includeOptimizer?: boolean | undefined;
}

/** What the description of a model in a file has. */
export interface SavedDescription {
  readonly task: 'keras';
  readonly config: object;
  readonly compile: CompileOptions | null;
}

/** See `Model.save`. */
export async function saveModel(model: Model<unknown>, options: SaveOptions): Promise<Uint8Array> {
  requireOptions<SaveOptions>('save', options, { includeOptimizer: flag });
  const { includeOptimizer = true } = options;
  const compiled = includeOptimizer && model.isCompiled ? model.compiled : null;
  const parameters = await model.weightsByPath();
  const config = model.config;
  requirePlain('the model', config);
  if (compiled) requirePlain('compile', compiled.options);
  const description: SavedDescription = { task: 'keras', config, compile: compiled?.options ?? null };
  if (!includeOptimizer) return encodeModel({ parameters, model: description, step: 0 });
  const { progress } = model;
  const optimizer = compiled ? await named(compiled.optimizer.memory) : {};
  const carried: Record<string, NamedArray> = {};
  for (const [path, { tensors }] of Object.entries(model.carried(''))) {
    for (const [i, tensor] of (tensors ?? []).entries())
      carried[`state:${i}:${path}`] = { shape: tensor.shape, data: await tensor.read() };
  }
  for (const [key, { arrays }] of Object.entries(progress.callbacks)) {
    for (const [name, array] of Object.entries(arrays)) carried[`callback:${key}:${name}`] = array;
  }
  return encodeCheckpoint({
    parameters,
    optimizer,
    carried,
    trainer: {
      step: compiled?.optimizer.iterations ?? 0,
      secondsElapsed: 0,
      random: progress.random.state,
      validationLoss: null,
      bestValidationLoss: null,
      sinceProgress: { loss: 0, clipped: 0, steps: 0 },
    },
    task: {
      position: { epoch: progress.position.epoch, batch: progress.position.batch },
      epoch: progress.epoch,
      optimizer: (compiled?.optimizer.state ?? null) as Json,
      callbacks: Object.fromEntries(Object.entries(progress.callbacks).map(([key, { state }]) => [key, state])),
    },
    model: description,
  });
}

/** @throws ConfigError if a function is in it, which no file can hold */
function requirePlain(place: string, value: unknown, path = ''): void {
  if (typeof value === 'function') {
    throw new ConfigError(
      `save: ${place} has a function of your own${path ? ` (${path})` : ''}, which a file cannot hold; save({ includeOptimizer: false }) and ` +
        'compile again after loading',
      { place, path },
    );
  }
  if (typeof value !== 'object' || value === null) return;
  if ('toJSON' in value) return;
  for (const [name, one] of Object.entries(value)) requirePlain(place, one, path ? `${path}.${name}` : name);
}

async function named(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, NamedArray>> {
  const entries = await Promise.all(
    Object.entries(tensors).map(
      async ([name, tensor]) => [name, { shape: tensor.shape, data: await tensor.read() }] as const,
    ),
  );
  return Object.fromEntries(entries);
}
