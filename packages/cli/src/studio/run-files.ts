import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

/** What of a run's folder is given out, and nothing else. */
const given =
  /^(config\.json|tokenizer\.json|events\.jsonl|checkpoints\/(latest|previous|best|step-\d{6,})\.safetensors)$/;

/** A run that the page may see. */
export interface SharedRun {
  readonly name: string;
  /** As it was given on the command line. */
  readonly path: string;
  /** Its address on this server. */
  readonly folder: string;
  /** Whether the text it learns is given out, too, which may lie anywhere. */
  readonly text: boolean;
}

export const sharedRuns = (paths: readonly string[], text = false): SharedRun[] =>
  paths.map((path, index) => ({ name: basename(resolve(path)), path, folder: `runs/${index + 1}/`, text }));

export interface RunFile {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Where in the file it begins. */
  readonly from: number;
  /** Which file it is: another one after a run that goes on has written it anew. */
  readonly file: string;
}

/**
 * A file of a run's folder from a byte on; from the beginning, if `file` says that another one was read before.
 * @returns null if it is none of those that are given out, is not there, or lies elsewhere by way of a link
 */
export function readRunFile(run: SharedRun, name: string, from: number, file: string): RunFile | null {
  if (!given.test(name)) return null;
  let descriptor: number;
  try {
    const root = realpathSync(run.path);
    const path = realpathSync(join(root, name));
    // A link would lead to what was not given.
    if (relative(root, path).split(/[\\/]/).join('/') !== name) return null;
    descriptor = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const about = fstatSync(descriptor);
    if (!about.isFile()) return null;
    const identity = `${about.dev}-${about.ino}-${Math.round(about.birthtimeMs)}`;
    const start = file === identity && from <= about.size ? from : 0;
    const body = new Uint8Array(about.size - start);
    let read = 0;
    while (read < body.length) {
      const count = readSync(descriptor, body, read, body.length - read, start + read);
      if (count === 0) break;
      read += count;
    }
    return { body: body.subarray(0, read), from: start, file: identity };
  } catch {
    return null;
  } finally {
    closeSync(descriptor);
  }
}
