import { DivergenceError } from 'unrolled';
import {
  generateText,
  type LanguageModel,
  type LanguageModelTraining,
  languageModelTraining,
} from 'unrolled/tasks/language-model';
import { type TrainOptions, train } from 'unrolled/train';
import type { Progress, RunSpec, Tuning, WorkerEvent } from '../protocol.ts';
import { StoppableClock } from './stoppable-clock.ts';

/** Milliseconds between messages to the page, whose drawing takes from the cores that train. */
const tellEvery = 160;
/** The least between samples of what is written now, and how many times as long as a sample takes. */
const [sampleEvery, sampleRest] = [1500, 25];
const sampleLength = 240;
/** A text shorter than this is learned by heart, so a sample starts with its first token and is as long. */
const heart = 100;

/** Whether a sample after so many steps is kept: 0, 1, 2, 5, 10, 20, 50, … */
export function isMilestone(step: number): boolean {
  const leading = step / 10 ** Math.floor(Math.log10(Math.max(1, step)));
  return leading === 0 || leading === 1 || leading === 2 || leading === 5;
}

/** Steps between validations: some four an epoch, within reason. That of a short text takes as long as ten steps. */
const validateEvery = (stepsPerEpoch: number): number => Math.min(500, Math.max(60, Math.round(stepsPerEpoch / 4)));

