import { host } from './host.ts';
import type { Job, JobParameters, Share } from './jobs/job.ts';

/**
 * The shared block through which threads receive jobs, meet at barriers and report back. The words are a cache line apart,
 * since each side writes one while the other polls another.
 */
const Word = { generation: 0, job: 16, remaining: 32, failed: 48, arrived: 64, barrier: 80, asleep: 96 } as const;
const WORDS = 112;
const NUMBERS = 64;
const TEXT = 400;

/** A job number that means: end. */
const QUIT = -1;

/** Looks before going to sleep within a job: some 100 µs, more than a barrier takes, and about what waking up costs. */
const LOOKS = 10_000;

/** Looks of a worker before going to sleep between jobs: some 500 µs, more than the way from job to job takes. */
const LOOKS_FOR_A_JOB = 50_000;

/** Maximum ms asleep before checking that the awaited threads are alive. */
const SLICE_MS = 250;

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

  /** Starts a job on `workers` waiting threads. */
  start(number: number, job: Job, parameters: JobParameters<string>, workers: number): void {
    for (let i = 0; i < job.parameters.length; i++) this.#numbers[i] = parameters[job.parameters[i]];
    Atomics.store(this.#words, Word.job, number);
    Atomics.store(this.#words, Word.remaining, workers);
    Atomics.store(this.#words, Word.failed, 0);
    Atomics.store(this.#words, Word.arrived, 0);
    this.#next(Word.generation);
  }

  quit(): void {
    Atomics.store(this.#words, Word.job, QUIT);
    this.#next(Word.generation);
  }

  /** A worker's wait for the next job after `generation`; undefined: end. */
  nextJob(generation: number): number | undefined {
    while (!this.#looks(Word.generation, generation, LOOKS_FOR_A_JOB)) {
      Atomics.add(this.#words, Word.asleep, 1);
      Atomics.wait(this.#words, Word.generation, generation);
      Atomics.sub(this.#words, Word.asleep, 1);
    }
    const job = Atomics.load(this.#words, Word.job);
    return job === QUIT ? undefined : job;
  }

  /** Whether no worker sleeps between jobs. */
  get isAwake(): boolean {
    return Atomics.load(this.#words, Word.asleep) === 0;
  }

  /** Wakes workers that sleep between jobs: they look for one again. */
  wake(): void {
    Atomics.notify(this.#words, Word.generation);
  }

  parametersOf(job: Job): JobParameters<string> {
    return Object.fromEntries(job.parameters.map((name, i) => [name, this.#numbers[i]]));
  }

  /** A worker's last act in a job. */
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
