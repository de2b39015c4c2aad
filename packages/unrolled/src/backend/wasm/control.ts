import { host } from './host.ts';
import type { Job, JobParameters, Share } from './jobs/job.ts';

/** Threads that there may be. */
export const MOST_THREADS = 64;

/**
 * The shared block through which threads receive jobs, meet at barriers and report back. The words are a cache line apart,
 * since each side writes one while the other polls another.
 */
const Word = {
  generation: 0,
  job: 16,
  remaining: 32,
  failed: 48,
  arrived: 64,
  barrier: 80,
  asleep: 96,
  phase: 112,
  claims: 128,
} as const;
const WORDS = Word.claims + 16 * MOST_THREADS;
const NUMBERS = 64;
const TEXT = 400;

/** A job number that means: end. */
const QUIT = -1;

/** Looks before going to sleep within a job: some 100 µs, more than a barrier takes, and about what waking up costs. */
const LOOKS = 10_000;

/** Looks of a worker before going to sleep between jobs: some 200 µs, more than the way from job to job mostly takes. */
const LOOKS_FOR_A_JOB = 20_000;

/** Maximum ms asleep before checking that the awaited threads are alive. */
const SLICE_MS = 250;

/** One phase of a job, by their numbers. */
export interface Work {
  readonly job: number;
  readonly phase: number;
}

/** How the calling thread waits for the others: up to a time limit, and only while they are alive. */
export interface Patience {
  /** Time limit in ms, evaluated when a wait does not end at once. */
  ms(): number;
  allAlive(): boolean;
  /** Called with the duration of a wait, in ms. */
  waited(ms: number): void;
}

/** Thrown in a part whose work is obsolete because another part failed. */
export class Abandoned extends Error {}

export class Control {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #text: Uint16Array;
  /** Whether this thread may sleep: a page's main thread may not. */
  readonly #maySleep: boolean;

  constructor(buffer = new SharedArrayBuffer(WORDS * 4 + NUMBERS * 8 + TEXT * 2)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#numbers = new Float64Array(buffer, WORDS * 4, NUMBERS);
    this.#text = new Uint16Array(buffer, WORDS * 4 + NUMBERS * 8, TEXT);
    this.#maySleep = mayWait(this.#words);
  }

