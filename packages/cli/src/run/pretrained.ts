import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isPretrained, type ModelFolder } from 'unrolled/pretrained';

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
