import { closeSync, fstatSync, openSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

/** The files of a run folder that are served. */
const allowed =
  /^(config\.json|tokenizer\.json|events\.jsonl|checkpoints\/(latest|previous|best|step-\d{6,})\.safetensors)$/;

/** A run that is served to the page. */
export interface SharedRun {
  readonly name: string;
  /** As it was given on the command line. */
  readonly path: string;
  /** Its address on this server. */
  readonly folder: string;
  /** Whether its text is served, too, wherever that is. */
  readonly text: boolean;
}

export const sharedRuns = (paths: readonly string[], text = false): SharedRun[] =>
  paths.map((path, index) => ({ name: basename(resolve(path)), path, folder: `runs/${index + 1}/`, text }));

/** A file that is open; whoever reads it closes it. */
export interface RunFile {
  readonly descriptor: number;
  readonly size: number;
  /** Where to read from. */
  readonly from: number;
  /** Identity of the file: changes when a resumed run replaces it. */
  readonly file: string;
}

/**
 * Opens a file of a run folder, to be read from a byte on; from the beginning if another file was read before.
 * @param file  the identity of that one
 * @returns null if the file is not on the allow-list, is not there, or is reached through a link
 */
export function openRunFile(run: SharedRun, name: string, from: number, file: string): RunFile | null {
  if (!allowed.test(name)) return null;
  let descriptor: number;
  try {
    const root = realpathSync(run.path);
    const path = realpathSync(join(root, name));
    // A link could lead out of the folder.
    if (relative(root, path).split(/[\\/]/).join('/') !== name) return null;
    descriptor = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const about = fstatSync(descriptor);
    if (about.isFile()) {
      const identity = `${about.dev}-${about.ino}-${Math.round(about.birthtimeMs)}`;
      const start = file === identity && from <= about.size ? from : 0;
      return { descriptor, size: about.size, from: start, file: identity };
    }
  } catch {
    // As if it were not there.
  }
  closeSync(descriptor);
  return null;
}
