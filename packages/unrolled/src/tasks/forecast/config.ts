import { count, flag, type Kinds, listOfKind, number, oneOf, required } from '../../checks.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { stackKinds } from '../../train/description.ts';
import type { Scaling } from './scaling.ts';

const isText = (value: unknown): boolean => typeof value === 'string';

/** Cell and sizes of a forecaster: plain data. */
export interface ForecasterConfig {
  /** Recurrent cell: a name, a cell of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units in each layer. */
  readonly hidden: number;
  /** L, recurrent layers. */
  readonly layers: number;
  /** Dropout rate between the layers and before the output. */
  readonly dropout: number;
  /** T, steps of history to read. */
  readonly window: number;
  /** S, steps to forecast. */
  readonly horizon: number;
  /** Columns to forecast. Default: all columns. */
  readonly targets?: readonly string[] | undefined;
  /** Predicted distribution of each step: a normal distribution, or quantiles. Default 'gaussian'. */
  readonly output?: 'gaussian' | 'quantiles' | undefined;
  /** In rising order, 0.5 among them. Default 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975. */
  readonly quantiles?: readonly number[] | undefined;
  /**
   * Mean subtracted from the numbers: that of each window, so that a series may drift to new levels; or that of the training
   * part, so that the level of a window counts. Default 'window'.
   */
  readonly centre?: 'window' | 'training' | undefined;
  /** Whether a linear function of the window is added to the recurrent output (Lai 2018, LSTNet). Default true. */
  readonly linear?: boolean | undefined;
}

export const forecasterKinds: Kinds<ForecasterConfig> = {
  ...stackKinds,
  window: required(count),
  horizon: required(count),
  targets: {
    must: 'a list of different names',
    fits: (value) => Array.isArray(value) && value.length > 0 && value.length === new Set(value.filter(isText)).size,
  },
  output: oneOf(['gaussian', 'quantiles']),
  quantiles: listOfKind(number({ above: 0, below: 1 })),
  centre: oneOf(['window', 'training']),
  linear: flag,
};

/** Everything that makes a forecaster besides its parameters. */
export interface ForecasterDescription {
  readonly task: 'forecast';
  readonly config: ForecasterConfig;
  readonly scaling: Scaling;
  /** A factor for each target; see `Forecaster.calibrate`. */
  readonly calibration: readonly number[];
}
