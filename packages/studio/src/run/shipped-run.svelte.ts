import type { NgramLadder } from 'unrolled/tasks/language-model';
import { WorkerClient } from '../client.ts';
import type { SeriesExample, ShippedModel } from '../models/models.ts';
import type { ValidationLoss } from '../overfitting.ts';
import type { RunSpec } from '../protocol.ts';
import { commandAbout, commandOf } from './command.ts';
import { Run } from './run.svelte.ts';

/** The course of a training, as tools/studio-models.ts writes it. */
export interface TrainingRecord {
  readonly spec: RunSpec;
  /** Updates of the model in the file: those with the best validation loss. */
  readonly step: number;
  /** Step, loss, gradient norm, and the share of updates that were clipped. */
  readonly progress: readonly (readonly number[])[];
  readonly validations: readonly ValidationLoss[];
  readonly samples: readonly { readonly step: number; readonly text: string }[];
  readonly ladder: NgramLadder;
}

interface Examples {
  readonly examples: readonly string[] | SeriesExample;
}

/** A small trained model that comes with the page; its file is fetched when a room first looks into it. */
export class ShippedRun extends Run {
  readonly led = false;
  readonly shipped = true;
  readonly learnedFrom: string;
  /** Of a language model; known once its record was read. */
  spec = $state.raw<RunSpec | null>(null);
  readonly #model: ShippedModel;
  #client: WorkerClient | null = null;
  #loading: Promise<WorkerClient> | null = null;
  #recorded: Promise<void> | null = null;

  constructor(model: ShippedModel) {
    super(model.id, model.name);
    this.#model = model;
    this.task = model.task;
    this.state = 'finished';
    this.learnedFrom = model.about;
  }

  get command(): string {
    return this.spec ? commandOf(this.spec, this.#model.textName ?? '') : `npx unrolled eval ${this.#model.path}`;
  }

  commandFor(verb: string, words: readonly string[]): string {
    return commandAbout(verb, this.#model.path, words);
  }

  override get hasText(): boolean {
    return this.#model.text !== undefined;
  }

  override readText(): Promise<string> {
    return this.#model.text?.() ?? super.readText();
  }

  /** The last update of its training, as far as its record is there. */
  #trained = $state(0);

  override get step(): number {
    return super.step || this.#trained;
  }

  worker(): Promise<WorkerClient> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Reads how it was trained, or its example inputs: once, and only where a room shows them. */
  recall(): Promise<void> {
    this.#recorded ??= this.#recall();
    return this.#recorded;
  }

  close(): void {
    this.#client?.close();
  }

  async #load(): Promise<WorkerClient> {
    try {
      const client = new WorkerClient();
      const { default: url } = await this.#model.file();
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${this.name}: its file cannot be loaded; reload the page`);
      this.about = await client.call('load', { file: new Uint8Array(await response.arrayBuffer()) });
      this.#client = client;
      return client;
    } catch (error) {
      this.#loading = null;
      throw error;
    }
  }

  async #recall(): Promise<void> {
    const record = JSON.parse((await this.#model.record()).default) as TrainingRecord | Examples;
    if ('examples' in record) {
      const { examples } = record;
      if ('columns' in examples) this.series = examples;
      else this.examples = examples;
      return;
    }
    const { spec, progress, validations, samples, ladder } = record;
    this.spec = spec;
    let before = 0;
    for (const [step, loss, norm, clipped] of progress) {
      this.curve.add(step, [loss], step - before);
      this.norms.add(step, norm, clipped);
      before = step;
    }
    this.validations = validations;
    this.samples = samples;
    this.ladder = ladder;
    this.#trained = before;
    this.version++;
  }
}
