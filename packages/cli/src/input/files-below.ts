import { readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describeSystemError, naming } from '../failure.ts';

export interface FilesBelow {
  /** In the order of their names, folder by folder. */
  readonly files: readonly string[];
  /** What cannot be read, and why. */
  readonly problems: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * All files in a folder and the folders in it, except hidden ones, node_modules and the folders of runs. Links are
 * followed; a file that several names lead to is listed once, under its own name where that is in the folder.
 * @throws Failure if the folder itself cannot be read
 */
export function filesBelow(folder: string): FilesBelow {
  const files: string[] = [];
  const problems: { path: string; reason: string }[] = [];
  const links: string[] = [];
  const seen = new Set<string>();
  const isNew = ({ dev, ino }: { dev: bigint; ino: bigint }): boolean => {
    const known = seen.size;
    return seen.add(`${dev}:${ino}`).size > known;
  };
  const walk = (path: string): void => {
    const entries = readdirSync(path, { withFileTypes: true });
    const names = new Set(entries.map(({ name }) => name));
    // What a model wrote is not what the next one should learn from.
    if (names.has('events.jsonl') && names.has('checkpoints')) return;
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const inside = join(path, entry.name);
      if (entry.isSymbolicLink()) links.push(inside);
      else add(inside, false);
    }
  };
  const add = (path: string, linked: boolean): void => {
    try {
      const about = statSync(path, { bigint: true });
      const first = isNew(about);
      if (about.isDirectory()) {
        if (first) walk(path);
        else if (linked) problems.push({ path, reason: 'it links to a folder that is read already' });
      } else if (about.isFile()) {
        if (first) files.push(path);
      } else {
        problems.push({ path, reason: 'it is not a regular file' });
      }
    } catch (error) {
      const reason = describeSystemError(error);
      if (reason === null) throw error;
      problems.push({ path, reason: linked ? `it is a link, and ${reason}` : reason });
    }
  };
  naming(folder, () => {
    isNew(statSync(folder, { bigint: true }));
    walk(folder);
  });
  // After all that is really there; further links turn up on the way.
  for (let link = links.shift(); link !== undefined; link = links.shift()) add(link, true);
  return { files: files.sort(byNames), problems };
}

/** As if each folder were listed in order: `a/z` before `a.txt`. */
function byNames(a: string, b: string): number {
  const [left, right] = [a.split(sep), b.split(sep)];
  const at = left.findIndex((name, i) => name !== right[i]);
  return left[at] < (right[at] ?? '') ? -1 : 1;
}
