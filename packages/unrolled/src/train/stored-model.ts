import { FormatError } from '../errors.ts';
import { type Bytes, decodeSafetensors, encodeSafetensors } from '../io/safetensors.ts';
import type { Parameters } from '../nn/parameters.ts';
import { type Checkpoint, checkpointIn, type Json, jsonIn } from './checkpoint.ts';

/** A model away from any device: its numbers, and what it is made from. A checkpoint has both, and much more. */
export type StoredModel = Pick<Checkpoint, 'parameters' | 'model'>;

/** What a file holds of a model. */
export interface ModelFile extends StoredModel {
  /** The updates it was trained for. */
  readonly step: number;
}

/** A stored model, or a file with one: of `encodeModel`, or a checkpoint. */
export type ModelSource = StoredModel | Uint8Array | ArrayBuffer;

const format = 'unrolled model 1';

export interface EncodeModelOptions {
  /** Keep numbers as float16: half the bytes, and the model nearly the same. Default false. */
  readonly half?: boolean;
}

/**
 * A model as a safetensors file, to be put into a page, an app or a server: a third of a checkpoint of Adam, from which
 * training could go on.
 * @throws FormatError where `half` has no room for a number
 *
 * @example
 * writeFileSync('my.safetensors', encodeModel(storeModel(model), { half: true }));
 */
export function encodeModel({ parameters, model, step }: ModelFile, { half = false }: EncodeModelOptions = {}): Bytes {
  const metadata = { format, step: String(step), model: JSON.stringify(model) };
  return encodeSafetensors({ tensors: parameters, metadata }, { half });
}

/** Any of the tasks' models, as it is now, after so many updates. */
export function storeModel(model: { readonly parameters: Parameters; describe(): unknown }, step = 0): ModelFile {
  return { parameters: model.parameters.save(), model: model.describe() as Json, step };
}

/** The model alone of a checkpoint. */
export function modelOf({ parameters, model, trainer }: Checkpoint): ModelFile {
  return { parameters, model, step: trainer.step };
}

/**
 * Whether a file is of `encodeModel`, and no checkpoint.
 * @throws FormatError if it is no safetensors file
 */
export function isModelFile(file: Uint8Array): boolean {
  return decodeSafetensors(file).metadata.format === format;
}

/** @throws FormatError if the file is damaged, or holds no model */
export function decodeModel(file: Uint8Array): ModelFile {
  const content = decodeSafetensors(file);
  const { tensors, metadata, verified } = content;
  if (metadata.format !== format) return modelOf(checkpointIn(content));
  if (!verified) throw new FormatError('model: its checksum is missing; the file was altered');
  return { parameters: tensors, model: jsonIn(metadata, 'model'), step: Number(metadata.step) };
}

/**
 * The model of a file: `make` builds it from what the file says of it, and its parameters are loaded.
 * @param names  what the description of a model of this task has to hold
 * @throws FormatError if the file is damaged, or of another task
 */
export function loadModel<Description, Model extends { readonly parameters: Parameters }>(
  source: ModelSource,
  task: string,
  names: readonly (keyof Description & string)[],
  make: (description: Description) => Model,
): Model {
  const file = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
  const stored = file instanceof Uint8Array ? decodeModel(file) : file;
  const description = stored.model as (Record<string, unknown> & { task?: string }) | null;
  // Those of language models do not name their task.
  const found = description?.task ?? (description?.tokenizer ? 'language-model' : 'unknown');
  if (found !== task || !names.every((name) => description?.[name] !== undefined)) {
    throw new FormatError(`load: it holds a model of task '${found}', not '${task}'`, { found, task });
  }
  const model = make(description as Description);
  model.parameters.load(stored.parameters);
  return model;
}
