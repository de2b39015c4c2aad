import { readyProperties, type UnitSearch } from 'unrolled/inspect';
import { table } from '../output/table.ts';
import { formatCount } from '../output/units.ts';

const three = (value: number): string => value.toFixed(3);

/** The search for one property, with its best units. */
export function describeSearch(search: UnitSearch, top: number): string {
  const { property, measure, mean, steps, shuffledLevel, units } = search;
  const about = Object.hasOwn(readyProperties, property) ? `: ${readyProperties[property].about}` : '';
  const how =
    measure === 'auc'
      ? `It holds at ${percent(mean.selection)} of ${formatCount(steps.selection)} selection steps and at ` +
        `${percent(mean.heldOut)} of ${formatCount(steps.heldOut)} held-out steps.`
      : `Its mean is ${three(mean.selection)} over ${formatCount(steps.selection)} selection steps and ` +
        `${three(mean.heldOut)} over ${formatCount(steps.heldOut)} held-out steps.`;
  const name = measure === 'auc' ? 'AUC' : 'correlation';
  const rows = units
    .slice(0, top)
    .map(({ name: unit, sign, selection, heldOut, p }) => [
      unit,
      sign > 0 ? 'high' : 'low',
      three(selection),
      three(heldOut),
      three(p),
    ]);
  return [
    `${property}${about}`,
    how,
    `With the property shifted at random, the best of ${formatCount(units.length)} units stays below ${three(shuffledLevel)} in 19 of 20 cases.`,
    '',
    ...table(['unit', 'is', `${name}: selection`, 'held out', 'p'], rows),
  ].join('\n');
}

/** The best unit for each property, one per line. */
export function describeBest(searches: readonly UnitSearch[]): string {
  const rows = searches.map(({ property, measure, shuffledLevel, units: [best] }) => [
    property,
    best.name,
    best.sign > 0 ? 'high' : 'low',
    measure === 'auc' ? 'AUC' : 'correlation',
    three(best.heldOut),
    three(shuffledLevel),
    three(best.p),
  ]);
  return table(['property', 'unit', 'is', 'measure', 'held out', 'shifted', 'p'], rows).join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
