import { lineChart } from 'unrolled/charts';
import { toCsv } from '../../pictures/csv.ts';
import type { SavedPicture } from '../../pictures/save.ts';
import { sceneToSvg } from '../../pictures/scene.ts';
import type { GradientsSeen, WeightsApart } from '../../protocol.ts';
import type { Run } from '../../run/run.svelte.ts';
import { theme } from '../../theme.svelte.ts';
import { heatScene } from './scenes.ts';

const commandOf = (run: Run, { lags }: GradientsSeen): string => run.commandFor('gradients', ['--lags', String(lags)]);

/** The heat map of a run, to keep, with all that is known of its gradients. */
export function flowPicture(
  run: Run,
  seen: GradientsSeen,
  layer: number,
  decades: readonly [number, number],
  history: readonly WeightsApart[],
): SavedPicture {
  const { palette } = theme;
  const command = commandOf(run, seen);
  const title = `${run.name}, layer ${layer}, after ${seen.step} updates: norm of ∂Lₜ/∂hₜ₋ₖ`;
  const rows = seen.layers.flatMap(({ norms }, at) =>
    Array.from(norms, (norm, i) => [at, seen.positions[Math.floor(i / (seen.lags + 1))], i % (seen.lags + 1), norm]),
  );
  return {
    name: 'gradients',
    svg: sceneToSvg(
      heatScene(seen, layer, decades, 560, palette),
      palette.paper,
      title,
      `${seen.layers[layer].verdict}. Made by: ${command}`,
    ),
    csv: toCsv(['layer', 't', 'k', 'norm'], rows),
    json: {
      run: run.name,
      ...seen,
      layers: seen.layers.map((one) => ({ ...one, norms: [...one.norms], mean: [...one.mean] })),
      weights: history.at(-1)?.weights ?? [],
      history,
      gradientNorms: run.norms.points,
    },
    command,
  };
}

/** The norms by lag of all runs that are shown, to keep. */
export function decayPicture(
  shown: readonly { readonly run: Run; readonly seen: GradientsSeen }[],
  layer: number,
): SavedPicture {
  const command = shown.map(({ run, seen }) => commandOf(run, seen)).join('\n');
  const lines = shown.map(({ run, seen }) => ({
    name: run.name,
    points: Array.from(seen.layers[Math.min(layer, seen.layers.length - 1)].mean, (norm, k) => [k, norm] as const),
  }));
  return {
    name: 'gradients-by-lag',
    svg: lineChart({
      title: `How far the gradient reaches back: ${lines.map(({ name }) => name).join(', ')}`,
      description: `Mean norm of ∂Lₜ/∂hₜ₋ₖ by lag k. Made by: ${command}`,
      x: { label: 'k, steps back' },
      y: { label: 'norm', scale: 'log' },
      series: lines,
    }),
    csv: toCsv(
      ['run', 'k', 'norm'],
      lines.flatMap(({ name, points }) => points.map(([k, norm]) => [name, k, norm])),
    ),
    json: { layer, runs: lines },
    command,
  };
}
