import { formatCount } from '../../format.ts';
import { toCsv } from '../../pictures/csv.ts';
import { axisMarks, type Frame, linear, pathMarks, roundNumbers } from '../../pictures/plot.ts';
import type { SavedPicture } from '../../pictures/save.ts';
import { type Mark, type Scene, sceneToSvg } from '../../pictures/scene.ts';
import type { Palette } from '../../theme.svelte.ts';
import { theme } from '../../theme.svelte.ts';
import { type Compared, columnName } from './compared.ts';

/** Room for a line of text. */
const lineHeight = 15;

/** How well units follow the property over updates; grey: what chance reaches. */
export function comparedScene({ columns, lines }: Compared, width: number, palette: Palette): Scene {
  const [{ search }] = columns;
  const chance = search.measure === 'auc' ? 0.5 : 0;
  const frame: Frame = { left: 40, right: width - 110, top: 34, bottom: 240 };
  const steps = columns.map(({ search }) => search.modelStep);
  const [low, high] = [Math.min(...steps), Math.max(...steps)];
  const lowest = Math.min(chance, ...lines.flatMap(({ points }) => points.map(([, score]) => score)));
  const x = linear(low === high ? 0 : low, high, frame.left + 8, frame.right);
  const y = linear(Math.max(-1, Math.floor(lowest * 10) / 10), 1, frame.bottom, frame.top);
  const name = search.measure === 'auc' ? 'AUC' : 'correlation';
  const marks = axisMarks(
    frame,
    { at: x, values: roundNumbers(low === high ? 0 : low, high, 5), name: formatCount, label: 'updates' },
    { at: y, values: roundNumbers(Math.floor(lowest * 10) / 10, 1, 5), label: `${name}, held out` },
    palette,
  );
  const levels = columns
    .map(({ search }) => [search.modelStep, search.shuffledLevel] as const)
    .toSorted(([a], [b]) => a - b);
  const all = [
    ...lines.map(({ name, points }, i) => ({
      name,
      points,
      colour: palette.series[i % palette.series.length],
      dash: i % 2 === 1 ? 7 : undefined,
    })),
    { name: 'shifted', points: levels, colour: palette.soft, dash: 3 },
  ];
  for (const { points, colour, dash } of all) {
    const places = points.map(([step, score]) => [x(step), y(score)] as const);
    marks.push(...pathMarks(places, colour, 2, dash));
    for (const [px, py] of places)
      marks.push({ kind: 'rect', x: px - 3, y: py - 3, w: 6, h: 6, fill: colour, round: 3 });
  }
  marks.push(...names(all, frame, (score) => y(score)));
  return { width, height: frame.bottom + 40, marks };
}

/** The lines' names at their ends, pushed apart where they would stand on each other. */
function names(
  all: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
    readonly colour: string;
  }[],
  { right, top, bottom }: Frame,
  y: (score: number) => number,
): Mark[] {
  const wanted = all
    .flatMap(({ name, points, colour }) =>
      points.length > 0 ? [{ name, colour, y: y(points[points.length - 1][1]) }] : [],
    )
    .toSorted((a, b) => a.y - b.y);
  const last = bottom - lineHeight * (wanted.length - 1);
  let free = top;
  return wanted.map(({ name, colour, y: place }, i): Mark => {
    const at = Math.min(Math.max(place, free), last + i * lineHeight);
    free = at + lineHeight;
    const text = name.length > 13 ? `${name.slice(0, 12)}…` : name;
    return { kind: 'text', x: right + 10, y: at + 4, text, size: 12.5, fill: colour, mono: true };
  });
}

/** The comparison to keep, with all units of all searches. */
export function comparedPicture(all: Compared, command: string, address: string): SavedPicture {
  const [{ search }] = all.columns;
  const title = `Units that follow ${search.property}, over updates`;
  const { palette } = theme;
  return {
    name: 'units-compared',
    svg: sceneToSvg(
      comparedScene(all, 720, palette),
      palette.paper,
      title,
      `${all.columns.map(columnName).join('; ')}. Made by: ${command}`,
    ),
    csv: toCsv(
      ['run', 'updates', 'unit', 'sign', 'selection', 'held out', 'p', 'shifted'],
      all.columns.flatMap(({ run, search }) =>
        search.units.map(({ name, sign, selection, heldOut, p }) => [
          run.name,
          search.modelStep,
          name,
          sign,
          selection,
          heldOut,
          p,
          search.shuffledLevel,
        ]),
      ),
    ),
    json: {
      address,
      property: search.property,
      measure: search.measure,
      searches: all.columns.map(({ run, search }) => ({ run: run.name, ...search })),
    },
    command,
  };
}
