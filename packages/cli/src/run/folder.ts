import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from 'unrolled/train';
import { Failure, naming } from '../failure.ts';
import type { CheckpointName } from '../options/use.ts';
import { makeFolder, remove } from '../output/folders.ts';
import { RunLock } from './lock.ts';

/** Of the lock, and of what a run creates before its first event. */
const lockName = 'run.lock';
const beginnings = [lockName, 'samples', 'checkpoints'];

/** The name of a file while it is being written. */
const temporaryName = /^\..+\.tmp$/;

/**
 * One training run on disk:
 *
 *     config.json              all options, the text's files, the model
 *     tokenizer.json           the tokens by id
 *     cell.ts                  the cell, if it came from a file
 *     events.jsonl             one JSON object per event
 *     samples/step-000250.txt
 *     run.lock                 while a process trains here
 *     checkpoints/latest.safetensors, previous.safetensors, best.safetensors
 *     checkpoints/step-000250.safetensors    with --keep-checkpoints
 */
export class RunFolder {
  readonly path: string;
  readonly #lock: RunLock;
  readonly #folders: readonly string[];

  /** @param folders  those inside it */
  constructor(path: string, folders: readonly string[] = ['samples', 'checkpoints']) {
    this.path = path;
    this.#folders = folders;
    this.#lock = new RunLock(join(path, lockName));
  }

  get exists(): boolean {
    return existsSync(join(this.path, 'config.json'));
  }

  /** Whether a new run may begin here: there is no such folder, or only what a run leaves before its first checkpoint. */
  get isFree(): boolean {
    const about = statSync(this.path, { throwIfNoEntry: false });
    if (!about?.isDirectory()) return true;
    return !this.hasCheckpoint && (this.#isRun || readdirSync(this.path).every((name) => beginnings.includes(name)));
  }

  /** Whether the config.json is one of ours. */
  get #isRun(): boolean {
    try {
      const { unrolled, options } = this.readJson('config.json') as Record<string, unknown>;
      return typeof unrolled === 'string' && typeof options === 'object';
    } catch {
      return false;
    }
  }

  /** Whether there is a model to resume or use. */
  get hasCheckpoint(): boolean {
    const folder = join(this.path, 'checkpoints');
    return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.safetensors'));
  }

  /**
   * Creates the folder if needed, locks it until `close`, and removes temporary files of a process that was killed.
   * @throws Failure if another process is training here
   */
  open(): void {
    this.#attempt(this.path, () => makeFolder(this.path));
    this.#attempt(join(this.path, lockName), () => this.#lock.take());
    for (const folder of [this.path, ...this.#folders.map((name) => join(this.path, name))]) {
      this.#attempt(folder, () => {
        makeFolder(folder);
        for (const name of readdirSync(folder)) if (temporaryName.test(name)) remove(join(folder, name));
      });
    }
  }

  /** Unlocks the folder. */
  close(): void {
    this.#lock.release();
  }

  /** Removes the folder and everything in it. @throws Failure if a process is training here */
  remove(): void {
    this.#lock.refuseOthers();
    this.#attempt(this.path, () => remove(this.path));
  }

  /** Removes what a run left that ended before its first checkpoint. */
  removeBeginnings(): void {
    const samples = join(this.path, 'samples');
    this.#attempt(samples, () => {
      if (existsSync(samples)) for (const name of readdirSync(samples)) remove(join(samples, name));
      for (const name of ['config.json', 'events.jsonl']) remove(join(this.path, name));
    });
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
      throw new Failure(`${path}: it is not valid JSON; restore it, or start a new run with --out`);
    }
  }

  checkpointPath(name: CheckpointName): string {
    return join(this.path, 'checkpoints', `${name}.safetensors`);
  }

  has(name: CheckpointName): boolean {
    return existsSync(this.checkpointPath(name));
  }

  /**
   * Stores a checkpoint so that there is always a complete one: it is written to a temporary file, synced and renamed.
   * The latest one becomes the previous one.
   * @throws Failure if it cannot be written, or another process has taken the folder over
   */
  writeCheckpoint(name: 'latest' | 'best', checkpoint: Checkpoint): string {
    this.#lock.check();
    const path = this.checkpointPath(name);
    if (name === 'latest' && existsSync(path)) {
      const previous = this.checkpointPath('previous');
      this.#attempt(previous, () => linkOrCopy(path, previous));
    }
    this.#replace(path, encodeCheckpoint(checkpoint));
    return path;
  }

  /** Keeps the latest checkpoint under the name of its step. @returns the file */
  keepLatest(step: number): string {
    const path = join(this.path, 'checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);
    this.#attempt(path, () => linkOrCopy(this.checkpointPath('latest'), path));
    return path;
  }

  /** Removes checkpoints kept after a step, which a resumed run will repeat. */
  dropKeptAfter(step: number): void {
    const folder = join(this.path, 'checkpoints');
    this.#attempt(folder, () => {
      for (const name of readdirSync(folder)) {
        const [, kept] = /^step-(\d+)\.safetensors$/.exec(name) ?? [];
        if (Number(kept) > step) remove(join(folder, name));
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

  /** Drops the events after a step, which a resumed run will repeat, and a last line that was cut off. */
  rewindLog(step: number): void {
    this.keepInLog((event) => !(Number(event.step) > step) && event.type !== 'done');
  }

  /** Keeps some events of events.jsonl, without a last line that was cut off. @returns those that are kept */
  keepInLog(fits: (event: Readonly<Record<string, unknown>>) => boolean): Readonly<Record<string, unknown>>[] {
    const path = join(this.path, 'events.jsonl');
    if (!existsSync(path)) return [];
    const lines = naming(path, () => readFileSync(path, 'utf8')).split('\n');
    const kept = lines.flatMap((line) => {
      try {
        const event = JSON.parse(line);
        return fits(event) ? [{ line, event }] : [];
      } catch {
        return [];
      }
    });
    this.#replace(path, new TextEncoder().encode(kept.map(({ line }) => `${line}\n`).join('')));
    return kept.map(({ event }) => event);
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
        removeQuietly(temporary);
        throw error;
      }
      syncFolder(dirname(path));
    });
  }

  #attempt<Result>(path: string, action: () => Result): Result {
    const kept = this.has('latest') ? `; ${this.checkpointPath('latest')} is kept; resume from it with --resume` : '';
    return naming(path, action, kept);
  }
}

/** A second name for a file. Files are replaced, never overwritten, so one does not change with the other. */
function linkOrCopy(from: string, to: string): void {
  remove(to);
  try {
    linkSync(from, to);
  } catch {
    // Not every file system has links.
    copyFileSync(from, to);
  }
}

/** After an error, which another one must not hide. */
function removeQuietly(path: string): void {
  try {
    remove(path);
  } catch {
    // The next process that opens the folder removes it.
  }
}

/** Makes a rename survive a power failure. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // Not every system can sync folders; the file itself is synced.
  }
}
