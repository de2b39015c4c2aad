import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

// Node's recursive mkdirSync and rmSync do the same, but on a read-only file system, and elsewhere, their errors have a wrong
// code or none, so that nobody can say what went wrong.

/** Creates a folder and those above it, where they are missing. @throws the system's error */
export function makeFolder(path: string): void {
  const isFolder = (): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder()) return;
  const above = dirname(resolve(path));
  if (!existsSync(above)) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been faster.
    if (!isFolder()) throw error;
  }
}

/**
 * Removes a file, or a folder with everything in it, if it is there. Links are removed, not followed.
 * @throws the system's error
 */
export function remove(path: string): void {
  const about = lstatSync(path, { throwIfNoEntry: false });
  if (about?.isDirectory()) {
    for (const name of readdirSync(path)) remove(join(path, name));
    rmdirSync(path);
  } else if (about) {
    unlinkSync(path);
  }
}
