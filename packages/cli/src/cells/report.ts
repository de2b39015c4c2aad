import { readyProperties, type UnitSearch } from 'unrolled/inspect';
import { table } from '../table.ts';
import { formatCount } from '../units.ts';

const three = (value: number): string => value.toFixed(3);

/** What was found for one property, and the best units. */
export function describeSearch(search: UnitSearch, top: number): string {
  const { property, measure, mean, steps, shuffledLevel, units } = search;
  const about = Object.hasOwn(readyProperties, property) ? `: ${readyProperties[property].about}` : '';
  const how =
    measure === 'auc'
      ? `It holds at ${percent(mean.selection)} of ${formatCount(steps.selection)} steps to choose by, and at ` +
        `${percent(mean.heldOut)} of ${formatCount(steps.heldOut)} held out.`
      : `Its mean is ${three(mean.selection)} over ${formatCount(steps.selection)} steps to choose by, and ` +
        `${three(mean.heldOut)} over ${formatCount(steps.heldOut)} held out.`;
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
    `With the property shifted, the best cell of ${formatCount(units.length)} stays below ${three(shuffledLevel)} in 19 of 20 cases.`,
    '',
    ...table(['cell', 'is', `${name} chosen by`, 'held out', 'p'], rows),
  ].join('\n');
}

/** The best unit of each property, one a line. */
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
  return table(['property', 'cell', 'is', 'measure', 'held out', 'shifted', 'p'], rows).join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
