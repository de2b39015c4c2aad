import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { ExampleSource } from 'unrolled/data';
import { Failure, naming } from '../failure.ts';
import { filesBelow } from './files-below.ts';

/** A file that a run learns from, as its config.json names it. */
export interface SourceFile {
  readonly path: string;
  /** After decompression, of texts. */
  readonly bytes: number;
  readonly sha256: string;
  /** Whether it came through a pipe, so that it cannot be read again. */
  readonly piped?: boolean;
}

/** Files that were found and hashed. */
export interface SourceFiles {
  readonly files: readonly SourceFile[];
}

/** Files of any kind, whose bytes are read when they are asked for: examples for `mapExamples`. */
export interface BinaryFiles extends SourceFiles, ExampleSource<Uint8Array> {}

/**
 * Finds files, and those in folders, and hashes them piece by piece: together they may be larger than the memory.
 * @param keep  which files of a folder to take. Default: all
 * @throws Failure naming the file that cannot be read, or is a pipe
 */
export function binaryFiles(paths: readonly string[], keep: (path: string) => boolean = () => true): BinaryFiles {
  const found = paths.flatMap((path) => {
    if (!naming(path, () => statSync(path)).isDirectory()) return [path];
    const { files, problems } = filesBelow(path);
    if (problems.length > 0) throw new Failure(`${problems[0].path}: ${problems[0].reason}`);
    return files.filter(keep);
  });
  if (found.length === 0) throw new Failure(`${paths.join(', ')}: no files found`);
  const files = found.map(hashed);
  return {
    files,
    length: files.length,
    fingerprint: createHash('sha256')
      .update(files.map(({ sha256 }) => sha256).join())
      .digest('hex'),
    read: (index) => naming(files[index].path, () => readFileSync(files[index].path)),
  };
}

const pieceSize = 2 ** 20;

function hashed(path: string): SourceFile {
  return naming(path, () => {
    const descriptor = openSync(path, 'r');
    try {
      const about = fstatSync(descriptor);
      if (!about.isFile()) throw new Failure(`${path}: it is not a regular file; copy its content into one`);
      const hash = createHash('sha256');
      const piece = Buffer.allocUnsafe(Math.max(1, Math.min(pieceSize, about.size)));
      let bytes = 0;
      for (let count = readSync(descriptor, piece); count > 0; count = readSync(descriptor, piece)) {
        hash.update(piece.subarray(0, count));
        bytes += count;
      }
      return { path, bytes, sha256: hash.digest('hex') };
    } finally {
      closeSync(descriptor);
    }
  });
}
