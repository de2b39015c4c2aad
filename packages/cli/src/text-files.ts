import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, naming } from './failure.ts';
import { firstInvalidUtf8 } from './utf8.ts';

export interface TextFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface TextFiles {
  readonly files: readonly TextFile[];
  /** What is in each of them. */
  readonly texts: readonly string[];
  /** Files in folders that were left out because they are not text. */
  readonly skipped: number;
}

/** The most a text may have, so that it fits into one string. */
const maximumBytes = 400 * 2 ** 20;

/**
 * Reads files, and folders with all that is in them: text files only, in the order of their names; hidden ones, links,
 * node_modules and the folders of runs are passed over.
 * @param keep  which files of a folder to take; all text when left out
 * @throws Failure naming the file and what is wrong with it
 */
export function readTextFiles(paths: readonly string[], keep: (path: string) => boolean = () => true): TextFiles {
  const files: TextFile[] = [];
  const texts: string[] = [];
  let skipped = 0;
  let total = 0;
  const add = (path: string, inFolder: boolean): void => {
    const bytes = readBytes(path);
    total += bytes.length;
    if (total > maximumBytes) {
      throw new Failure(`${path}: the text is larger than ${maximumBytes / 2 ** 20} MiB; give a part of it`);
    }
    const problem = notText(bytes);
    if (problem !== null && !inFolder) throw new Failure(`${path}: ${problem}`);
    if (problem !== null) {
      skipped++;
      total -= bytes.length;
      return;
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.push({ path, bytes: bytes.length, sha256 });
    texts.push(new TextDecoder().decode(bytes));
  };
  for (const path of paths) {
    const folder = naming(path, () => statSync(path)).isDirectory();
    if (folder) for (const file of filesBelow(path)) keep(file) && add(file, true);
    else add(path, false);
  }
  if (files.length === 0) throw new Failure(`${paths.join(', ')}: no text file in there`);
  if (texts.every((text) => text.trim() === '')) throw new Failure(`${paths.join(', ')}: the text is empty`);
  return { files, texts, skipped };
}

/** All files one after the other, a line break between them. */
export const joinTexts = ({ texts }: TextFiles): string => texts.join('\n');

function* filesBelow(folder: string): Generator<string> {
  const names = naming(folder, () => readdirSync(folder)).sort();
  // What a model wrote is not what the next one should learn from.
  if (names.includes('events.jsonl') && names.includes('checkpoints')) return;
  for (const name of names) {
    if (name.startsWith('.') || name === 'node_modules') continue;
    const path = join(folder, name);
    // A link could lead round in a circle, or out of the folder.
    const about = naming(path, () => lstatSync(path));
    if (about.isDirectory()) yield* filesBelow(path);
    else if (about.isFile()) yield path;
  }
}

function readBytes(path: string): Uint8Array {
  const about = naming(path, () => statSync(path));
  if (!about.isFile()) throw new Failure(`${path}: it is neither a file nor a folder`);
  if (about.size > maximumBytes) {
    throw new Failure(
      `${path}: ${Math.round(about.size / 2 ** 20)} MiB is too large; give at most ${maximumBytes / 2 ** 20} MiB`,
    );
  }
  return naming(path, () => readFileSync(path));
}

/** Why bytes are not UTF-8 text; null if they are. */
function notText(bytes: Uint8Array): string | null {
  const mark = bytes[0] * 256 + bytes[1];
  if (mark === 0xfffe || mark === 0xfeff) return 'it is UTF-16; convert it with iconv -f UTF-16 -t UTF-8';
  const zero = bytes.indexOf(0);
  if (zero >= 0) return `it is a binary file, not text (byte ${zero} is 0)`;
  const invalid = firstInvalidUtf8(bytes);
  if (invalid < 0) return null;
  const byte = bytes[invalid].toString(16).padStart(2, '0');
  return `it is not UTF-8: byte 0x${byte} at offset ${invalid} does not belong there; convert it, for example with iconv`;
}
