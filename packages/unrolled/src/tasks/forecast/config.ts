import type { CellSource } from '../../nn/cells/registry.ts';
import type { Scaling } from './scaling.ts';

/** Sizes and kind of a forecaster: plain data. */
export interface ForecasterConfig {
  /** Name of the cell, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units in each layer. */
  readonly hidden: number;
  /** L, recurrent layers. */
  readonly layers: number;
  /** Rate of dropout between the layers and before the output. */
  readonly dropout: number;
  /** T, steps of history that are read. */
  readonly window: number;
  /** S, steps that are foretold. */
  readonly horizon: number;
  /** Columns that are foretold. Default: all that are read. */
  readonly targets?: readonly string[];
  /** What is learnt of each step: mean and deviation of a normal distribution, or quantiles. Default 'gaussian'. */
  readonly output?: 'gaussian' | 'quantiles';
  /** Rising, with ½ among them. Default 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975. */
  readonly quantiles?: readonly number[];
  /**
   * What numbers are measured from: each window's own mean, so that a series may drift to where it never was; or the mean
   * of the training part, which keeps how high a window stands. Default 'window'.
   */
  readonly centre?: 'window' | 'training';
  /** Whether a linear function of the window is added to what the cells give (Lai 2018, LSTNet). Default true. */
  readonly linear?: boolean;
}

/** Everything that makes a forecaster besides its parameters. */
export interface ForecasterDescription {
  readonly task: 'forecast';
  readonly config: ForecasterConfig;
  readonly scaling: Scaling;
  /** By target; see `Forecaster.calibrate`. */
  readonly calibration: readonly number[];
}
