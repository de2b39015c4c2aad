import { type Chart, svgOf, titleRows, width } from './frame.ts';
import { scaleOf } from './scale.ts';
import { element, label, round } from './svg.ts';
import { sequential } from './theme.ts';

export interface ChoiceChart extends Chart {
  /** What is decided, and the names of its choices. */
  readonly decisions: readonly { readonly name: string; readonly choices: readonly string[] }[];
  /** Below the columns, such as 'candidates'. */
  readonly label: string;
  /** From left to right: where each column ends, and the probability of each choice of each decision there. */
  readonly columns: readonly { readonly at: number; readonly probabilities: readonly (readonly number[])[] }[];
}

/** Height of a choice's row and the space between decisions, in pixels. */
const [rowHeight, space] = [8, 9];

/**
 * How a policy makes up its mind: a row for each choice of each decision, from dark blue (probability 0) to yellow (1), over time.
 * The choice that is likeliest at the end is named at its decision's side.
 */
export function choiceChart(chart: ChoiceChart): string {
  const { decisions, columns } = chart;
  const title = titleRows(chart.title);
  const longest = decisions.reduce((most, { name }) => Math.max(most, name.length), 0);
  const left = Math.min(200, 20 + 6.6 * longest);
  const right = width - 92;
  const last = columns.length === 0 ? 1 : columns[columns.length - 1].at;
  const barTop = title.bottom + 30;
  const xs = scaleOf({ label: chart.label, from: 0, to: last }, [], left, right);
  const small = { style: 'font-size:12px' };
  const parts = [...title.parts, label(12, barTop - 8, 'probability'), ...bar(left, right, barTop)];
  let top = barTop + 44;
  const ends = columns.map(({ at }) => xs.at(at)!);
  const fields = levels.map((): string[] => []);
  decisions.forEach(({ name, choices }, d) => {
    const height = rowHeight * choices.length;
    choices.forEach((_, k) => {
      const y = top + k * rowHeight;
      for (const { level, from, to } of runs(columns.map(({ probabilities }) => levelOf(probabilities[d][k])))) {
        const [start, end] = [from === 0 ? left : ends[from - 1], ends[to]].map(round);
        // A little more than its share, so that no light shines through between neighbours.
        fields[level].push(`M${start} ${y}H${round(end + 0.3)}V${y + rowHeight + 0.3}H${start}Z`);
      }
    });
    parts.push(label(left - 6, top + height / 2 + 4, name, { class: 'soft', 'text-anchor': 'end', ...small }));
    const final = columns.at(-1)?.probabilities[d] ?? [];
    const likeliest = final.reduce((best, p, k) => (p > final[best] ? k : best), 0);
    if (final.length > 1) {
      const y = top + rowHeight * (likeliest + 0.5) + 4;
      parts.push(label(right + 5, y, `${choices[likeliest]} ${Math.round(100 * final[likeliest])}%`, small));
    }
    top += height + space;
  });
  fields.forEach((field, level) => {
    if (field.length > 0) parts.push(element('path', { fill: levels[level], d: field.join('') }));
  });
  for (const { value, label: text } of xs.ticks) {
    parts.push(label(xs.at(value)!, top + 10, text, { class: 'soft', 'text-anchor': 'middle' }));
  }
  parts.push(label((left + right) / 2, top + 31, chart.label, { 'text-anchor': 'middle' }));
  return svgOf(chart, top + 44, parts);
}

/** Colours from probability 0 to 1: as many as can be told apart, so that a field of one is drawn once. */
const levels = Array.from({ length: 33 }, (_, i) => sequential(i / 32));
const levelOf = (probability: number): number => Math.round(Math.min(1, Math.max(0, probability)) * 32);

/** Neighbours of one level, together. */
function runs(row: readonly number[]): { readonly level: number; readonly from: number; readonly to: number }[] {
  return row.flatMap((level, i) => {
    if (row[i - 1] === level) return [];
    const next = row.findIndex((other, j) => j > i && other !== level);
    return [{ level, from: i, to: (next < 0 ? row.length : next) - 1 }];
  });
}

function bar(left: number, right: number, y: number): string[] {
  const steps = 64;
  const step = (right - left) / steps;
  const colours = Array.from({ length: steps }, (_, i) =>
    element('rect', {
      x: left + i * step,
      y: y - 18,
      width: step + 0.5,
      height: 10,
      fill: sequential((i + 0.5) / steps),
    }),
  );
  return [
    ...colours,
    ...[0, 0.5, 1].map((value) =>
      label(left + value * (right - left), y + 6, String(value), { class: 'soft', 'text-anchor': 'middle' }),
    ),
  ];
}
