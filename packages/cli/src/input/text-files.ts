import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { FormatError } from 'unrolled';
import { describeSystemError, Failure, naming } from '../failure.ts';
import { countOf } from '../output/units.ts';
import { filesBelow } from './files-below.ts';
import { isGzip, unpacked, unpackedStream } from './gzip.ts';
import type { SourceFile, SourceFiles } from './source-files.ts';
import { firstInvalidUtf8 } from './utf8.ts';

export interface TextFiles extends SourceFiles {
  /** What is in each of them. */
  readonly texts: readonly string[];
  /** How many binary files in folders were left out. */
  readonly binary: number;
}

export interface ReadOptions {
  /** Which files of a folder to take. Default: all. */
  readonly keep?: (path: string) => boolean;
  /** Called with a line for each file of a folder that is no binary file, but was left out. Default: to standard error. */
  readonly warn?: (line: string) => void;
}

/** The most a text may have, so that it fits into one string. */
const maximumBytes = 400 * 2 ** 20;

/** How many files of a folder are named when they are left out. */
const mostNamed = 5;

/** A text that cannot be used. */
interface Problem {
  readonly reason: string;
  readonly binary: boolean;
}

/**
 * Reads text in UTF-8, plain or compressed with gzip: files; folders with all text files in them, in the order of their
 * names; pipes; `-` and /dev/stdin, the standard input. Files in folders that are not text are left out.
 * @throws Failure naming the file and what is wrong with it
 */
export function readTextFiles(paths: readonly string[], { keep, warn = toStandardError }: ReadOptions = {}): TextFiles {
  const files: SourceFile[] = [];
  const texts: string[] = [];
  const leftOut: string[] = [];
  let binary = 0;
  let total = 0;
  const add = (path: string): Problem | null => {
    const { bytes, piped } = readBytes(path, maximumBytes - total);
    const problem = notText(bytes);
    if (problem !== null) return problem;
    total += bytes.length;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.push({ path, bytes: bytes.length, sha256, ...(piped && { piped }) });
    texts.push(new TextDecoder().decode(bytes));
    return null;
  };
  for (const path of paths) {
    if (!isFolder(path)) {
      const problem = add(path);
      if (problem) throw new Failure(`${path}: ${problem.reason}`);
      continue;
    }
    const below = filesBelow(path);
    leftOut.push(...below.problems.map((one) => `${one.path}: ${one.reason}`));
    for (const file of below.files) {
      if (keep && !keep(file)) continue;
      try {
        const problem = add(file);
        if (problem?.binary) binary++;
        else if (problem) leftOut.push(`${file}: ${problem.reason}`);
      } catch (error) {
        if (!(error instanceof Failure) || error.cause === undefined) throw error;
        leftOut.push(error.message);
      }
    }
  }
  const named = paths.join(', ');
  if (files.length === 0) {
    const why = [...(binary > 0 ? [countOf(binary, 'binary file')] : []), ...leftOut.slice(0, 1)];
    throw new Failure(`${named}: no text files found${why.length > 0 ? ` (${why.join('; ')})` : ''}`);
  }
  if (total === 0) throw new Failure(`${named}: ${files.length === 1 ? 'the file is empty' : 'all files are empty'}`);
  if (texts.every((text) => text.trim() === ''))
    throw new Failure(`${named}: the text has only blanks and line breaks`);
  for (const line of leftOut.slice(0, mostNamed)) warn(`Left out ${line}`);
  if (leftOut.length > mostNamed) warn(`Left out ${countOf(leftOut.length - mostNamed, 'more file')}`);
  return { files, texts, binary };
}

/** All files one after the other, a line break between them. */
export const joinTexts = ({ texts }: TextFiles): string => texts.join('\n');

/**
 * A text of any length, piece by piece, decompressed if it is gzip; `-` is the standard input.
 * @throws Failure naming the file if it cannot be read, or is damaged
 */
export async function* textStream(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const source = isStandardInput(path) ? process.stdin : createReadStream(path, { highWaterMark: 2 ** 20 });
  try {
    for await (const part of unpackedStream(source)) yield decoder.decode(part, { stream: true });
  } catch (error) {
    const reason = error instanceof FormatError ? error.message : describeSystemError(error);
    if (reason === null) throw error;
    throw new Failure(`${path === '-' ? 'standard input' : path}: ${reason}`, 1, { cause: error });
  }
  yield decoder.decode();
}

/** The extension in lower case, without that of compression: `a.CSV.gz` → `.csv`. */
export const textExtension = (path: string): string => extname(path.replace(/\.gz$/i, '')).toLowerCase();

const toStandardError = (line: string): void => void process.stderr.write(`unrolled: ${line}\n`);

const isStandardInput = (path: string): boolean => ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'].includes(path);

const isFolder = (path: string): boolean => !isStandardInput(path) && naming(path, () => statSync(path)).isDirectory();

let standardInputRead = false;

/** @throws Failure if the file cannot be read, or has more than `limit` bytes */
function readBytes(path: string, limit: number): { bytes: Uint8Array; piped: boolean } {
  const standardInput = isStandardInput(path);
  if (standardInput && standardInputRead) throw new Failure(`${path}: the standard input can be read only once`);
  if (standardInput) standardInputRead = true;
  return naming(path, () => {
    const descriptor = standardInput ? 0 : openSync(path, 'r');
    try {
      const about = fstatSync(descriptor);
      const stream = !about.isFile();
      let bytes: Uint8Array;
      if (stream) bytes = readStream(descriptor, limit + 1);
      else if (about.size <= limit) bytes = readFileSync(descriptor);
      else bytes = readStream(descriptor, 2 ** 16);
      // Something binary is called that, however large it is.
      const tooLarge = bytes.length > limit || (!stream && about.size > limit);
      if (tooLarge && (isGzip(bytes) || bytes.indexOf(0) < 0)) {
        throw new Failure(`${path}: there are more than ${maximumBytes / 2 ** 20} MiB of text; give a part of it`);
      }
      return { bytes: unpacked(bytes, Math.max(1, limit)), piped: standardInput || stream };
    } finally {
      if (!standardInput) closeSync(descriptor);
    }
  });
}

/** The bytes of a pipe, a terminal or a file, up to a limit or to a first part that is binary. */
function readStream(descriptor: number, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let total = 0; total < limit; ) {
    const part = Buffer.alloc(Math.min(2 ** 16, limit - total));
    const count = readWhenReady(descriptor, part);
    if (count === 0) break;
    parts.push(part.subarray(0, count));
    total += count;
    if (!isGzip(parts[0]) && part.subarray(0, count).includes(0)) break;
  }
  return Buffer.concat(parts);
}

/** Reads what is there; of a pipe that does not block, when there is something. 0 at the end. */
function readWhenReady(descriptor: number, part: Uint8Array): number {
  for (;;) {
    try {
      return readSync(descriptor, part);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Why bytes are not UTF-8 text; null if they are. */
function notText(bytes: Uint8Array): Problem | null {
  const mark = bytes[0] * 256 + bytes[1];
  if (mark === 0xfffe || mark === 0xfeff) {
    return { reason: 'it is UTF-16; convert it with iconv -f UTF-16 -t UTF-8', binary: false };
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) return { reason: `it is a binary file, not text (byte ${zero} is 0)`, binary: true };
  const invalid = firstInvalidUtf8(bytes);
  if (invalid < 0) return null;
  const byte = `0x${bytes[invalid].toString(16).padStart(2, '0')} at offset ${invalid}`;
  return {
    reason: `it is not UTF-8 (byte ${byte}); convert it, for example with iconv -f LATIN1 -t UTF-8`,
    binary: false,
  };
}
