import { DataError } from '../../errors.ts';
import type { Device } from '../../tensor/device.ts';
import { type Labels, type PartLabels, partLabels } from './labels.ts';
import type { Chunk, UnitGroup } from './reading.ts';
import type { ShuffledProducts } from './shuffled-products.ts';
import { unitName } from './unit.ts';

/** A property with its labels in both parts of the sequence. */
export interface Sought {
  readonly kind: Labels['kind'];
  readonly selection: PartLabels;
  readonly heldOut: PartLabels;
}

/** @throws DataError if the labels are the same all over one of the parts */
export function seek(labels: Labels, split: number): Sought {
  return {
    kind: labels.kind,
    selection: partLabels(labels, 0, split, 'first'),
    heldOut: partLabels(labels, split, labels.values.length, 'second'),
  };
}

/** What is known of all units for one property: AUC (binary) or correlation (graded), by unit. */
export interface Measured {
  readonly selection: Float64Array;
  readonly heldOut: Float64Array;
  /** How far from chance, AUC ½ or correlation 0, the farthest of all units comes in the held-out part, by shift. */
  readonly farthest: Float64Array;
}

/** Gathers what the measures of all units need, chunk by chunk. */
export interface Statistics {
  add(chunk: Chunk): Promise<void>;
  /** By property. */
  measure(): Promise<Measured[]>;
}

export interface StatisticsOptions {
  readonly device: Device;
  readonly groups: readonly UnitGroup[];
  readonly sought: readonly Sought[];
  /** N. */
  readonly steps: number;
  /** The first step of the held-out part. */
  readonly split: number;
  /** By how many steps labels are shifted. */
  readonly shifts: readonly number[];
}

export const unitsOf = (groups: readonly UnitGroup[]): number => groups.reduce((sum, { size }) => sum + size, 0);

/** The largest distance from chance over all units, for every shift but the first, which is none. */
export function farthestOf(
  products: ShuffledProducts,
  shifts: number,
  distance: (sum: number, unit: number) => number,
): Float64Array {
  return Float64Array.from({ length: shifts - 1 }, (_, k) => {
    let most = 0;
    for (const [unit, sum] of products.of(k + 1).entries()) most = Math.max(most, Math.abs(distance(sum, unit)));
    return most;
  });
}

/** Σ standardised label × centred rank as the distance of an AUC from ½. */
export const aucDistance =
  ({ values, mean }: PartLabels) =>
  (sum: number): number =>
    sum / (values.length * Math.sqrt(mean * (1 - mean)));

/** @throws DataError if a value is not finite */
export function requireFinite(values: Float32Array, group: UnitGroup): void {
  // What is not finite leaves itself less itself behind.
  let rest = 0;
  for (let i = 0; i < values.length; i++) rest += values[i] - values[i];
  if (rest === 0) return;
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  const name = unitName({ ...group, unit: wrong % group.size });
  throw new DataError(
    `units: ${name} is ${values[wrong]} somewhere in the text; the model has left the finite numbers`,
    {
      unit: name,
    },
  );
}
