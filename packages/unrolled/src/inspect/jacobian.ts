import { gradients } from '../autodiff/gradients.ts';
import type { TypedArray } from '../backend/backend.ts';
import { ConfigError } from '../errors.ts';
import type { CellState } from '../nn/cells/cell.ts';
import type { StackState } from '../nn/sequence-layer.ts';
import { broadcastTo, concat, reshape, slice } from '../ops/index.ts';
import { sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Decomposition, type Spectrum, spectrumOf } from './decomposition.ts';
import type { Inspected } from './inspected.ts';
import { norm } from './norm.ts';

/** Place of a layer in the states of a stack: l0, l0 reverse, l1, … */
interface Place {
  readonly layer: number;
  readonly reverse: boolean;
}

/** The parts of a state of one row. */
type RowState = Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;

/** The states of row 0 along a sequence, for taking single steps anywhere in it. */
export class Trajectory {
  readonly inspected: Inspected;
  readonly places: readonly Place[];
  /** By place and step: the parts of the state, one row. */
  readonly #states: readonly (readonly RowState[])[];

  private constructor(inspected: Inspected, places: readonly Place[], states: readonly (readonly RowState[])[]) {
    this.inspected = inspected;
    this.places = places;
    this.#states = states;
  }

  /** Runs the batch and reads its states. */
  static async read(inspected: Inspected): Promise<Trajectory> {
    const { device } = inspected;
    const places: Place[] = [];
    const states: RowState[][] = [];
    const reads: Promise<void>[] = [];
    device.withoutGradients(() =>
      device.scope(() => {
        inspected.losses((layer, reverse) => {
          const index = places.push({ layer, reverse }) - 1;
          states.push([]);
          return {
            step(t, { state }) {
              const parts = Object.entries(state).map(async ([name, part]) => {
                const row = slice(part, 0, 0, 1);
                return [name, { shape: row.shape, data: await row.read() }] as const;
              });
              const all = Promise.all(parts).then((rows) => {
                states[index][t] = Object.fromEntries(rows);
              });
              reads.push(all);
            },
          };
        });
      }),
    );
    await Promise.all(reads);
    return new Trajectory(inspected, places, states);
  }

  /** S, size of the state of one row at a place. */
  size(place: number): number {
    return Object.values(this.#states[place][0]).reduce((total, { shape }) => total + sizeOf(shape), 0);
  }

  /** The steps that have a step before them, in the order in which they are walked at a place. */
  steps(place: number): number[] {
    const all = Array.from({ length: this.inspected.steps - 1 }, (_, i) => i + 1);
    return this.places[place].reverse ? all.map((t) => this.inspected.steps - 1 - t) : all;
  }

  /** All states before step t. At the ends of a sequence, where there is none, that after it stands in. */
  before(t: number): StackState {
    const { device, steps } = this.inspected;
    return this.#states.map((byStep, place) => {
      const source = Math.min(steps - 1, Math.max(0, this.places[place].reverse ? t + 1 : t - 1));
      return Object.fromEntries(
        Object.entries(byStep[source]).map(([name, { shape, data }]) => [name, device.tensor(data, shape)]),
      );
    });
  }
}

/**
 * The Jacobian J_t = ∂s_t/∂s_{t−1} of one step of one layer and direction, `[S, S]`, where s is its whole state, its parts
 * one after the other as the cell names them. It takes one pass over a batch of S rows: each row is asked for the
 * gradient of another element of s_t.
 * @param place  index in `trajectory.places`
 * @param t  from 1 (in a reverse layer: to T − 2)
 */
export function stepJacobian(trajectory: Trajectory, place: number, t: number): Tensor {
  const { inspected } = trajectory;
  const { device } = inspected;
  if (!trajectory.steps(place).includes(t)) {
    throw new ConfigError(`step Jacobian: there is no step ${t} with one before it in ${inspected.steps} steps`, { t });
  }
  const S = trajectory.size(place);
  return device.scope(() => {
    const repeated = trajectory.before(t).map((parts) => mapParts(parts, (part) => repeat(part, S)));
    const tracked = mapParts(repeated[place], (part) => part.track());
    const after = inspected.next(t, repeated.with(place, tracked));
    const found = gradients(flat(after[place]), Object.values(tracked), identity(device, S));
    return flat(found);
  });
}

