import { lineChart } from 'unrolled/charts';
import type { NgramLadder } from 'unrolled/tasks/language-model';
import { toCsv } from '../../pictures/csv.ts';
import type { SavedPicture } from '../../pictures/save.ts';
import type { Run } from '../../run/run.svelte.ts';
import { rungNames, type Unit } from './loss-units.ts';

/** The loss curves as they are now, to keep: drawn anew, without a page. */
export function chartPicture(runs: readonly Run[], unit: Unit, ladder: NgramLadder | null): SavedPicture {
  const last = Math.max(1, ...runs.map(({ curve }) => curve.steps.at(-1) ?? 0));
  const lines = runs.flatMap(({ name, curve, validations }) => [
    { name, points: curve.steps.map((step, i) => [step, unit.of(curve.losses[i])] as const) },
    { name: `${name}, validation`, points: validations.map(({ step, loss }) => [step, unit.of(loss)] as const) },
  ]);
  const rungs = (ladder?.nats ?? []).flatMap((nats, n) =>
    Number.isFinite(nats)
      ? [{ name: rungNames[n], points: [[0, unit.of(nats)] as const, [last, unit.of(nats)] as const] }]
      : [],
  );
  const series = [...lines.filter(({ points }) => points.length > 0), ...rungs];
  const command = runs.map((run) => run.command).join('\n');
  const rows = lines.flatMap(({ name, points }) => points.map(([step, value]) => [name, step, value]));
  return {
    name: 'loss',
    svg: lineChart({
      title: `Loss of ${runs.map(({ name }) => name).join(', ')}`,
      description: `${unit.label} over updates. Made by: ${command}`,
      x: { label: 'updates' },
      y: { label: unit.label, scale: unit.logarithmic ? 'log' : 'linear' },
      series,
    }),
    csv: toCsv(['series', 'step', unit.label], [...rows, ...rungs.map(({ name, points }) => [name, 0, points[0][1]])]),
    json: {
      unit: unit.id,
      runs: runs.map(({ name, command, curve, validations }) => ({
        name,
        command,
        steps: curve.steps,
        nats: curve.losses,
        validations,
      })),
      ngrams: ladder,
    },
    command,
  };
}
