import { gradients } from '../autodiff/gradients.ts';
import { count, requireKind, whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { at, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Decay, decayOf, describeDecay } from './decay.ts';
import type { Inspected } from './inspected.ts';
import { norm } from './norm.ts';

export interface GradientFlowOptions {
  /** K, how many steps to look back. Default 100, or half of the sequence if that is less. */
  readonly lags?: number;
  /** Number of steps t whose loss is taken, spread over the sequence. Default 12. */
  readonly positions?: number;
}

/** Norms by lag k = 0 … K, over positions and rows. */
export interface NormsByLag {
  readonly mean: readonly number[];
  /** 10th, 50th and 90th percentile of the norms. */
  readonly low: readonly number[];
  readonly median: readonly number[];
  readonly high: readonly number[];
}

export interface LayerFlow {
  readonly layer: number;
  readonly reverse: boolean;
  /** ‖∂L_t/∂s_{t−k}‖ for the whole state s. */
  readonly norms: NormsByLag;
  /** The same for each part of the state, such as h and c. */
  readonly parts: Readonly<Record<string, NormsByLag>>;
  /** The mean over the rows for each position t (as in `GradientFlow.positions`) and lag k. */
  readonly byPosition: readonly (readonly number[])[];
  /** How the mean norm changes with the lag. */
  readonly decay: Decay;
}

export interface GradientFlow {
  /** K. */
  readonly lags: number;
  /** The steps t whose losses were taken. */
  readonly positions: readonly number[];
  readonly layers: readonly LayerFlow[];
}

/** Norms by position, lag and row. */
type Norms = number[][][];

/**
 * How the gradient of one step's loss fades or grows on its way back: the norm of ∂L_t/∂h_{t−k} by lag k, for every
 * layer and direction and each part of its state,
 *
 *     ∂L_t/∂h_{t−k} = Π_{i=t−k+1..t} (∂h_i/∂h_{i−1})ᵀ ∂L_t/∂h_t
 *
 * measured by one backward pass for each of a few steps t. In a backward layer, lag k is step t + k.
 * In a layer under others, the gradient arrives through the layers above as well.
 * @throws ConfigError if the sequence is too short for the lags, or the model does not pass the probes on
 */
export async function gradientFlow(inspected: Inspected, options: GradientFlowOptions = {}): Promise<GradientFlow> {
  const { device, steps, bidirectional = false } = inspected;
  const room = bidirectional ? Math.floor((steps - 1) / 2) : steps - 1;
  const lags = options.lags ?? Math.max(1, Math.min(100, Math.floor(room / 2)));
  if (!whole({ from: 1, to: room }).fits(lags)) {
    throw new ConfigError(
      `gradient flow: lags must be a whole number from 1 to ${room} for a sequence of ${steps} steps` +
        `${bidirectional ? ' that is read both ways' : ''}, received ${lags}; lower it, or give a longer sequence`,
      { lags, steps },
    );
  }
  const wanted = options.positions ?? 12;
  requireKind('gradient flow', 'positions', wanted, count);
  const positions = spread(lags, bidirectional ? steps - 1 - lags : steps - 1, wanted);
  const layers = new Map<string, { layer: number; reverse: boolean; parts: Map<string, Norms> }>();
  for (const [index, position] of positions.entries()) {
    const reads: Promise<void>[] = [];
    device.scope(() => {
      const losses = inspected.losses((layer, reverse) => {
        const key = `${layer} ${reverse}`;
        const { parts } = layers.get(key) ?? { parts: new Map<string, Norms>() };
        layers.set(key, { layer, reverse, parts });
        return {
          gradient(t, state) {
            const lag = reverse ? t - position : position - t;
            if (lag < 0 || lag > lags) return;
            for (const [name, part] of Object.entries(state)) {
              if (!parts.has(name)) parts.set(name, zeros(positions.length, lags + 1, part.shape[0]));
              const note = (norms: number[]): void => {
                parts.get(name)![index][lag] = norms;
              };
              reads.push(rowNorms(part).then(note));
            }
          },
        };
      });
      gradients(sum(at(losses, position)), []);
    });
    await Promise.all(reads);
  }
  if (![...layers.values()].some(({ parts }) => parts.size > 0)) {
    throw new ConfigError('gradient flow: no probe was told a gradient; hand them on, and track what the loss needs');
  }
  const found = [...layers.values()].sort((a, b) => a.layer - b.layer || Number(a.reverse) - Number(b.reverse));
  return {
    lags,
    positions,
    layers: found.map(({ layer, reverse, parts }) => {
      const whole = parts.size > 0 ? together([...parts.values()]) : zeros(positions.length, lags + 1, 1);
      const norms = summarise(whole, lags);
      return {
        layer,
        reverse,
        norms,
        parts: Object.fromEntries(Array.from(parts, ([name, part]) => [name, summarise(part, lags)])),
        byPosition: whole.map((byLag) => byLag.map(average)),
        decay: decayOf(norms.mean, device.float),
      };
    }),
  };
}

/** At most `count` different whole numbers from `first` to `last`, evenly spread, both ends among them. */
function spread(first: number, last: number, count: number): number[] {
  if (count === 1) return [last];
  const all = Array.from({ length: count }, (_, i) => Math.round(first + ((last - first) * i) / (count - 1)));
  return [...new Set(all)];
}

/** No gradient counts as 0. */
function zeros(positions: number, lags: number, rows: number): Norms {
  return Array.from({ length: positions }, () => Array.from({ length: lags }, () => new Array<number>(rows).fill(0)));
}

/** Gradient flow of one layer, as training reports it. */
export interface LayerFlowReport extends Decay {
  readonly layer: number;
  readonly reverse: boolean;
  /** Mean of ‖∂L_t/∂s_{t−k}‖ at lags k = 0, 1, … for the layer's whole state s. */
  readonly norms: readonly number[];
  /** `kind` with its reason, for people. */
  readonly verdict: string;
}

export function reportLayers({ layers, lags }: GradientFlow): LayerFlowReport[] {
  return layers.map(({ layer, reverse, norms, decay }) => ({
    ...{ layer, reverse, norms: norms.mean },
    ...decay,
    verdict: describeDecay(decay, lags),
  }));
}

async function rowNorms(part: Tensor): Promise<number[]> {
  const [rows] = part.shape;
  const data = await part.read();
  const width = data.length / rows;
  return Array.from({ length: rows }, (_, row) => norm(data.subarray(row * width, (row + 1) * width)));
}

/** The norm of several parts from the norms of each. */
function together(parts: readonly Norms[]): Norms {
  return parts[0].map((byLag, position) =>
    byLag.map((rows, lag) => rows.map((_, row) => norm(parts.map((part) => part[position][lag][row])))),
  );
}

function summarise(norms: Norms, lags: number): NormsByLag {
  const sorted = Array.from({ length: lags + 1 }, (_, lag) =>
    norms.flatMap((byLag) => byLag[lag]).sort((a, b) => a - b),
  );
  const quantile = (share: number): number[] =>
    sorted.map((values) => {
      const place = share * (values.length - 1);
      const [below, above] = [values[Math.floor(place)], values[Math.ceil(place)]];
      return below === above ? below : below + (above - below) * (place % 1);
    });
  return { mean: sorted.map(average), low: quantile(0.1), median: quantile(0.5), high: quantile(0.9) };
}

function average(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
