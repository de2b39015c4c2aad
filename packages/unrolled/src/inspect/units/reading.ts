import { count, requireKind } from '../../checks.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import type { Device } from '../../tensor/device.ts';
import type { Probes } from '../inspected.ts';

/** A recurrent model with a sequence that it can read in parts, as the search for units needs them. */
export interface Reading {
  readonly device: Device;
  /** N, how many steps the sequence has. */
  readonly steps: number;
  /**
   * Reads steps of the sequence from a state: row b reads step `places[t·B + b]` as its t-th. Returns the state
   * afterwards.
   * @param shape  [T, B]
   */
  read(
    places: Int32Array,
    shape: readonly [T: number, B: number],
    state: StackState | null,
    probes: Probes,
  ): StackState;
}

/** The units of a part of the state, or of a gate, of one layer. */
export interface UnitGroup {
  readonly layer: number;
  readonly part: string;
  /** How many units there are. */
  readonly size: number;
}

/** Some steps of several rows, with the values of all units. */
export interface Chunk {
  /** The steps of the sequence that are new here. */
  readonly places: Int32Array;
  /** Values by group, `[places, size]`; the arrays are used again for the next chunk. */
  readonly values: readonly Float32Array[];
  readonly groups: readonly UnitGroup[];
}

export interface ReadingOptions {
  /**
   * Batch size: parts of the sequence that are read in parallel. Default: up to 64, with at least 1,000 steps each. One
   * row is slow, and exact.
   */
  readonly batch?: number;
  /** Warm-up steps that each row but the first reads before its own. Default 200. */
  readonly warmUp?: number;
  /** Search gates as well as states. Default false. */
  readonly gates?: boolean;
}

/** Steps of all rows that are read at a time: what bounds the memory. */
const stepsAtOnce = 2048;

/**
 * Reads steps `from` … `to` in chunks, with the state carried, and yields the values of all units, every step once.
 * Backward layers are skipped.
 */
export async function* readUnits(
  reading: Reading,
  options: ReadingOptions & { readonly from?: number; readonly to?: number } = {},
): AsyncGenerator<Chunk, void> {
  const { device } = reading;
  const { from = 0, to = reading.steps, gates = false } = options;
  const N = to - from;
  const B = options.batch ?? Math.max(1, Math.min(64, Math.floor(N / 1000)));
  requireKind('units', 'batch', B, count);
  const warmUp = B === 1 ? 0 : Math.min(options.warmUp ?? 200, Math.floor(N / B));
  // Row b reads from b·length; what it shares with the row before is its past, and only row 0 begins with new steps.
  const length = Math.ceil((N - warmUp) / B);
  const rowSteps = length + warmUp;
  const most = Math.max(1, Math.min(rowSteps, Math.floor(stepsAtOnce / B)));
  const groups: UnitGroup[] = [];
  let values: Float32Array[] = [];
  let state: StackState | null = null;
  try {
    for (let start = 0; start < rowSteps; start += most) {
      const T = Math.min(most, rowSteps - start);
      const places = new Int32Array(T * B);
      const isNew = new Uint8Array(T * B);
      for (let t = 0; t < T; t++) {
        for (let b = 0; b < B; b++) {
          const place = b * length + start + t;
          places[t * B + b] = from + Math.min(place, N - 1);
          isNew[t * B + b] = Number(place < N && (b === 0 || start + t >= warmUp));
        }
      }
      const reads: Promise<void>[] = [];
      const collect: Probes = (layer, reverse) => {
        if (reverse) return undefined;
        return {
          step(t, seen) {
            const parts = gates ? { ...seen.gates, ...seen.state } : seen.state;
            for (const [part, tensor] of Object.entries(parts)) {
              const size = tensor.size / B;
              let index = groups.findIndex((group) => group.layer === layer && group.part === part);
              if (index < 0) index = groups.push({ layer, part, size }) - 1;
              values[index] ??= new Float32Array(most * B * size);
              const into = values[index];
              reads.push(tensor.read().then((numbers) => into.set(numbers, t * B * size)));
            }
          },
        };
      };
      const step = (before: StackState | null) => reading.read(places, [T, B], before, collect);
      state = device.keep(device.withoutGradients(() => device.carry(state, step)));
      await Promise.all(reads);
      // Only what is new, closed up.
      const kept = places.filter((_, i) => isNew[i] === 1);
      if (kept.length === 0) continue;
      if (kept.length < places.length) values = values.map((all, index) => closeUp(all, isNew, groups[index].size));
      yield { places: kept, values, groups };
    }
  } finally {
    device.release(state);
  }
}

/** Moves the rows that count to the front. */
function closeUp(values: Float32Array, counts: Uint8Array, size: number): Float32Array {
  let to = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    if (to < i) values.copyWithin(to * size, i * size, (i + 1) * size);
    to++;
  }
  return values;
}
