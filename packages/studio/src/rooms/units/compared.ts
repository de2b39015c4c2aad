import { compareUnits, type FoundUnit } from 'unrolled/inspect';
import { formatCount } from '../../format.ts';
import type { Run } from '../../run/run.svelte.ts';
import type { Kept } from './comparison.svelte.ts';

/** Rows of units that are listed, and lines that are drawn. */
const [listed, drawn] = [12, 6];

/** Searches side by side, as a table and a chart show them. */
export interface Compared {
  readonly columns: readonly Kept[];
  /** Of each column. */
  readonly best: readonly FoundUnit[];
  /** Units of the run that is shown, by column; none in columns of others, whose units of that name are others. */
  readonly units: readonly { readonly name: string; readonly found: readonly (FoundUnit | null)[] }[];
  /** Over updates: the best units of one run, or the best unit of each run. */
  readonly lines: readonly Line[];
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [step: number, score: number])[];
}

export const columnName = ({ run, search }: Kept): string => `${run.name}, ${formatCount(search.modelStep)} updates`;

/** @param present  the run that is shown; @param chosen  a unit that is among those that are listed */
export function compared(columns: readonly Kept[], present: Run, chosen: string): Compared {
  const own = columns.flatMap((column, i) => (column.run === present ? [i] : []));
  const { units: ranked } = compareUnits(Object.fromEntries(own.map((i) => [String(i), columns[i].search])));
  const units = withChosen(ranked, listed, chosen).map(({ name, found }) => ({
    name,
    found: columns.map((_, i) => found[own.indexOf(i)] ?? null),
  }));
  const runs = [...new Set(columns.map(({ run }) => run))];
  const best = columns.map(({ search }) => search.units[0]);
  const lines =
    runs.length === 1
      ? withChosen(units, drawn, chosen).map(({ name, found }) => ({ name, points: pointsOf(columns, found) }))
      : runs.map((run) => ({
          name: run.name,
          points: pointsOf(
            columns,
            columns.map((column, i) => (column.run === run ? best[i] : null)),
          ),
        }));
  return { columns, best, units: own.length > 1 ? units : [], lines };
}

/** The first ones, with the chosen one in place of the last where it is not of them. */
function withChosen<Unit extends { readonly name: string }>(
  units: readonly Unit[],
  most: number,
  chosen: string,
): Unit[] {
  const first = units.slice(0, most);
  const one = units.find(({ name }) => name === chosen);
  return !one || first.includes(one) ? first : [...first.slice(0, -1), one];
}

const pointsOf = (columns: readonly Kept[], found: readonly (FoundUnit | null)[]): Line['points'] =>
  found.flatMap((unit, i) => (unit ? [[columns[i].search.modelStep, unit.heldOut] as const] : []));
