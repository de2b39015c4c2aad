import { flag, number, whole } from '../checks.ts';
import { FormatError } from '../errors.ts';
import type { Bytes } from '../io/bytes.ts';
import { decodeSafetensors, encodeSafetensors, type NamedArray, type SafetensorsFile } from '../io/safetensors.ts';
import type { RandomState } from '../random.ts';
import { listOf, mismatch, nullable, objectOf, optional, type Schema, scalar } from '../schema.ts';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Everything needed to resume a run exactly, independent of any device. */
export interface Checkpoint {
  /** The model's parameters by name. */
  readonly parameters: Readonly<Record<string, NamedArray>>;
  /** The optimizer's state. */
  readonly optimizer: Readonly<Record<string, NamedArray>>;
  /** Tensors the task carries from step to step, such as hidden states. */
  readonly carried: Readonly<Record<string, NamedArray>>;
  readonly trainer: TrainerState;
  /** The task's own state, such as its position in the text. */
  readonly task: Json;
  /** The model's description: configuration, vocabulary. Plain data, typed as its task describes it. */
  readonly model: object;
}

export interface TrainerState {
  readonly step: number;
  readonly secondsElapsed: number;
  readonly random: RandomState;
  readonly validationLoss: number | null;
  readonly bestValidationLoss: number | null;
  /** The measure the best checkpoint minimises, where it is not the loss; see `Validation`. */
  readonly bestCost?: number | null;
  /** Whether the validation after this step was interrupted and is still to be made. */
  readonly validationOwed?: boolean;
  /** Loss of the first step; it is the reference for divergence if a task has no chance level. */
  readonly firstLoss?: number | null;
  /** Losses, clipped steps and steps since the last progress event. */
  readonly sinceProgress: { readonly loss: number; readonly clipped: number; readonly steps: number };
}

const finite = scalar<number>(number());
const randomState: Schema<RandomState> = (value, place) => {
  const words = listOf(scalar<number>(whole({})))(value, place);
  if (words.length !== 4) throw mismatch(place, 'four whole numbers', value);
  return words as unknown as RandomState;
};

const trainerState = objectOf<TrainerState>({
  step: scalar(whole()),
  secondsElapsed: scalar(number({ from: 0 })),
  random: randomState,
  validationLoss: nullable(finite),
  bestValidationLoss: nullable(finite),
  bestCost: optional(nullable(finite)),
  validationOwed: optional(scalar<boolean>(flag)),
  firstLoss: optional(nullable(finite)),
  sinceProgress: objectOf<TrainerState['sinceProgress']>({
    loss: finite,
    clipped: scalar(whole()),
    steps: scalar(whole()),
  }),
});

const format = 'unrolled checkpoint 1';
const parts = ['optimizer', 'carried'] as const;

/** A checkpoint as a safetensors file. Parameters keep their names, so that it opens in Python as it is. */
export function encodeCheckpoint(checkpoint: Checkpoint): Bytes {
  const prefixed = parts.flatMap((part) =>
    Object.entries(checkpoint[part]).map(([name, array]) => [`${part}:${name}`, array] as const),
  );
  const tensors = Object.fromEntries([...Object.entries(checkpoint.parameters), ...prefixed]);
  const { trainer, task, model } = checkpoint;
  return encodeSafetensors({
    tensors,
    metadata: {
      format,
      trainer: JSON.stringify(trainer),
      task: JSON.stringify(task),
      model: JSON.stringify(model),
    },
  });
}

/** @throws FormatError if the file is damaged or not a checkpoint; ConfigError if `file` is not bytes */
export function decodeCheckpoint(file: Uint8Array | ArrayBuffer): Checkpoint {
  return checkpointIn(decodeSafetensors(file));
}

/** The checkpoint in a decoded file. */
export function checkpointIn(file: SafetensorsFile): Checkpoint {
  const { tensors, metadata, verified } = file;
  if (metadata.format !== format) {
    const found = metadata.format === undefined ? 'tensors, but no training state' : metadata.format.slice(0, 60);
    throw new FormatError(`checkpoint: the file holds ${found}; expected ${format}`, { format: metadata.format });
  }
  if (!verified) throw new FormatError('checkpoint: its checksum is missing; the file was altered');
  requireRead('checkpoint', file);
  const all = Object.entries(tensors);
  const isOf = (part: string, name: string): boolean => name.startsWith(`${part}:`);
  const group = (part: string): Checkpoint['carried'] =>
    Object.fromEntries(
      all.filter(([name]) => isOf(part, name)).map(([name, array]) => [name.slice(part.length + 1), array]),
    );
  return {
    parameters: Object.fromEntries(all.filter(([name]) => !parts.some((part) => isOf(part, name)))),
    optimizer: group('optimizer'),
    carried: group('carried'),
    trainer: trainerState(jsonIn(metadata, 'trainer'), 'checkpoint: trainer'),
    task: jsonIn(metadata, 'task'),
    model: modelIn(metadata),
  };
}

/** @throws FormatError if a tensor of the file has a type that models do not have */
export function requireRead(what: string, { unread }: SafetensorsFile): void {
  const [odd] = Object.entries(unread);
  if (!odd) return;
  const [name, { dtype }] = odd;
  throw new FormatError(`${what}: tensor '${name.slice(0, 60)}' has type ${dtype.slice(0, 20)}, which no model has`, {
    name,
    dtype,
  });
}

/** The model's description. @throws FormatError if there is none */
export function modelIn(metadata: SafetensorsFile['metadata']): object {
  const model = jsonIn(metadata, 'model');
  if (typeof model === 'object' && model !== null) return model;
  throw mismatch('model', 'an object', model);
}

/** @throws FormatError if that part of the metadata is not JSON */
function jsonIn(metadata: SafetensorsFile['metadata'], key: string): Json {
  try {
    return JSON.parse(metadata[key]);
  } catch {
    throw new FormatError(`safetensors: its ${key} part is not JSON; the file was altered`, { key });
  }
}
