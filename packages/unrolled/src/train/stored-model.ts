import { whole } from '../checks.ts';
import { ConfigError, FormatError } from '../errors.ts';
import { type Bytes, requireBytes } from '../io/bytes.ts';
import { decodeSafetensors, encodeSafetensors } from '../io/safetensors.ts';
import type { Parameters, SavedParameters } from '../nn/parameters.ts';
import { scalar } from '../schema.ts';
import { type Checkpoint, checkpointIn, modelIn, requireRead } from './checkpoint.ts';

/** A model independent of any device: its parameters and its description. Every checkpoint is one. */
export type StoredModel = Pick<Checkpoint, 'parameters' | 'model'>;

/** The model in a file. */
export interface ModelFile extends StoredModel {
  /** Steps it was trained for. */
  readonly step: number;
}

/** A stored model, or the bytes of a file of `encodeModel` or of a checkpoint. */
export type ModelSource = StoredModel | Uint8Array | ArrayBuffer;

const format = 'unrolled model 1';

export interface EncodeModelOptions {
  /** Store parameters as float16: half the bytes, nearly the same model. Default false. */
  readonly half?: boolean | undefined;
}

/**
 * A model as a safetensors file, for a page, an app or a server: a third of the size of a checkpoint with Adam. Training
 * cannot be resumed from it.
 * @throws FormatError if `half` is set and a number is too large for float16
 *
 * @example
 * writeFileSync('my.safetensors', encodeModel(await storeModel(model), { half: true }));
 */
export function encodeModel({ parameters, model, step }: ModelFile, { half = false }: EncodeModelOptions = {}): Bytes {
  const metadata = { format, step: String(step), model: JSON.stringify(model) };
  return encodeSafetensors({ tensors: parameters, metadata }, { half });
}

/** The current state of a model of any task. @param step  steps it was trained for. Default 0 */
export async function storeModel(
  model: { readonly parameters: Parameters; describe(): object },
  step = 0,
): Promise<ModelFile> {
  const description = model.describe();
  return { parameters: await model.parameters.save(), model: description, step };
}

/** The model of a checkpoint. */
export function modelOf({ parameters, model, trainer }: Checkpoint): ModelFile {
  return { parameters, model, step: trainer.step };
}

/**
 * Whether a file was written by `encodeModel`, and is not a checkpoint.
 * @throws FormatError if it is not a safetensors file
 */
export function isModelFile(file: Uint8Array | ArrayBuffer): boolean {
  return decodeSafetensors(file).metadata.format === format;
}

/** @throws FormatError if the file is damaged or holds no model; ConfigError if `file` is not bytes */
export function decodeModel(file: Uint8Array | ArrayBuffer): ModelFile {
  const content = decodeSafetensors(file);
  const { tensors, metadata, verified } = content;
  if (metadata.format !== format) return modelOf(checkpointIn(content));
  if (!verified) throw new FormatError('model: its checksum is missing; the file was altered');
  requireRead('model', content);
  const step = scalar<number>(whole())(Number(metadata.step ?? Number.NaN), 'model: step');
  return { parameters: tensors, model: modelIn(metadata), step };
}

/**
 * The model of a source.
 * @param make  makes the model from the description, and its parameters from the saved ones
 * @throws FormatError if the file is damaged or of another task; ConfigError if the source is neither bytes nor a stored
 *   model
 */
export function loadModel<Model>(
  source: ModelSource,
  task: string,
  make: (description: unknown, parameters: SavedParameters) => Model,
): Model {
  const { model, parameters } = storedModelOf(source);
  const found = taskOf({ model });
  if (found !== task) {
    throw new FormatError(`load: it holds a model of task '${found}', not '${task}'`, { found, task });
  }
  return make(model, parameters);
}

/** The name of the task that a stored model is of, at most 40 characters; 'unknown' if it names none. */
export function taskOf({ model }: Pick<StoredModel, 'model'>): string {
  const { task, tokenizer } = (model ?? {}) as { readonly task?: unknown; readonly tokenizer?: unknown };
  // Descriptions of language models do not name their task.
  const found = task ?? (tokenizer ? 'language-model' : null);
  return typeof found === 'string' ? found.slice(0, 40) : 'unknown';
}

function storedModelOf(source: ModelSource): StoredModel {
  const { parameters, model } = (source ?? {}) as Partial<StoredModel>;
  if (model === undefined) return decodeModel(requireBytes('load', source));
  const fits =
    typeof parameters === 'object' &&
    parameters !== null &&
    Object.values(parameters).every((one) => Array.isArray(one?.shape) && typeof one.data?.length === 'number');
  if (fits) return { parameters, model };
  throw new ConfigError('load: the parameters of a stored model must be { shape, data } by name; see storeModel');
}
