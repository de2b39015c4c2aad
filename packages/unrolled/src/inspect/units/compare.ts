import { ConfigError } from '../../errors.ts';
import type { FoundUnit, UnitSearch } from './search.ts';

/** A unit in several models of one shape. */
export interface ComparedUnit {
  readonly name: string;
  /** By model, null where it has no such unit. */
  readonly found: readonly (FoundUnit | null)[];
}

export interface UnitComparison {
  readonly property: string;
  readonly measure: UnitSearch['measure'];
  readonly models: readonly string[];
  /** The best unit of each model. */
  readonly best: readonly (FoundUnit | null)[];
  /** The best first: by the highest `selection` of any model. */
  readonly units: readonly ComparedUnit[];
}

/**
 * Compares one search in several models, such as checkpoints of a run: when does a unit begin to follow a property?
 * Checkpoints of one run have the same units. Across runs with different seeds a unit's name means nothing; only the best
 * of each can be compared.
 * @throws ConfigError if the searches were not for the same property
 *
 * @example
 * compareUnits({ early: quotesEarly, late: quotesLate }).units[0].found.map((unit) => unit?.heldOut);   // [0.61, 0.98]
 */
export function compareUnits(searches: Readonly<Record<string, UnitSearch>>): UnitComparison {
  const models = Object.keys(searches);
  const all = Object.values(searches);
  if (all.length === 0) throw new ConfigError('compare units: give at least one search');
  const [{ property, measure }] = all;
  const other = all.find((search) => search.property !== property || search.measure !== measure);
  if (other) {
    throw new ConfigError(
      `compare units: one search is for '${property}', another for '${other.property}'; compare searches for one property`,
    );
  }
  const byName = new Map<string, (FoundUnit | null)[]>();
  for (const [index, { units }] of all.entries()) {
    for (const unit of units) {
      if (!byName.has(unit.name))
        byName.set(
          unit.name,
          all.map(() => null),
        );
      byName.get(unit.name)![index] = unit;
    }
  }
  const strength = (found: readonly (FoundUnit | null)[]) => Math.max(...found.map((unit) => unit?.selection ?? 0));
  return {
    property,
    measure,
    models,
    best: all.map(({ units }) => units[0] ?? null),
    units: Array.from(byName, ([name, found]) => ({ name, found })).sort(
      (a, b) => strength(b.found) - strength(a.found),
    ),
  };
}
