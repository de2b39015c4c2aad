import { count, openShare, requireKind } from '../../checks.ts';
import { DataError, ShapeError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { CountedValues } from './counted-values.ts';
import { KeptValues } from './kept-values.ts';
import type { Labels } from './labels.ts';
import { type Reading, type ReadingOptions, readUnits, type UnitGroup } from './reading.ts';
import { type Measured, type Statistics, seek, unitsOf } from './statistics.ts';
import { type Unit, unitName } from './unit.ts';

export interface SearchOptions extends ReadingOptions {
  /** Fraction of the sequence, at its end, that is held out: units are not chosen on it. Default 0.5. */
  readonly heldOut?: number;
  /** Random shifts of the labels for the chance level; p is at least 1/(shuffles + 1). Default 200. */
  readonly shuffles?: number;
  /** Of the shifts. Default 1. */
  readonly seed?: number;
  /** Most values that are kept and ranked exactly; beyond, values are counted in bins. Default 2²⁴ (64 MiB). */
  readonly keep?: number;
}

export interface FoundUnit extends Unit {
  /** `l1.h.17`. */
  readonly name: string;
  /** 1: it is high where the property is, −1: low; as seen in the part it was chosen on. */
  readonly sign: 1 | -1;
  /** AUC or correlation in that direction where it was chosen: at least ½, or 0. */
  readonly selection: number;
  /** The same in the held-out part. */
  readonly heldOut: number;
  /**
   * How often the best of all units does at least as well with shifted labels, in the held-out part: corrected for there
   * being as many units as there are.
   */
  readonly p: number;
}

export interface UnitSearch {
  readonly property: string;
  /** 'auc' for binary properties, 'correlation' for graded ones. */
  readonly measure: 'auc' | 'correlation';
  /** Steps that units were chosen on, and held-out ones. */
  readonly steps: { readonly selection: number; readonly heldOut: number };
  /** Mean of the property in the two parts; for binary ones the share of steps where it holds. */
  readonly mean: { readonly selection: number; readonly heldOut: number };
  readonly shuffles: number;
  /** With shifted labels the best of all units stays below this in 19 of 20 cases: AUC or correlation, held-out. */
  readonly shuffledLevel: number;
  /** All units, the best first, by `selection`. */
  readonly units: readonly FoundUnit[];
}

/** Fewer steps in a part say nothing. */
const leastSteps = 50;

/**
 * For every unit of a model, how well it follows each property: the area under the ROC curve where a property holds or
 * not, Pearson's correlation where it is graded. Units are ranked on the first part of the sequence and measured on the
 * rest. What chance gives is measured, too: the same with the property shifted in a circle by many random distances, which
 * keeps how it hangs together over time, and of all units the best each time (Westfall & Young 1993).
 *
 * Reads the sequence once. Yields the share of it that has been read, and returns one result a property.
 *
 * @throws DataError if the sequence is too short, a property does not change in one of the parts, or a value is not finite;
 *   ShapeError if there is not a label for every step; ConfigError on an option out of range
 *
 * @example
 * const search = searchUnits(readText(model, tokens), [labelsOf(model, tokens, parseProperty('quotes'))]);
 * let step = await search.next();
 * while (!step.done) step = await search.next();
 * const [{ units }] = step.value;   // [{ name: 'l1.c.17', sign: 1, selection: 0.99, heldOut: 0.98, p: 0.005 }, …]
 */
export async function* searchUnits(
  reading: Reading,
  properties: readonly Labels[],
  options: SearchOptions = {},
): AsyncGenerator<number, UnitSearch[], void> {
  const { heldOut = 0.5, shuffles = 200, seed = 1, keep = 2 ** 24 } = options;
  const N = reading.steps;
  requireKind('units', 'heldOut', heldOut, openShare);
  requireKind('units', 'shuffles', shuffles, count);
  const split = Math.round(N * (1 - heldOut));
  if (Math.min(split, N - split) < leastSteps) {
    throw new DataError(
      `units: of ${N} steps ${split} are to choose by and ${N - split} to report on; each part needs ${leastSteps}: give a ` +
        'longer text',
      { steps: N, heldOut },
    );
  }
  for (const { name, values } of properties) {
    if (values.length !== N) {
      throw new ShapeError(`units: '${name}' has ${values.length} labels for ${N} steps; give one for each`, {
        labels: values.length,
        steps: N,
      });
    }
  }
  const sought = properties.map((labels) => seek(labels, split));
  const shifts = shiftsOf(N - split, shuffles, seed);
  const chunks = readUnits(reading, options);
  let groups: readonly UnitGroup[] = [];
  let statistics: Statistics | null = null;
  let read = 0;
  for await (const chunk of chunks) {
    if (statistics === null) {
      groups = chunk.groups;
      const all = { device: reading.device, groups, sought, steps: N, split, shifts };
      statistics = unitsOf(groups) * N <= keep ? new KeptValues(all) : new CountedValues(all);
    }
    await statistics.add(chunk);
    read += chunk.places.length;
    yield read / N;
  }
  const measured = (await statistics?.measure()) ?? [];
  return measured.map((found, i) => {
    const { kind, selection, heldOut: rest } = sought[i];
    const chance = kind === 'binary' ? 0.5 : 0;
    const farthest = found.farthest.toSorted();
    return {
      property: properties[i].name,
      measure: kind === 'binary' ? 'auc' : 'correlation',
      steps: { selection: split, heldOut: N - split },
      mean: { selection: selection.mean, heldOut: rest.mean },
      shuffles,
      shuffledLevel: chance + farthest[Math.min(shuffles - 1, Math.ceil(0.95 * shuffles) - 1)],
      units: foundUnits(groups, found, chance),
    };
  });
}

/** No shift, then random ones, none of them so short that labels stay near their places. */
function shiftsOf(steps: number, count: number, seed: number): number[] {
  const least = Math.min(1000, Math.floor(steps / 10));
  const random = new Random(seed);
  return [0, ...Array.from({ length: count }, () => least + random.below(steps - 2 * least + 1))];
}

function foundUnits(
  groups: readonly UnitGroup[],
  { selection, heldOut, farthest }: Measured,
  chance: number,
): FoundUnit[] {
  const names = groups.flatMap(({ layer, part, size }) =>
    Array.from({ length: size }, (_, unit) => ({ layer, part, unit })),
  );
  const units = names.map((unit, i): FoundUnit => {
    const sign = selection[i] < chance ? -1 : 1;
    const distance = sign * (heldOut[i] - chance);
    // Sums of float32 must not make a unit farther than itself.
    const beaten = farthest.reduce((count, one) => count + Number(one >= distance - 1e-6), 0);
    return {
      name: unitName(unit),
      ...unit,
      sign,
      selection: chance + sign * (selection[i] - chance),
      heldOut: chance + distance,
      p: (1 + beaten) / (1 + farthest.length),
    };
  });
  return units.sort((a, b) => b.selection - a.selection);
}
