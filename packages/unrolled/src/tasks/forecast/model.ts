import { anything, requireOptions, shown } from '../../checks.ts';
import { ConfigError, DataError, ShapeError } from '../../errors.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { cellNameOf, withCell } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { add } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { StopSignal } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { type ForecasterConfig, type ForecasterDescription, forecasterKinds } from './config.ts';
import { forecasterDescription } from './description.ts';
import { Outlook } from './outlook.ts';
import { stretchOf, type TargetForecast } from './prediction.ts';
import type { Scaling } from './scaling.ts';
import { rowsOf, type Series } from './series.ts';
import type { ForecastWindow } from './windows.ts';

export interface ForecastOptions {
  readonly signal?: StopSignal | undefined;
}

/** Most windows in a batch at inference. */
const rowsAtOnce = 256;

/**
 * A recurrent network that reads T steps of F columns and forecasts S steps of K of them, all at once:
 *
 *     x̃_t = (x_t − centre) / scale;   h_t = cells(x̃_t, h_{t−1});   ỹ = W h_T + b + A [x̃_1 … x̃_T]
 *
 * ỹ holds for each step and column the mean and softplus⁻¹ of the standard deviation of a normal distribution, or quantiles; A
 * adds to the mean, or to all quantiles. Parameters: `<cell>.weight_ih_l0` … as in PyTorch, `output.weight` [S·K·P, H],
 * `output.bias`, and `linear.weight` [S·K, T·F].
 *
 * @example
 * const forecaster = Forecaster.load(device, bytes);
 * const [demand] = await forecaster.forecast({ demand: history });
 * console.log(demand.values, demand.interval(0.8));
 */
export class Forecaster {
  readonly config: ForecasterConfig;
  readonly scaling: Scaling;
  /** Names of the columns it reads, and of those it forecasts. */
  readonly columns: readonly string[];
  readonly targets: readonly string[];
  readonly device: Device;
  readonly parameters: Parameters;
  readonly #recurrent: Recurrent;
  readonly #dropout: Dropout;
  readonly #output: Linear;
  readonly #linear: Linear | null;
  readonly #outlook: Outlook;
  #calibration: readonly number[];

