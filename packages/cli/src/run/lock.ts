import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Failure } from '../failure.ts';
import { remove } from '../output/folders.ts';

/** What a lock file holds. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started and in which namespace of processes; null where the system does not tell. */
  readonly started: string | null;
  readonly space: string | null;
  /** Different for each time a run is locked. */
  readonly token: string;
}

interface Times {
  /** Milliseconds between signs of life. */
  readonly beat: number;
  /** Milliseconds without one after which a lock counts as abandoned. */
  readonly patience: number;
}

/**
 * Keeps a run folder to one training process at a time. The file names its owner by host, process and start time, so that
 * a process that happens to have the same number, the rule in containers, is not taken for it. Where the owner cannot be
 * looked up (another machine or container), it counts as alive as long as it touches the file.
 */
export class RunLock {
  readonly #path: string;
  readonly #token = randomUUID();
  readonly #times: Times;
  #timer: NodeJS.Timeout | null = null;

  constructor(path: string, times: Times = { beat: 2_000, patience: 12_000 }) {
    this.#path = path;
    this.#times = times;
  }

  /** @throws Failure if another process holds it; a system error if the file cannot be written */
  take(): void {
    this.refuseOthers();
    const owner: Owner = { ...thisProcess(), token: this.#token };
    remove(this.#path);
    // Exclusive: of two that start at the same moment, one fails.
    writeFileSync(this.#path, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
    this.#timer = setInterval(() => this.touch(), this.#times.beat).unref();
  }

  /** A sign of life. */
  touch(): void {
    if (this.#timer === null) return;
    const now = new Date();
    try {
      utimesSync(this.#path, now, now);
    } catch {
      // Whoever writes next learns why.
    }
  }

  /** @throws Failure if another process has taken the folder over, as after this one was suspended for long */
  check(): void {
    if (this.#timer === null) return;
    const owner = this.#owner();
    if (owner && owner.token !== this.#token)
      throw new Failure(`${this.#path}: ${nameOf(owner)} has taken this run over`);
  }

  /** Never fails: an error here would hide the one that ended the training. */
  release(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    try {
      if (this.#owner()?.token === this.#token) remove(this.#path);
    } catch {
      // It is recognised as abandoned.
    }
  }

  /** @throws Failure if another process holds the lock; watches the file for up to 12 s where only signs of life can tell */
  refuseOthers(): void {
    const owner = this.#owner();
    if (owner === null || owner.token === this.#token) return;
    const alive = isAlive(owner);
    if (alive ?? this.#showsLife()) {
      throw new Failure(`${this.#path}: ${nameOf(owner)} is training here; wait until it ends, or stop it`);
    }
  }

  /** Null if there is none, or the file is none of ours: older ones held only a number. */
  #owner(): Owner | null {
    try {
      const owner: Partial<Owner> | number | null = JSON.parse(readFileSync(this.#path, 'utf8'));
      if (typeof owner === 'number') return { pid: owner, host: hostname(), started: null, space: null, token: '' };
      return Number.isInteger(owner?.pid) && typeof owner?.token === 'string' ? (owner as Owner) : null;
    } catch {
      return null;
    }
  }

  /** Whether the file is touched while we look. */
  #showsLife(): boolean {
    const touched = (): number => statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const before = touched();
    process.stderr.write(`unrolled: ${this.#path}: looking whether another machine or container is training here\n`);
    const end = performance.now() + this.#times.patience;
    while (performance.now() < end) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(250, this.#times.beat));
      const now = touched();
      if (now !== before) return now !== 0;
    }
    return false;
  }
}

const nameOf = ({ pid, host }: Owner): string => `process ${pid}${host === hostname() ? '' : ` on ${host}`}`;

function thisProcess(): Omit<Owner, 'token'> {
  return { pid: process.pid, host: hostname(), started: startOf(process.pid), space: spaceOfProcesses() };
}

/** Whether the owner still runs; null if that cannot be looked up from here. */
function isAlive({ pid, host, started, space }: Owner): boolean | null {
  if (host !== hostname() || (space ?? null) !== spaceOfProcesses()) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (started === null) return null;
  return started === startOf(pid);
}

/** When a process started, on Linux: the boot id, and the clock ticks since boot. Null elsewhere. */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The second field is the name in brackets, which may hold anything; the start is the 22nd.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1)!.trim().split(' ');
    return `${boot}/${fields[19]}`;
  } catch {
    return null;
  }
}

/** Containers have process numbers of their own. */
function spaceOfProcesses(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