  get generation(): number {
    return Atomics.load(this.#words, Word.generation);
  }

  /** Starts a phase of a job on `workers` waiting threads. */
  start(work: Work, job: Job, parameters: JobParameters<string>, workers: number): void {
    for (let i = 0; i < job.parameters.length; i++) this.#numbers[i] = parameters[job.parameters[i]];
    Atomics.store(this.#words, Word.job, work.job);
    Atomics.store(this.#words, Word.phase, work.phase);
    Atomics.store(this.#words, Word.remaining, workers);
    Atomics.store(this.#words, Word.failed, 0);
    Atomics.store(this.#words, Word.arrived, 0);
    this.#next(Word.generation);
  }

  quit(): void {
    Atomics.store(this.#words, Word.job, QUIT);
    this.#next(Word.generation);
  }

  /** A worker's wait for the start that follows `generation`; false: end. */
  waitForWork(generation: number): boolean {
    while (!this.#looks(Word.generation, generation, LOOKS_FOR_A_JOB)) {
      Atomics.add(this.#words, Word.asleep, 1);
      Atomics.wait(this.#words, Word.generation, generation);
      Atomics.sub(this.#words, Word.asleep, 1);
    }
    return Atomics.load(this.#words, Word.job) !== QUIT;
  }

  /** Whether a part of the start `generation` is for the thread that asks: the first one to do so. */
  claim(part: number, generation = this.generation): boolean {
    const word = Word.claims + 16 * part;
    const last = Atomics.load(this.#words, word);
    // Generations are 32 bits wide and go round.
    return ((generation - last) | 0) > 0 && Atomics.compareExchange(this.#words, word, last, generation) === last;
  }

  /** What was started. It stays while a claimed part is not done. */
  get work(): Work {
    return { job: Atomics.load(this.#words, Word.job), phase: Atomics.load(this.#words, Word.phase) };
  }

  /** Whether no worker sleeps between jobs. */
  get isAwake(): boolean {
    return Atomics.load(this.#words, Word.asleep) === 0;
  }

  parametersOf({ parameters }: Job): JobParameters<string> {
    const values: Record<string, number> = {};
    for (let i = 0; i < parameters.length; i++) values[parameters[i]] = this.#numbers[i];
    return values;
  }

  /** The last act in a part. */
  done(): void {
    if (Atomics.sub(this.#words, Word.remaining, 1) === 1) Atomics.notify(this.#words, Word.remaining);
  }

  /** Reports that a part has failed, the first time with a reason, and wakes the threads that wait for it. */
  fail(reason: string): void {
    if (Atomics.exchange(this.#words, Word.failed, 1) === 0) {
      const length = Math.min(reason.length, TEXT - 1);
      for (let i = 0; i < length; i++) this.#text[i + 1] = reason.charCodeAt(i);
      this.#text[0] = length;
    }
    this.#next(Word.barrier);
  }

  get hasFailed(): boolean {
    return Atomics.load(this.#words, Word.failed) !== 0;
  }

  get failure(): string {
    return String.fromCharCode(...this.#text.subarray(1, 1 + this.#text[0]));
  }

  /** Waits for all workers; false if one is dead or has not answered in time. */
  waitForAll(patience: Patience): boolean {
    for (;;) {
      const remaining = Atomics.load(this.#words, Word.remaining);
      if (remaining === 0) return true;
      if (!this.#waitWhile(Word.remaining, remaining, patience)) return false;
    }
  }

  /** @param patience  of the calling thread; workers have none: the caller wakes them when it gives up */
  share(part: number, parts: number, patience: Patience | null = null): Share {
    return { part, parts, barrier: () => this.#barrier(parts, patience) };
  }

  #barrier(parts: number, patience: Patience | null): void {
    const barrier = Atomics.load(this.#words, Word.barrier);
    if (Atomics.add(this.#words, Word.arrived, 1) === parts - 1) {
      Atomics.store(this.#words, Word.arrived, 0);
      this.#next(Word.barrier);
    } else if (!this.hasFailed && !this.#waitWhile(Word.barrier, barrier, patience)) {
      // A failure after that look has changed the word, so the wait ends; one before it is seen by the look.
      this.fail(patience?.allAlive() === false ? 'a worker ended' : 'a worker did not come to a barrier');
    }
    if (this.hasFailed) throw new Abandoned();
  }

  #next(word: number): void {
    Atomics.add(this.#words, word, 1);
    Atomics.notify(this.#words, word);
  }

  /** Whether the word is no longer `value` after at most so many looks. */
  #looks(word: number, value: number, looks: number): boolean {
    for (let look = 0; look < looks; look++) {
      if (Atomics.load(this.#words, word) !== value) return true;
    }
    return false;
  }

  /** Waits until the word is no longer `value`; false on timeout, or if the awaited threads have died. */
  #waitWhile(word: number, value: number, patience: Patience | null): boolean {
    if (this.#looks(word, value, LOOKS)) return true;
    const begin = host.performance.now();
    const end = begin + (patience?.ms() ?? Number.POSITIVE_INFINITY);
    while (Atomics.load(this.#words, word) === value) {
      const left = end - host.performance.now();
      if (left <= 0) return false;
      if (this.#maySleep)
        Atomics.wait(this.#words, word, value, patience === null ? undefined : Math.min(left, SLICE_MS));
      if (patience?.allAlive() === false && Atomics.load(this.#words, word) === value) return false;
    }
    patience?.waited(host.performance.now() - begin);
    return true;
  }
}

function mayWait(words: Int32Array): boolean {
  try {
    Atomics.wait(words, Word.job, words[Word.job] + 1, 0);
    return true;
  } catch {
    return false;
  }
}
