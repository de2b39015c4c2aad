import type { TrainerState } from './checkpoint.ts';
import type { ProgressEvent } from './events.ts';
import type { TrainOptions } from './options.ts';
import type { Update } from './update.ts';

/** How far a run is: its updates, its time, and what happened since the last progress event. */
export class Progress {
  /** Updates so far, and how many there will be; Infinity if only time ends the run. */
  step: number;
  readonly lastStep: number;
  /** Seconds that the run took, as its user sees them. */
  elapsed: number;
  firstLoss: number | null;
  lastLoss: number | null = null;
  readonly #options: TrainOptions;
  readonly #clock: () => number;
  readonly #began: number;
  #since: TrainerState['sinceProgress'];
  #norm = Number.NaN;
  // The speed counts updates alone, without validations.
  #started = 0;
  #items = 0;
  #itemSeconds = 0;
  #itemsOfUpdate = 1;

  constructor(batchesPerEpoch: number, options: TrainOptions) {
    const { steps = Infinity, epochs = Infinity, accumulate = 1, clock = () => performance.now() } = options;
    const from = options.resume?.trainer;
    this.#options = options;
    this.#clock = clock;
    this.#began = clock() - 1000 * (from?.secondsElapsed ?? 0);
    this.elapsed = (clock() - this.#began) / 1000;
    this.step = from?.step ?? 0;
    this.lastStep = Math.min(steps, Math.ceil((epochs * batchesPerEpoch) / accumulate));
    this.firstLoss = from?.firstLoss ?? null;
    this.#since = { loss: 0, clipped: 0, steps: 0, ...from?.sinceProgress };
  }

  /** The last step, where known. */
  get steps(): number | null {
    return Number.isFinite(this.lastStep) ? this.lastStep : null;
  }

  get #secondsLimit(): number {
    return this.#options.seconds ?? Infinity;
  }

  /** The share of the run that is done, in [0, 1]. */
  get fraction(): number {
    return Math.max(this.step / this.lastStep, this.elapsed / this.#secondsLimit);
  }

  get ended(): boolean {
    return this.step >= this.lastStep || this.elapsed >= this.#secondsLimit;
  }

  /** Whether something that happens every so many steps, and at the end, happens now. */
  due(every: number): boolean {
    return every > 0 && (this.step % every === 0 || this.ended);
  }

  start(): void {
    this.#started = this.#clock();
  }

  /** Counts an update that began with `start`. */
  count({ loss, norm, items }: Update): void {
    const { clipNorm = 0 } = this.#options;
    const { loss: sum, clipped, steps } = this.#since;
    this.step++;
    this.lastLoss = loss;
    this.firstLoss ??= loss;
    this.#norm = norm;
    this.#since = {
      loss: sum + loss,
      clipped: clipped + Number(clipNorm > 0 && norm > clipNorm),
      steps: steps + 1,
    };
    const now = this.#clock();
    this.elapsed = (now - this.#began) / 1000;
    this.#items += items;
    this.#itemsOfUpdate = items;
    this.#itemSeconds += (now - this.#started) / 1000;
  }

  /** The event of what happened since the last one. */
  event(epoch: number, learningRate: number, validationLoss: number | null): ProgressEvent {
    const { loss, clipped, steps } = this.#since;
    const event: ProgressEvent = {
      type: 'progress',
      step: this.step,
      steps: this.steps,
      epoch,
      loss: loss / steps,
      validationLoss,
      gradientNorm: this.#norm,
      clipped: clipped / steps,
      learningRate,
      itemsPerSecond: this.#items / this.#itemSeconds,
      secondsElapsed: this.elapsed,
      secondsLeft: this.#secondsLeft,
    };
    this.#since = { loss: 0, clipped: 0, steps: 0 };
    // The speed of the recent past, not of the whole run.
    this.#items *= 0.8;
    this.#itemSeconds *= 0.8;
    return event;
  }

  get #secondsLeft(): number | null {
    const secondsPerStep = this.#itemSeconds / (this.#items / this.#itemsOfUpdate);
    const left = Math.min((this.lastStep - this.step) * secondsPerStep, this.#secondsLimit - this.elapsed);
    return Number.isFinite(left) ? Math.max(0, left) : null;
  }

  /** Its part of a checkpoint. */
  save(): Pick<TrainerState, 'step' | 'secondsElapsed' | 'sinceProgress' | 'firstLoss'> {
    return { step: this.step, secondsElapsed: this.elapsed, sinceProgress: this.#since, firstLoss: this.firstLoss };
  }
}
