import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from 'unrolled/train';
import { Failure, naming } from './failure.ts';

export type CheckpointName = 'latest' | 'previous' | 'best';

/** What a file is called until it is whole. */
const temporaryName = /^\..+\.tmp$/;

/**
 * One training run on disk:
 *
 *     config.json              all options, the text's files, the model
 *     tokenizer.json           the tokens by id
 *     cell.ts                  the cell, where it came from a file
 *     events.jsonl             what happened, one JSON object a line
 *     samples/step-000250.txt
 *     run.lock                 while a process trains here
 *     checkpoints/latest.safetensors, previous.safetensors, best.safetensors
 *     checkpoints/step-000250.safetensors    with --keep-checkpoints
 */
export class RunFolder {
  readonly path: string;
  /** Holds the number of the process that trains here. */
  readonly #lockPath: string;
  #locked = false;

  constructor(path: string) {
    this.path = path;
    this.#lockPath = join(path, 'run.lock');
  }

  get exists(): boolean {
    return existsSync(join(this.path, 'config.json'));
  }

  /** Whether no files of others are in the way of a run: there is no such folder, or nothing in it. */
  get isFree(): boolean {
    const about = statSync(this.path, { throwIfNoEntry: false });
    return !about?.isDirectory() || readdirSync(this.path).length === 0;
  }

  get hasCheckpoint(): boolean {
    return (['latest', 'previous', 'best'] as const).some((name) => this.has(name));
  }

  /**
   * Makes the folder where it is missing, keeps other processes from training in it until `close`, and clears away what a
   * process left that ended while it was writing.
   * @throws Failure if another process is training here
   */
  open(): void {
    this.#refuseOthers();
    this.#attempt(this.path, () => mkdirSync(this.path, { recursive: true }));
    this.#attempt(this.#lockPath, () => writeFileSync(this.#lockPath, String(process.pid)));
    this.#locked = true;
    for (const folder of [this.path, join(this.path, 'samples'), join(this.path, 'checkpoints')]) {
      this.#attempt(folder, () => {
        mkdirSync(folder, { recursive: true });
        for (const name of readdirSync(folder)) if (temporaryName.test(name)) rmSync(join(folder, name));
      });
    }
  }

  /** Lets other processes train here again. */
  close(): void {
    if (this.#locked) rmSync(this.#lockPath, { force: true });
    this.#locked = false;
  }

  /** Removes the folder with all that is in it. @throws Failure if a process is training here */
  remove(): void {
    this.#refuseOthers();
    this.#attempt(this.path, () => rmSync(this.path, { recursive: true, force: true }));
  }

  #refuseOthers(): void {
    const owner = this.#owner();
    if (owner === null) return;
    throw new Failure(`${this.path}: process ${owner} is training here; wait for it, or stop it first`);
  }

  /** The other living process that trains here; null if there is none, or it ended without letting go. */
  #owner(): number | null {
    let owner: number;
    try {
      owner = Number(readFileSync(this.#lockPath, 'utf8'));
    } catch {
      return null;
    }
    if (owner === process.pid || !Number.isInteger(owner) || owner < 1) return null;
    try {
      process.kill(owner, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
    }
    return owner;
  }

  writeJson(name: string, value: unknown): void {
    this.writeFile(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
  }

  writeFile(name: string, bytes: Uint8Array): void {
    this.#replace(join(this.path, name), bytes);
  }

  /** @throws Failure if the file is missing or damaged */
  readJson(name: string): unknown {
    const path = join(this.path, name);
    const text = naming(path, () => readFileSync(path, 'utf8'));
    try {
      return JSON.parse(text);
    } catch {
      throw new Failure(`${path}: it is not JSON any more; restore it, or train anew with --out`);
    }
  }

  checkpointPath(name: CheckpointName): string {
    return join(this.path, 'checkpoints', `${name}.safetensors`);
  }

  has(name: CheckpointName): boolean {
    return existsSync(this.checkpointPath(name));
  }

  /**
   * Stores a checkpoint so that at every moment there is a whole one: it is written beside its place, synced and then
   * renamed. What was the latest becomes the previous one.
   */
  writeCheckpoint(name: 'latest' | 'best', checkpoint: Checkpoint): string {
    const path = this.checkpointPath(name);
    if (name === 'latest' && existsSync(path)) {
      const previous = this.checkpointPath('previous');
      this.#attempt(previous, () => linkOrCopy(path, previous));
    }
    this.#replace(path, encodeCheckpoint(checkpoint));
    return path;
  }

  /** Lets the latest checkpoint stay under its step. @returns the file */
  keepLatest(step: number): string {
    const path = join(this.path, 'checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);
    this.#attempt(path, () => linkOrCopy(this.checkpointPath('latest'), path));
    return path;
  }

  /** Removes checkpoints that were kept after a step: what a resumed run does again. */
  dropKeptAfter(step: number): void {
    const folder = join(this.path, 'checkpoints');
    this.#attempt(folder, () => {
      for (const name of readdirSync(folder)) {
        const [, kept] = /^step-(\d+)\.safetensors$/.exec(name) ?? [];
        if (Number(kept) > step) rmSync(join(folder, name));
      }
    });
  }

  readCheckpoint(name: CheckpointName): Checkpoint {
    const path = this.checkpointPath(name);
    const other = (['latest', 'previous', 'best'] as const).find((one) => one !== name && this.has(one));
    const hint = other ? `; --checkpoint ${other} uses ${this.checkpointPath(other)}` : '';
    return naming(path, () => decodeCheckpoint(readFileSync(path)), hint);
  }

  /** Appends to events.jsonl. */
  log(event: object): void {
    const path = join(this.path, 'events.jsonl');
    this.#attempt(path, () => appendFileSync(path, `${JSON.stringify(event)}\n`));
  }

  /** Drops events after a step, and a last line that was cut off: what a resumed run does again. */
  rewindLog(step: number): void {
    const path = join(this.path, 'events.jsonl');
    if (!existsSync(path)) return;
    const lines = naming(path, () => readFileSync(path, 'utf8')).split('\n');
    const kept = lines.filter((line) => {
      try {
        const event = JSON.parse(line);
        return !(event.step > step) && event.type !== 'done';
      } catch {
        return false;
      }
    });
    this.#replace(path, new TextEncoder().encode(kept.map((line) => `${line}\n`).join('')));
  }

  writeSample(step: number, text: string): void {
    const path = join(this.path, 'samples', `step-${String(step).padStart(6, '0')}.txt`);
    this.#replace(path, new TextEncoder().encode(text));
  }

  #replace(path: string, bytes: Uint8Array): void {
    const temporary = join(dirname(path), `.${basename(path)}.tmp`);
    this.#attempt(path, () => {
      try {
        const file = openSync(temporary, 'w');
        try {
          for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
        renameSync(temporary, path);
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
      syncFolder(dirname(path));
    });
  }

  #attempt<Result>(path: string, action: () => Result): Result {
    const kept = this.has('latest') ? `; ${this.checkpointPath('latest')} is kept, go on from it with --resume` : '';
    return naming(path, action, kept);
  }
}

/** One file under two names; it is replaced, never written over, so neither changes with the other. */
function linkOrCopy(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    linkSync(from, to);
  } catch {
    // Not every file system has links; a copy serves as well.
    copyFileSync(from, to);
  }
}

/** Makes a rename survive a loss of power; not every system lets folders be synced. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // The file itself is synced; that is what such a system offers.
  }
}
