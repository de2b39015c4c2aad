import { WorkerClient } from '../client.ts';
import type { SeriesExample } from '../models/models.ts';
import type { WorkerEvent } from '../protocol.ts';
import { commandAbout, shellWord } from './command.ts';
import { EventLog } from './event-log.ts';
import { Run } from './run.svelte.ts';

/** Milliseconds between looks at the folder. */
const every = 1000;

const isSeries = (examples: unknown): examples is SeriesExample =>
  typeof examples === 'object' && examples !== null && 'columns' in examples;

/** A run folder that the command trains; the page follows it, during the run and afterwards. */
export class FollowedRun extends Run {
  readonly led = false;
  readonly command: string;
  readonly #folder: string;
  readonly #path: string;
  readonly #sharesText: boolean;
  readonly #log: EventLog;
  #client: WorkerClient | null = null;
  /** The last checkpoint that was told of, and the one the worker has. */
  #newest = 0;
  #newestName = 'latest';
  /** Names of those that stay. */
  #kept = new Set<string>();
  #loaded = -1;
  #loading: Promise<WorkerClient> | null = null;
  #timer = 0;
  #step = 0;

  /** @param folder  its address, ending in `/`; @param path  as the command calls it; @param text  whether its text is there */
  constructor(id: string, name: string, folder: string, path: string, text: boolean) {
    super(id, name);
    this.#folder = folder;
    this.#path = path;
    this.#sharesText = text;
    this.command = `npx unrolled studio ${shellWord(path)}`;
    this.#log = new EventLog(`${folder}events.jsonl`);
    void this.#look();
  }

  commandFor(verb: string, words: readonly string[]): string {
    // Commands take the best one where nothing else is said.
    const which = this.#newestName === 'best' ? [] : ['--checkpoint', this.#newestName];
    return commandAbout(verb, this.#path, [...words, ...which]);
  }

  async #readTask(): Promise<void> {
    try {
      const config = (await (await fetch(`${this.#folder}config.json`)).json()) as {
        task?: unknown;
        model?: { sequence?: { layer?: unknown } };
        options?: { tokens?: unknown };
        examples?: unknown;
      };
      if (typeof config.task === 'string') this.task = config.task;
      const layer = config.model?.sequence?.layer;
      if (typeof layer === 'string') this.layer = layer;
      const { examples } = config;
      if (Array.isArray(examples)) this.examples = examples.filter((one) => typeof one === 'string');
      else if (isSeries(examples)) this.series = examples;
      this.token = { word: 'word', bpe: 'byte pair' }[String(config.options?.tokens)] ?? 'character';
    } catch {
      // A language model of characters, as runs that do not name their task.
    }
  }

  override get hasText(): boolean {
    return this.#sharesText;
  }

  override async readText(): Promise<string> {
    const response = await fetch(`${this.#folder}text.txt`);
    if (!response.ok) throw new Error(`${this.name}: ${(await response.text()).trim()}`);
    return response.text();
  }

  worker(): Promise<WorkerClient> {
    // Who asks while a checkpoint is read waits for the same one.
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #load(): Promise<WorkerClient> {
    if (this.#newest === 0) throw new Error(`${this.name}: there is no checkpoint yet; wait for the first one`);
    this.#client ??= new WorkerClient();
    if (this.#loaded !== this.#newest) {
      const wanted = this.#newest;
      const file = await this.#readCheckpoint(this.#newestName);
      if (!file) throw new Error(`${this.name}: its checkpoint cannot be read`);
      this.about = await this.#client.call('load', { file });
      this.task = this.about.task;
      this.#loaded = wanted;
    }
    return this.#client;
  }

  async #readCheckpoint(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const response = await fetch(`${this.#folder}checkpoints/${name}.safetensors`, { cache: 'no-store' });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
  }

  /** Its checkpoints, each after other updates, with a worker apart that has it until the next one is asked for. */
  async *checkpoints(): AsyncGenerator<{ readonly step: number; readonly worker: WorkerClient }, void> {
    const seen = new Set<number>();
    const worker = new WorkerClient();
    try {
      for (const name of [...this.#kept, 'previous', 'best', 'latest']) {
        const file = await this.#readCheckpoint(name);
        if (!file) continue;
        const { step } = await worker.call('load', { file });
        if (!seen.has(step)) yield { step, worker };
        seen.add(step);
      }
    } finally {
      worker.close();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#client?.close();
  }

  async #findLadder(): Promise<void> {
    try {
      const response = await fetch(`${this.#folder}ladder.json`);
      this.ladder = response.ok ? await response.json() : null;
    } catch {
      // Without it the chart has fewer lines.
    }
  }

  async #look(): Promise<void> {
    try {
      const { restarted, events } = await this.#log.read();
      if (restarted) {
        this.forget();
        this.#step = 0;
        this.#kept.clear();
      }
      // A run that has told of itself has said what it is.
      if (this.state === 'opening' && events.length > 0) await this.#readTask();
      for (const event of events) this.#on(event);
      if (this.state === 'opening' && events.length > 0) this.state = 'running';
      this.message = '';
    } catch {
      this.message = 'The folder cannot be reached; the server may have ended. Looking again.';
    }
    this.#timer = window.setTimeout(() => void this.#look(), every);
  }

  #on(event: Readonly<Record<string, unknown>>): void {
    const number = (name: string): number => (typeof event[name] === 'number' ? (event[name] as number) : Number.NaN);
    const step = number('step');
    switch (event.type) {
      case 'start':
        this.state = 'running';
        this.#step = step;
        if (!this.ladder) void this.#findLadder();
        break;
      case 'progress': {
        const each = Math.max(1, step - this.#step);
        this.#step = step;
        const losses = Float32Array.of(number('loss'));
        // Language models count characters, all other tasks examples.
        const speed = [number('charactersPerSecond'), number('examplesPerSecond')].find(Number.isFinite) ?? null;
        this.take({ ...(event as unknown as Extract<WorkerEvent, { type: 'progress' }>), losses, speed }, each);
        break;
      }
      case 'validation':
        this.take({ type: 'validation', step, loss: number('loss'), best: event.best === true });
        break;
      case 'sample':
        if (typeof event.text === 'string') this.take({ type: 'sample', step, text: event.text, kept: true });
        break;
      case 'checkpoint':
        this.#newest++;
        this.#newestName = event.best === true ? 'best' : 'latest';
        if (typeof event.kept === 'string') this.#kept.add(`step-${String(step).padStart(6, '0')}`);
        break;
      case 'done':
        this.state = event.reason === 'finished' ? 'finished' : 'stopped';
        break;
    }
  }
}
