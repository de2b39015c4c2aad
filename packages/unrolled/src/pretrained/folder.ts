import { shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import { decodePytorch, isPytorch, stateDictOf } from '../io/pytorch/decode.ts';
import { decodeSafetensors, type NamedArray } from '../io/safetensors.ts';

/** The files of a published model, wherever they are: a folder, or what a page fetched. */
export interface ModelFolder {
  /** Of the files, without a path. */
  readonly names: readonly string[];
  /** The content of one of them. */
  read(name: string): Uint8Array;
}

export type Tensors = Readonly<Record<string, NamedArray>>;

/** The weights of a model, by the names in its files. */
export interface Weights {
  readonly tensors: Tensors;
  /** Those of types that are not read. */
  readonly unread: readonly string[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws FormatError if the file is no object of JSON */
export function readJson(folder: ModelFolder, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(folder.read(name)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(`${name}: it is not JSON; the file is damaged`, {}, { cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new FormatError(`${name}: it must hold an object, received ${shown(value)}`);
}

/** Names of files with weights, in the order in which they are looked for; shards have an index beside them. */
const single = ['model.safetensors', 'pytorch_model.bin', 'model.pt', 'pytorch_model.pt', 'model.pth'] as const;
const indices = ['model.safetensors.index.json', 'pytorch_model.bin.index.json'] as const;

/**
 * The weights in a folder: of one file, or of shards that an index lists.
 * @throws FormatError if there are none, a shard is missing, or a file is damaged
 */
export function readWeights(folder: ModelFolder): Weights {
  const has = (name: string): boolean => folder.names.includes(name);
  const [one] = single.filter(has);
  if (one !== undefined) return weightsOf(folder, one);
  const [index] = indices.filter(has);
  if (index !== undefined) return shardsOf(folder, index);
  const others = folder.names.filter((name) => /\.(safetensors|pt|pth)$/.test(name));
  if (others.length === 1) return weightsOf(folder, others[0]);
  throw new FormatError(
    `weights: the folder has ${others.length === 0 ? 'no' : 'more than one'} file of weights; ` +
      `expected ${[...single.slice(0, 2), ...indices].join(', ')}`,
    { names: folder.names },
  );
}

function shardsOf(folder: ModelFolder, index: string): Weights {
  const map = readJson(folder, index).weight_map;
  if (typeof map !== 'object' || map === null) throw new FormatError(`${index}: there is no weight_map`);
  const tensors: Record<string, NamedArray> = {};
  const unread: string[] = [];
  for (const name of [...new Set(Object.values(map).map(String))].sort()) {
    if (!folder.names.includes(name)) {
      throw new FormatError(`${index}: it names the file ${shown(name)}, which is not in the folder`, { name });
    }
    const shard = weightsOf(folder, name);
    Object.assign(tensors, shard.tensors);
    unread.push(...shard.unread);
  }
  const missing = Object.keys(map).find((name) => !Object.hasOwn(tensors, name) && !unread.includes(name));
  if (missing !== undefined)
    throw new FormatError(`${index}: it names the tensor ${shown(missing)}, which no file has`);
  return { tensors, unread };
}

function weightsOf(folder: ModelFolder, name: string): Weights {
  const bytes = folder.read(name);
  if (isPytorch(bytes)) return { tensors: stateDictOf(decodePytorch(bytes)), unread: [] };
  const { tensors, unread } = decodeSafetensors(bytes);
  return { tensors, unread: Object.keys(unread) };
}