const repeat = (part: Tensor, rows: number): Tensor => broadcastTo(part, [rows, ...part.shape.slice(1)]);

function mapParts(state: CellState, change: (part: Tensor) => Tensor): CellState {
  return Object.fromEntries(Object.entries(state).map(([name, part]) => [name, change(part)]));
}

/** Parts `[B, …]` concatenated, `[B, S]`. */
function flat(parts: CellState | readonly Tensor[]): Tensor {
  return concat(
    Object.values(parts).map((part: Tensor) => reshape(part, [part.shape[0], part.size / part.shape[0]])),
    -1,
  );
}

function identity(device: Device, size: number): Tensor {
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) values[i * size + i] = 1;
  return device.tensor(values, [size, size]);
}

/** A product of k Jacobians, J_t · J_{t−1} ⋯ J_{t−k+1} = ∂s_t/∂s_{t−k}. Logarithms are natural. */
export interface ProductSpectrum {
  /** k. */
  readonly lag: number;
  readonly logLargest: number;
  /** Null where it is lost in the rounding of the largest. */
  readonly logSmallest: number | null;
  /** σ_max^(1/k), the average growth per step: its logarithm tends to the largest Lyapunov exponent. */
  readonly growthPerStep: number;
}

export interface JacobianSpectrum extends Place {
  /** S. */
  readonly size: number;
  /** Jacobians of single steps along the sequence. */
  readonly steps: readonly ({ readonly t: number } & Spectrum)[];
  /** Back from the last step, at lags 1, 2, 4, … and the last; they end where the product is 0. */
  readonly products: readonly ProductSpectrum[];
}

export interface JacobianOptions {
  /** Number of single steps. Default 1. */
  readonly steps?: number;
  /** Steps of the longest product. Default 64, or as many as there are. */
  readonly lags?: number;
}

/** The spectra of step Jacobians and of their products along a sequence, for one layer and direction. */
export async function jacobianSpectrum(
  trajectory: Trajectory,
  place: number,
  decomposition: Decomposition,
  { steps: count = 1, lags: longest = 64 }: JacobianOptions = {},
): Promise<JacobianSpectrum> {
  const walked = trajectory.steps(place);
  if (walked.length === 0) throw new ConfigError('Jacobian: the sequence must have at least two steps');
  const { device } = trajectory.inspected;
  const size = trajectory.size(place);
  const shown = Array.from({ length: count }, (_, i) => walked[Math.floor(((i + 0.5) * walked.length) / count)]);
  const steps: ({ t: number } & Spectrum)[] = [];
  for (const t of new Set(shown)) {
    const data = await device.read(() => stepJacobian(trajectory, place, t));
    steps.push({ t, ...spectrumOf({ size, data }, decomposition) });
  }

  const lags = Math.min(longest, walked.length);
  const products: ProductSpectrum[] = [];
  // The product is kept at norm 1, so that it neither overflows nor fades; its size is kept beside it.
  let logScale = 0;
  let product: Tensor | null = null;
  for (let lag = 1; lag <= lags; lag++) {
    const [next, numbers]: [Tensor, TypedArray] = await device.carryAndRead<Tensor, Tensor>(product, (before) => {
      const jacobian = stepJacobian(trajectory, place, walked[walked.length - lag]);
      const made = before === null ? jacobian : before.matmul(jacobian);
      return [made, made];
    });
    product = next;
    const length = norm(numbers);
    if (!(length > 0 && Number.isFinite(length))) break;
    logScale += Math.log(length);
    product = device.keep(device.carry(product, (one) => one!.mul(1 / length)));
    if ((lag & (lag - 1)) !== 0 && lag !== lags) continue;
    const values = decomposition.singularValues({ size, data: await product.read() });
    const [largest, smallest] = [values[0], values[values.length - 1]];
    const rounding = size * largest * (device.float === 'float32' ? 2 ** -23 : 2 ** -52);
    const logLargest = logScale + Math.log(largest);
    products.push({
      lag,
      logLargest,
      logSmallest: smallest > rounding ? logScale + Math.log(smallest) : null,
      growthPerStep: Math.exp(logLargest / lag),
    });
  }
  device.release(product);
  return { ...trajectory.places[place], size, steps, products };
}
