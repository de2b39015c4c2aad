import type { Tensor } from '../tensor/tensor.ts';
import type { Inspected } from './inspected.ts';

/** Distribution of a gate's values over all steps, rows and units. */
export interface GateStatistics {
  readonly layer: number;
  readonly reverse: boolean;
  /** The cell's name for it; for a cell without gates, a part of its state. */
  readonly gate: string;
  /** By the values that were seen: all in (0, 1] as of σ, all in [−1, 1] as of tanh, or others, as of relu. */
  readonly range: 'unit' | 'signed' | 'open';
  readonly mean: number;
  /**
   * Fraction of values at each end, where the slope is small: below 0.1 and above 0.9; for 'signed' below −0.9 and above
   * 0.9; for 'open', as of relu, those not above 0, and none.
   */
  readonly low: number;
  readonly high: number;
  /** Fractions of the values in equal bins over [0, 1], [−1, 1] or the values seen, `from` … `to`. */
  readonly histogram: { readonly from: number; readonly to: number; readonly shares: readonly number[] };
}

export interface GateOptions {
  /** Bins of the histograms. Default 20. */
  readonly bins?: number;
}

/** Means, saturation and histograms of all gates of all layers, from one run over the batch. */
export async function gateStatistics(inspected: Inspected, { bins = 20 }: GateOptions = {}): Promise<GateStatistics[]> {
  const seen = new Map<
    string,
    { layer: number; reverse: boolean; gate: string; values: Promise<ArrayLike<number>>[] }
  >();
  const { device } = inspected;
  device.withoutGradients(() =>
    device.scope(() => {
      inspected.losses((layer, reverse) => ({
        step(_, { state, gates }) {
          const shown: Readonly<Record<string, Tensor>> = Object.keys(gates).length > 0 ? gates : state;
          for (const [gate, tensor] of Object.entries(shown)) {
            const key = `${layer} ${reverse} ${gate}`;
            if (!seen.has(key)) seen.set(key, { layer, reverse, gate, values: [] });
            seen.get(key)!.values.push(tensor.read());
          }
        },
      }));
    }),
  );
  const all = Array.from(seen.values(), async ({ values, ...place }) => ({
    ...place,
    ...statisticsOf(await Promise.all(values), bins),
  }));
  return Promise.all(all);
}

type Statistics = Omit<GateStatistics, 'layer' | 'reverse' | 'gate'>;

function statisticsOf(parts: readonly ArrayLike<number>[], bins: number): Statistics {
  const values = parts.flatMap((part) => Array.from(part));
  let [least, most, total] = [Infinity, -Infinity, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    total += value;
  }
  // σ comes near to 0; exactly 0 is what relu gives, also where none of its values is above 1.
  const range = most > 1 || least < -1 || least === 0 ? 'open' : least < 0 ? 'signed' : 'unit';
  const open = Math.min(0, least);
  const ends = { unit: [0, 1], signed: [-1, 1], open: [open, most > open ? most : open + 1] };
  const [from, to] = ends[range];
  const shares = new Array<number>(bins).fill(0);
  let [low, high] = [0, 0];
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor((bins * (value - from)) / (to - from)));
    shares[bin] += 1 / values.length;
    if (range === 'open' ? value <= 0 : range === 'unit' ? value < 0.1 : value < -0.9) low++;
    if (range !== 'open' && value > 0.9) high++;
  }
  const count = values.length;
  return { range, mean: total / count, low: low / count, high: high / count, histogram: { from, to, shares } };
}