  /** @throws ConfigError on an unknown option, or one out of range */
  constructor(device: Device, scaling: Scaling, config: ForecasterConfig, initial: number | SavedParameters = 1) {
    requireOptions('forecaster', config, forecasterKinds);
    const { cell, hidden, layers, dropout, horizon, linear = true } = config;
    this.device = device;
    this.config = config;
    this.scaling = scaling;
    this.columns = scaling.columns.map(({ name }) => name);
    this.targets = config.targets ?? this.columns;
    const unknown = this.targets.find((name) => !this.columns.includes(name));
    if (unknown !== undefined || this.targets.length === 0) {
      throw new ConfigError(
        this.targets.length === 0
          ? 'forecast: no column to forecast'
          : `forecast: no column '${unknown}' to forecast; the columns are ${this.columns.slice(0, 12).join(', ')}`,
      );
    }
    this.#outlook = new Outlook(config, scaling, this.targets);
    this.#calibration = this.targets.map(() => 1);
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout });
    this.#dropout = new Dropout({ rate: dropout });
    const answers = horizon * this.targets.length;
    this.#output = new Linear({ units: answers * this.#outlook.parts });
    this.#linear = linear ? new Linear({ units: answers, bias: false, weight: { kind: 'constant', value: 0 } }) : null;
    this.parameters = initialiseParameters(this, [-1, -1, this.columns.length], device, initial);
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters
   */
  static from(
    device: Device,
    description: ForecasterDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): Forecaster {
    const { config, scaling, calibration } = forecasterDescription(description, 'model');
    const forecaster = new Forecaster(device, scaling, withCell(config, own), initial);
    forecaster.#calibration = calibration;
    return forecaster;
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Forecaster {
    return loadModel(source, 'forecast', (description, parameters) =>
      Forecaster.from(device, description as ForecasterDescription, own, parameters),
    );
  }

  describe(): ForecasterDescription {
    const { config, scaling } = this;
    return { task: 'forecast', config, scaling, calibration: this.#calibration };
  }

  /** The levels of its intervals; null: any level between 0 and 1. */
  get levels(): readonly number[] | null {
    return this.#outlook.levels;
  }

  build(inputs: Shape, declarations: Declarations): Shape {
    const hidden = this.#recurrent.build(inputs, declarations.within(cellNameOf(this.config.cell)));
    this.#linear?.build([-1, this.config.window * this.columns.length], declarations.within('linear'));
    return this.#output.build([-1, hidden.at(-1)!], declarations.within('output'));
  }

  /** The recorded mean loss of windows: nats of a scaled number, or the mean pinball loss of scaled quantiles. */
  loss(windows: readonly ForecastWindow[], context: Context): Tensor {
    const targets = this.#outlook.targetsOf(windows);
    const answers = this.apply(
      windows.map(({ history }) => history),
      context,
    );
    return this.#outlook.loss(answers, this.device.tensor(targets, [windows.length, answers.shape[1], 1]));
  }

  /** Scaled answers `[B, S·K, P]` to histories, each `[T, F]` row after row. */
  apply(histories: readonly Float64Array[], context: Context = inference): Tensor {
    const [T, F, B] = [this.config.window, this.columns.length, histories.length];
    const { byStep, byWindow } = this.#outlook.scale(histories);
    const { outputs } = this.#recurrent.run(this.device.tensor(byStep, [T, B, F]), context); // [T, B, H]
    const answers = this.#output
      .apply(this.#dropout.apply(outputs.at(-1), context))
      .reshape([B, -1, this.#outlook.parts]);
    if (!this.#linear) return answers;
    const linear = this.#linear.apply(this.device.tensor(byWindow, [B, T * F])).reshape([B, -1, 1]);
    return add(answers, this.#outlook.shift(linear));
  }

  /**
   * Forecasts the S steps after a history, for each target. Only the last T steps of the history are read.
   * @param history  the columns by name, or the numbers alone if there is one column
   * @throws DataError if a column is missing, shorter than T steps, or has gaps
   */
  async forecast(history: Series | ArrayLike<number>, options: ForecastOptions = {}): Promise<TargetForecast[]> {
    return (await this.predict([history], options))[0];
  }

  /**
   * As `forecast`, of many histories in batches: the results are those of each alone, to the bit unless a BLAS is used.
   * @throws as `forecast`; ConfigError on an unknown option; the signal's reason if it is aborted
   */
  async predict(
    histories: readonly (Series | ArrayLike<number>)[],
    options: ForecastOptions = {},
  ): Promise<TargetForecast[][]> {
    return this.predictWindows(
      histories.map((history) => this.#lastWindow(history)),
      options,
    );
  }

  /** Forecasts from windows `[T, F]`, in rows. @throws ShapeError if a window has another length than T·F */
  async predictWindows(windows: readonly Float64Array[], options: ForecastOptions = {}): Promise<TargetForecast[][]> {
    requireOptions<ForecastOptions>('forecast', options, { signal: anything });
    const [T, F] = [this.config.window, this.columns.length];
    const odd = windows.find(({ length }) => length !== T * F);
    if (odd) {
      throw new ShapeError(
        `forecast: a window must have [${T}, ${F}] numbers, ${T * F} in all, received ${odd.length}`,
        {
          ...{ window: T, columns: F, received: odd.length },
        },
      );
    }
    return this.#predict(windows, this.#calibration, options.signal);
  }

  /**
   * Widens intervals so that 80% intervals cover 80% of windows outside the training part (split conformal prediction; Romano
   * 2019): a factor for each target, the 0.8-quantile of |y − middle| / |bound − middle|, at least 1. A network fits its training
   * part too well, so that its own intervals are too narrow elsewhere. `forecasterTraining` does this at each validation.
   *
   * @returns  the forecasts of these windows, with uncalibrated intervals
   */
  async calibrate(windows: readonly ForecastWindow[], { signal }: ForecastOptions = {}): Promise<TargetForecast[][]> {
    const histories = windows.map(({ history }) => history);
    const uncalibrated = this.targets.map(() => 1);
    const forecasts = await this.#predict(histories, uncalibrated, signal);
    const level = this.calibratedLevel;
    if (level !== null && windows.length > 0) {
      this.#calibration = this.targets.map((target, k) => {
        const own = forecasts.map((forecast) => forecast[k]);
        const actual = windows.map(({ future }) => this.futureOf(target, future));
        return Math.max(1, stretchOf(own, actual, level));
      });
    }
    return forecasts;
  }

  /** The level of calibration: 0.8, or the nearest one; null where there are no intervals. */
  get calibratedLevel(): number | null {
    if (this.levels === null) return 0.8;
    return this.levels.toSorted((a, b) => Math.abs(a - 0.8) - Math.abs(b - 0.8))[0] ?? null;
  }

  /** S values of a target, from S rows of all columns. */
  futureOf(target: string, rows: Float64Array): Float64Array {
    const [F, f] = [this.columns.length, this.columns.indexOf(target)];
    return Float64Array.from({ length: rows.length / F }, (_, h) => rows[h * F + f]);
  }

  async #predict(
    windows: readonly Float64Array[],
    calibration: readonly number[],
    signal: StopSignal | undefined,
  ): Promise<TargetForecast[][]> {
    const { device } = this;
    const results: TargetForecast[][] = [];
    for (let start = 0; start < windows.length; start += rowsAtOnce) {
      await breathe(signal);
      const some = windows.slice(start, start + rowsAtOnce);
      const answers = await device.read(() => device.withoutGradients(() => this.apply(some)));
      results.push(...this.#outlook.read(some, answers, calibration));
    }
    return results;
  }

  #lastWindow(history: Series | ArrayLike<number>): Float64Array {
    const { window: T } = this.config;
    if (typeof history !== 'object' || history === null) {
      throw new DataError(`forecast: takes columns by name, or an array of numbers, received ${shown(history)}`);
    }
    const alone = typeof (history as ArrayLike<number>).length === 'number';
    if (alone && this.columns.length > 1) {
      throw new DataError(`forecast: the model reads ${this.columns.slice(0, 12).join(', ')}; give each by its name`);
    }
    const series = alone ? { [this.columns[0]]: history as ArrayLike<number> } : (history as Series);
    const { length, values } = rowsOf(series, this.columns, T);
    if (length < T) {
      throw new DataError(`forecast: the history has ${length} steps, the model reads ${T}; give a longer one`, {
        length,
        window: T,
      });
    }
    return values;
  }
}
