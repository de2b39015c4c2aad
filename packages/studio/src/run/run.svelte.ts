import type { NgramLadder } from 'unrolled/tasks/language-model';
import type { WorkerClient } from '../client.ts';
import { LossCurve } from '../loss-curve.ts';
import type { SeriesExample } from '../models/models.ts';
import { NormCurve } from '../norm-curve.ts';
import { bestValidation, overfits, type ValidationLoss } from '../overfitting.ts';
import type { ModelAbout, Progress, WorkerEvent } from '../protocol.ts';

export type RunState = 'opening' | 'running' | 'paused' | 'finished' | 'stopped' | 'failed';

export interface Sample {
  readonly step: number;
  readonly text: string;
}

/** A run as rooms see it, wherever it trains: what is known of it, and a worker with its model. */
export abstract class Run {
  readonly id: string;
  readonly name: string;
  /** Its task, such as `language-model` or `tag`. */
  task = $state('language-model');
  /** Of a language model, before anything else of it is known: its layer over sequences. */
  protected layer = $state('recurrent');
  /** What a language model predicts: a character, a word or a byte pair. */
  token = $state('character');
  state = $state<RunState>('opening');
  /** Why it failed, or where it stands. */
  message = $state('');
  about = $state.raw<ModelAbout | null>(null);
  progress = $state.raw<Progress | null>(null);
  validations = $state.raw<readonly ValidationLoss[]>([]);
  /** The steps that tell the story, first to last. */
  samples = $state.raw<readonly Sample[]>([]);
  /** What it writes now. */
  now = $state.raw<Sample | null>(null);
  /** Of the text it learns, where that is not known to the page itself. */
  ladder = $state.raw<NgramLadder | null>(null);
  curve = new LossCurve();
  /** The gradient's norm before clipping. */
  norms = new NormCurve();
  /** Counts what was added to the curve. */
  version = $state(0);

  constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }

  /** The command that makes the same run. */
  abstract readonly command: string;
  /** What makes another command's answer about this model again: such as `sample`, with what comes after the run. */
  abstract commandFor(verb: string, words: readonly string[]): string;
  /** Inputs to try, of the data of the model itself; none of language models. */
  examples = $state.raw<readonly string[]>([]);
  /** The same for a forecaster: numbers. */
  series = $state.raw<SeriesExample | null>(null);
  /** Whether it can be paused and tuned from here. */
  abstract readonly led: boolean;
  /** A worker that has this run's model as it is now. @throws WorkerFailure if there is none yet */
  abstract worker(): Promise<WorkerClient>;
  abstract close(): void;

  /** Whether the page may read the text it learns. */
  get hasText(): boolean {
    return false;
  }

  /** The text it learns. @throws Error where there is none for the page */
  readText(): Promise<string> {
    throw new Error(`${this.name}: the text it learns is not known here`);
  }

  get best(): ValidationLoss | null {
    return bestValidation(this.validations);
  }

  get overfits(): boolean {
    return overfits(this.validations);
  }

  get ended(): boolean {
    return this.state === 'finished' || this.state === 'stopped' || this.state === 'failed';
  }

  /** Its task, or `transformer`: a language model that some rooms show, and others do not. */
  get kind(): string {
    return (this.about?.layer ?? this.layer) === 'transformer' ? 'transformer' : this.task;
  }

  /** Updates made so far. */
  get step(): number {
    return this.progress?.step ?? this.about?.step ?? 0;
  }

  protected forget(): void {
    this.curve = new LossCurve();
    this.norms = new NormCurve();
    this.version++;
    this.validations = [];
    this.samples = [];
    this.now = null;
    this.progress = null;
  }

  protected take(event: WorkerEvent, each = 1): void {
    switch (event.type) {
      case 'state':
        this.state = event.state;
        this.message = event.message;
        break;
      case 'progress':
        this.curve.add(event.step, event.losses, each);
        this.norms.add(event.step, event.gradientNorm, event.clipped);
        this.version++;
        this.progress = event;
        break;
      case 'validation':
        this.validations = [...this.validations, event];
        break;
      case 'sample':
        this.now = event;
        if (event.kept && this.samples.at(-1)?.step !== event.step) this.samples = [...this.samples, event];
        break;
    }
  }
}
