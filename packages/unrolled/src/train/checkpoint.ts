import { FormatError } from '../errors.ts';
import {
  type Bytes,
  decodeSafetensors,
  encodeSafetensors,
  type NamedArray,
  type SafetensorsFile,
} from '../io/safetensors.ts';
import type { RandomState } from '../random.ts';

/** Plain data that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Everything a run needs to go on as if it had never stopped, away from any device. */
export interface Checkpoint {
  /** The model's parameters under their own names. */
  readonly parameters: Readonly<Record<string, NamedArray>>;
  /** What the optimizer keeps per parameter. */
  readonly optimizer: Readonly<Record<string, NamedArray>>;
  /** What the task carries from step to step, such as hidden states. */
  readonly carried: Readonly<Record<string, NamedArray>>;
  readonly trainer: TrainerState;
  /** The task's own state, such as its position in the text. */
  readonly task: Json;
  /** What made the model: configuration, vocabulary. */
  readonly model: Json;
}

export interface TrainerState {
  readonly step: number;
  readonly secondsElapsed: number;
  readonly random: RandomState;
  readonly validationLoss: number | null;
  readonly bestValidationLoss: number | null;
  /** What the best checkpoint is chosen by, where it is not the loss; see `Validation`. */
  readonly bestCost?: number | null;
  /** Whether the validation after this step was interrupted and has yet to be made. */
  readonly validationOwed?: boolean;
  /** Loss of the first step; it tells divergence from mere failure where a task has no chance level. */
  readonly firstLoss?: number | null;
  /** Losses, clipped steps and steps since the last progress event. */
  readonly sinceProgress: { readonly loss: number; readonly clipped: number; readonly steps: number };
}

const format = 'unrolled checkpoint 1';
const parts = ['optimizer', 'carried'] as const;

/** A checkpoint as a safetensors file; parameters keep their plain names, so it opens in Python as it is. */
export function encodeCheckpoint(checkpoint: Checkpoint): Bytes {
  const tensors: Record<string, NamedArray> = { ...checkpoint.parameters };
  for (const part of parts) {
    for (const [name, array] of Object.entries(checkpoint[part])) tensors[`${part}:${name}`] = array;
  }
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

/** @throws FormatError if the file is damaged, or is no checkpoint */
export function decodeCheckpoint(file: Uint8Array): Checkpoint {
  return checkpointIn(decodeSafetensors(file));
}

/** The checkpoint that a file turned out to hold. */
export function checkpointIn({ tensors, metadata, verified }: SafetensorsFile): Checkpoint {
  if (metadata.format !== format) {
    throw new FormatError(
      `checkpoint: the file holds ${metadata.format ?? 'tensors, but no training state'}; expected ${format}`,
      { format: metadata.format },
    );
  }
  if (!verified) throw new FormatError('checkpoint: its checksum is missing; the file was altered');
  const groups: Record<string, Record<string, NamedArray>> = { parameters: {}, optimizer: {}, carried: {} };
  for (const [name, array] of Object.entries(tensors)) {
    const part = parts.find((one) => name.startsWith(`${one}:`));
    groups[part ?? 'parameters'][part ? name.slice(part.length + 1) : name] = array;
  }
  return {
    parameters: groups.parameters,
    optimizer: groups.optimizer,
    carried: groups.carried,
    trainer: jsonIn(metadata, 'trainer') as unknown as TrainerState,
    task: jsonIn(metadata, 'task'),
    model: jsonIn(metadata, 'model'),
  };
}

/** @throws FormatError if that part of the metadata is not JSON */
export function jsonIn(metadata: SafetensorsFile['metadata'], key: string): Json {
  try {
    return JSON.parse(metadata[key]);
  } catch {
    throw new FormatError(`safetensors: its ${key} part is not JSON; the file was altered`, { key });
  }
}
