import type { TypedArray } from '../../backend/backend.ts';
import { ConfigError } from '../../errors.ts';
import { gaussianLoss, quantileLoss } from '../../nn/losses.ts';
import { add, concat, slice, softplus } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ForecasterConfig } from './config.ts';
import { GaussianForecast, levelsOf, QuantileForecast, type TargetForecast } from './prediction.ts';
import type { Scaling } from './scaling.ts';
import type { ForecastWindow } from './windows.ts';

/** Levels of 50, 80 and 95%. */
export const defaultQuantiles: readonly number[] = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];

/** Least deviation of a scaled number: the likelihood of a noiseless series is unbounded. */
const leastDeviation = 1e-3;

/** Scales windows for the network, and turns its outputs into a distribution for each step and target. */
export class Outlook {
  /** P, outputs for each step and target: mean and deviation, or quantiles. */
  readonly parts: number;
  readonly #config: ForecasterConfig;
  readonly #scaling: Scaling;
  readonly #targets: readonly string[];
  /** The column of each target. */
  readonly #places: readonly number[];
  readonly #quantiles: readonly number[] | null;

  constructor(config: ForecasterConfig, scaling: Scaling, targets: readonly string[]) {
    const { output = 'gaussian', quantiles = defaultQuantiles } = config;
    const rising = quantiles.every((q, i) => q > 0 && q < 1 && (i === 0 || q > quantiles[i - 1]));
    if (output === 'quantiles' && !(rising && quantiles.includes(0.5))) {
      throw new ConfigError(
        `forecast: quantiles must rise between 0 and 1, with 0.5 among them, received [${quantiles.join(', ')}]`,
        { quantiles },
      );
    }
    this.#config = config;
    this.#scaling = scaling;
    this.#targets = targets;
    this.#places = targets.map((target) => scaling.columns.findIndex(({ name }) => name === target));
    this.#quantiles = output === 'quantiles' ? quantiles : null;
    this.parts = this.#quantiles?.length ?? 2;
  }

  /** Scaled histories, for the recurrent layers `[T, B, F]` and for the linear function `[B, T·F]`. */
  scale(histories: readonly Float64Array[]): { byStep: Float64Array; byWindow: Float64Array } {
    const [B, F] = [histories.length, this.#scaling.columns.length];
    const size = this.#config.window * F;
    const byStep = new Float64Array(B * size);
    const byWindow = new Float64Array(B * size);
    histories.forEach((history, b) => {
      const centres = this.#scaling.columns.map((_, f) => this.#centre(history, f));
      for (let i = 0; i < size; i++) {
        const [t, f] = [Math.floor(i / F), i % F];
        const value = (history[i] - centres[f]) / this.#unit(f);
        byWindow[b * size + i] = value;
        byStep[(t * B + b) * F + f] = value;
      }
    });
    return { byStep, byWindow };
  }

  /** Actual values, scaled like the windows: `[B, S·K]`. */
  targetsOf(windows: readonly ForecastWindow[]): Float64Array {
    const [F, K, S] = [this.#scaling.columns.length, this.#targets.length, this.#config.horizon];
    const targets = new Float64Array(windows.length * S * K);
    windows.forEach(({ history, future }, b) => {
      this.#places.forEach((f, k) => {
        const centre = this.#centre(history, f);
        for (let h = 0; h < S; h++) targets[(b * S + h) * K + k] = (future[h * F + f] - centre) / this.#unit(f);
      });
    });
    return targets;
  }

  /** A linear forecast `[B, S·K, 1]`, for all quantiles, or for the mean with 0 for the deviation. */
  shift(linear: Tensor): Tensor {
    return this.#quantiles ? linear : concat([linear, linear.device.zeros(linear.shape)], -1);
  }

  /** Mean loss of outputs `[B, S·K, P]` against targets `[B, S·K, 1]`. */
  loss(answers: Tensor, targets: Tensor): Tensor {
    if (this.#quantiles) return quantileLoss(answers, targets, this.#quantiles);
    return gaussianLoss(slice(answers, -1, 0, 1), deviationOf(slice(answers, -1, 1, 2)), targets);
  }

  /** The levels of intervals between quantiles; null: any level. */
  get levels(): readonly number[] | null {
    return this.#quantiles && levelsOf(this.#quantiles);
  }

  /**
   * Distributions in the unit of the series, from outputs `[B, S·K, P]`.
   * @param calibration  factor of the width of intervals, by target
   */
  read(histories: readonly Float64Array[], answers: TypedArray, calibration: readonly number[]): TargetForecast[][] {
    const [K, S, P] = [this.#targets.length, this.#config.horizon, this.parts];
    return histories.map((history, b) =>
      this.#targets.map((target, k) => {
        const f = this.#places[k];
        const [centre, unit] = [this.#centre(history, f), this.#unit(f)];
        const answer = (h: number, p: number): number => answers[((b * S + h) * K + k) * P + p];
        const steps = (of: (h: number) => number): Float64Array => Float64Array.from({ length: S }, (_, h) => of(h));
        if (!this.#quantiles) {
          const deviation = (h: number): number => calibration[k] * unit * positive(answer(h, 1));
          return new GaussianForecast(
            target,
            steps((h) => centre + unit * answer(h, 0)),
            steps(deviation),
          );
        }
        // Quantiles are predicted one by one, so they can cross; sorted they are never worse (Chernozhukov 2010).
        const sorted = Array.from({ length: S }, (_, h) =>
          Float64Array.from({ length: P }, (_, p) => centre + unit * answer(h, p)).sort(),
        );
        const middle = this.#quantiles.indexOf(0.5);
        const bounds = this.#quantiles.map((_, p) =>
          steps((h) => sorted[h][middle] + calibration[k] * (sorted[h][p] - sorted[h][middle])),
        );
        return new QuantileForecast(target, this.#quantiles, bounds);
      }),
    );
  }

  #centre(history: Float64Array, f: number): number {
    if (this.#config.centre === 'training') return this.#scaling.columns[f].mean;
    const F = this.#scaling.columns.length;
    let sum = 0;
    for (let i = f; i < history.length; i += F) sum += history[i];
    return sum / (history.length / F);
  }

  #unit(f: number): number {
    const { deviation, windowDeviation } = this.#scaling.columns[f];
    return this.#config.centre === 'training' ? deviation : windowDeviation;
  }
}

/** softplus(x) + least deviation, of one number. */
const positive = (x: number): number => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))) + leastDeviation;

const deviationOf = (raw: Tensor): Tensor => add(softplus(raw), leastDeviation);
