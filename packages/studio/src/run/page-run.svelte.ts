import { WorkerClient } from '../client.ts';
import type { RunSpec, Tuning } from '../protocol.ts';
import { commandAbout, commandOf } from './command.ts';
import { Run } from './run.svelte.ts';

/** A run that trains in this page, in a worker of its own. */
export class PageRun extends Run {
  readonly led = true;
  readonly spec: RunSpec;
  readonly text: string;
  readonly command: string;
  readonly #client: WorkerClient;
  readonly #ready: Promise<unknown>;
  #savedStep = 0;

  constructor(
    id: string,
    name: string,
    text: string,
    textName: string,
    spec: RunSpec,
    tuning: Tuning,
    threads: number,
  ) {
    super(id, name);
    this.text = text;
    this.spec = spec;
    this.command = commandOf(spec, textName);
    this.#client = new WorkerClient((event) => this.take(event));
    this.#ready = this.#client.call('begin', { text, spec, tuning, threads }).then(
      (about) => {
        this.about = about;
      },
      (error: Error) => {
        this.state = 'failed';
        this.message = error.message;
        throw error;
      },
    );
    this.#ready.catch(() => {});
  }

  async worker(): Promise<WorkerClient> {
    await this.#ready;
    return this.#client;
  }

  override get hasText(): boolean {
    return true;
  }

  override async readText(): Promise<string> {
    return this.text;
  }

  commandFor(verb: string, words: readonly string[]): string {
    return `${this.command} --out runs/studio\n${commandAbout(verb, 'runs/studio', words)}`;
  }

  run(): void {
    this.#lead('run');
  }

  pause(): void {
    this.#lead('pause');
  }

  stepOnce(): void {
    this.#lead('step');
  }

  stop(): void {
    this.#lead('stop');
  }

  /** Whether it was taken back to its best update. */
  returned = $state(false);

  stopAtBest(): void {
    this.returned = true;
    this.#lead('stopAtBest');
  }

  tune(tuning: Tuning): void {
    this.worker()
      .then((client) => client.call('tune', tuning))
      .catch(() => {});
  }

  /** Whether closing the page would lose training worth keeping; a few letters are soon learned again. */
  get unsaved(): boolean {
    return this.text.length >= 100 && this.step > this.#savedStep;
  }

  /** A file of the model as it is, to be kept. */
  async modelFile(): Promise<Uint8Array<ArrayBuffer>> {
    const worker = await this.worker();
    const [step, bytes] = [this.step, await worker.call('save', null)];
    this.#savedStep = step;
    return bytes;
  }

  close(): void {
    this.#client.close();
  }

  /** Failures show in the run's state. */
  #lead(how: 'run' | 'pause' | 'step' | 'stop' | 'stopAtBest'): void {
    this.worker()
      .then((client) => client.call(how, null))
      .catch(() => {});
  }
}