/** A run under interactive control: it can be paused, stepped and tuned. */
export class TrainingRun {
  step = 0;
  readonly #model: LanguageModel;
  readonly #task: LanguageModelTraining;
  readonly #spec: RunSpec;
  /** What samples begin with, and how long they are. */
  readonly #sampled: { readonly prompt: string; readonly length: number };
  readonly #tell: (event: WorkerEvent) => void;
  readonly #stopping = new AbortController();
  readonly #clock = new StoppableClock();
  /** The loop reads it before every step. */
  readonly #options: { learningRate: number };
  #temperature: number;
  #pace: number;
  /** Steps that may still be made before a pause. */
  #allowed = 0;
  #wake: () => void = () => {};
  #losses: number[] = [];
  #told = 0;
  #sampledAt = 0;
  /** Whether a sample was asked for. */
  #asked = false;
  #sampleCost = 0;
  /** The parameters at the best validation so far. */
  #best: {
    readonly step: number;
    readonly parameters: Awaited<ReturnType<LanguageModel['parameters']['save']>>;
  } | null = null;

  constructor(
    model: LanguageModel,
    tokens: Int32Array,
    spec: RunSpec,
    { learningRate = spec.lr, temperature = 0.8, pace = 0 }: Tuning,
    tell: (event: WorkerEvent) => void,
  ) {
    const { batch, seq: steps, seed } = spec;
    const every = validateEvery(Math.floor((0.9 * tokens.length) / batch / steps));
    const validationTokens = Math.round(0.3 * every * batch * steps);
    this.#task = languageModelTraining(model, tokens, { batch, steps, seed, validationTokens });
    this.#model = model;
    this.#spec = spec;
    const short = tokens.length < heart;
    this.#sampled = short
      ? { prompt: model.tokenizer.decode(tokens.subarray(0, 1)), length: tokens.length - 1 }
      : { prompt: '', length: sampleLength };
    this.#tell = tell;
    this.#options = { learningRate };
    this.#temperature = temperature;
    this.#pace = pace;
  }

  tune({ learningRate, temperature, pace }: Tuning): void {
    if (learningRate !== undefined) this.#options.learningRate = learningRate;
    if (pace !== undefined) this.#pace = pace;
    if (temperature !== undefined && temperature !== this.#temperature) {
      this.#temperature = temperature;
      // Between two steps, where there are any: the parameters must not change within a sample.
      if (this.#ended) void this.#sample(false);
      else this.#asked = true;
    }
    this.#wake();
  }

  run(): void {
    this.#allow(Infinity);
  }

  pause(): void {
    this.#allow(0);
  }

  stepOnce(): void {
    this.#allow(1);
  }

  stop(): void {
    this.#stopping.abort();
    this.#allow(0);
  }

  /** Ends the run with the parameters of the best validation; with the last ones where there was none. */
  async stopAtBest(): Promise<void> {
    this.#returns = true;
    this.stop();
    // One that has ended has nobody else to do it.
    if (this.#ended) await this.#returnToBest();
  }

  #returns = false;
  #ended = false;

  async #returnToBest(): Promise<void> {
    if (!this.#best || this.#best.step === this.step) return;
    this.#model.parameters.load(this.#best.parameters);
    this.step = this.#best.step;
    await this.#sample(false);
    this.#state('stopped', `Back at update ${this.step.toLocaleString('en-US')}, the best validation loss`);
  }

  #allow(steps: number): void {
    this.#allowed = steps;
    this.#wake();
  }

  /** Trains to the end of the run; errors are reported as a state, never thrown. */
  async lead(): Promise<void> {
    const { optimizer, schedule, clipNorm, seed, steps } = this.#spec;
    try {
      await this.#sample(true);
      await this.#gate();
      const fixed: Omit<TrainOptions, 'learningRate'> = {
        optimizer: { method: optimizer },
        schedule,
        clipNorm,
        seed,
        steps: steps > 0 ? steps : undefined,
        progressEvery: 1,
        validateEvery: validateEvery(this.#task.stepsPerEpoch),
        sampleEvery: 0,
        checkpointEvery: 0,
        signal: this.#stopping.signal,
        clock: () => this.#clock.now(),
      };
      const events = train(this.#task, Object.assign(this.#options, fixed));
      for await (const event of events) {
        if (event.type === 'progress') {
          this.step = event.step;
          this.#losses.push(event.loss);
          this.#allowed--;
          const { itemsPerSecond, ...others } = event;
          this.#progress({ ...others, speed: itemsPerSecond, losses: new Float32Array(0) });
          const rest = Math.max(sampleEvery, sampleRest * this.#sampleCost);
          if (isMilestone(event.step)) await this.#sample(true);
          else if (this.#asked || performance.now() - this.#sampledAt > rest) await this.#sample(false);
          await this.#gate();
        } else if (event.type === 'validation') {
          if (event.best) this.#best = { step: event.step, parameters: await this.#model.parameters.save() };
          this.#tell({ type: 'validation', step: event.step, loss: event.loss, best: event.best });
        } else if (event.type === 'done') {
          this.#tellProgress();
          await this.#sample(false);
          this.#ended = true;
          this.#state(event.reason === 'finished' ? 'finished' : 'stopped');
          if (this.#returns) await this.#returnToBest();
        }
      }
    } catch (error) {
      this.#tellProgress();
      const known = error instanceof DivergenceError;
      if (!known) console.warn(error);
      this.#state('failed', error instanceof Error ? error.message : String(error));
    }
  }

  /** Waits while paused, and between steps where there is a pace. */
  async #gate(): Promise<void> {
    const until = this.#pace > 0 ? performance.now() + 1000 / this.#pace : 0;
    if (this.#allowed > 0 && until === 0) return this.#show('running');
    this.#tellProgress();
    this.#clock.stop();
    while (!this.#stopping.signal.aborted) {
      const paused = this.#allowed <= 0;
      const left = until - performance.now();
      if (!paused && (left <= 0 || this.#pace === 0)) break;
      if (this.#asked || (paused && this.#shown !== 'paused')) {
        await this.#sample(false);
        // It may have been woken meanwhile.
        if (this.#allowed <= 0) this.#show('paused');
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (!paused) setTimeout(resolve, left);
      });
    }
    if (!this.#stopping.signal.aborted) this.#show('running');
    this.#clock.go();
  }

  #shown: 'running' | 'paused' | null = null;

  /** Says so where the page was last told otherwise. */
  #show(state: 'running' | 'paused'): void {
    if (this.#shown !== state) this.#state(state);
    this.#shown = state;
  }

  #last: Progress | null = null;
  /** Steps since the page was told, whose gradient was clipped. */
  #clipped = 0;

  #progress(progress: Progress): void {
    this.#last = progress;
    this.#clipped += progress.clipped;
    if (performance.now() - this.#told > tellEvery) this.#tellProgress();
  }

  #tellProgress(): void {
    if (!this.#last || this.#losses.length === 0) return;
    const clipped = this.#clipped / this.#losses.length;
    this.#tell({ ...this.#last, type: 'progress', clipped, losses: Float32Array.from(this.#losses) });
    this.#losses = [];
    this.#clipped = 0;
    this.#told = performance.now();
  }

  async #sample(kept: boolean): Promise<void> {
    this.#asked = false;
    const began = performance.now();
    const { prompt, length } = this.#sampled;
    const seed = this.#spec.seed + this.step;
    const options = { prompt, length, temperature: this.#temperature, seed };
    const text = prompt + (await generateText(this.#model, options));
    this.#sampledAt = performance.now();
    this.#sampleCost = this.#sampledAt - began;
    this.#tell({ type: 'sample', step: this.step, text, kept });
  }

  #state(state: Extract<WorkerEvent, { type: 'state' }>['state'], message = ''): void {
    this.#tell({ type: 'state', state, message });
  }
}
