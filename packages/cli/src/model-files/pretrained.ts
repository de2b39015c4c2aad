import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FormatError } from 'unrolled';
import { inspectPretrained, isPretrained, type ModelFolder, readPretrained } from 'unrolled/pretrained';
import { encodeModel } from 'unrolled/train';
import type { ModelFormat, ModelInput } from './format.ts';
import { rowsOf } from './safetensors.ts';

const folderOf = (path: string): ModelFolder => ({
  names: readdirSync(path),
  read: (name) => readFileSync(join(path, name)),
});

/** Where a published model is: its folder, and the file that says what it is. */
interface Place {
  readonly folder: ModelFolder;
  readonly main: string;
}

/**
 * The published model that a path names: its folder, its config.json, or its weights beside that; or a file that is one by itself.
 * @param bytes  of the file, where it is one
 */
export function pretrainedAt(path: string, bytes: Uint8Array | null): Place | null {
  const inside = bytes === null ? path : dirname(path);
  if (bytes !== null && isPretrained(bytes)) return { folder: folderOf(inside), main: basename(path) };
  const isWeights = bytes === null || (/\.(safetensors|bin|pt|pth)$/.test(path) && !ownMetadata(bytes));
  const config = join(inside, 'config.json');
  if (!isWeights || !existsSync(config) || !statSync(config).isFile()) return null;
  return isPretrained(readFileSync(config)) ? { folder: folderOf(inside), main: 'config.json' } : null;
}

/** Whether a safetensors file is one of the library's own. */
const ownMetadata = (bytes: Uint8Array): boolean =>
  new TextDecoder().decode(bytes.subarray(8, 8 + 2 ** 16)).includes('"format":"unrolled');

const placeOf = ({ path, names, beside }: ModelInput): Place => ({
  folder: { names, read: beside },
  main: basename(path),
});

/** Transformers as Hugging Face's libraries write them, a folder each; minGPT's JSON, and files of llama2.c. */
export const pretrained: ModelFormat = {
  name: 'published Transformers',
  endings: ['config.json', '.bin', '.json'],
  fits: isPretrained,
  async import(input) {
    const { folder, main } = placeOf(input);
    const { what, notes, ...model } = readPretrained(folder, main);
    const parameters = Object.values(model.parameters).reduce((sum, { data }) => sum + data.length, 0);
    return { file: encodeModel(model), what, parameters, notes };
  },
  async inspect(input) {
    const { folder, main } = placeOf(input);
    const { kind, tensors, unread } = inspectPretrained(folder, main);
    const problems: string[] = [];
    let what = `published weights of kind '${kind}'`;
    try {
      what = readPretrained(folder, main).what;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      problems.push(error.message);
    }
    const others = unread.map((name) => ({
      name,
      kind: '',
      shape: null,
      parameters: 0,
      refused: 'its type is not read',
    }));
    return { what, rows: [...rowsOf(tensors), ...others], problems };
  },
};
