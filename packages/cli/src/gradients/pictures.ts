import { heatMap, lineChart, scatterChart } from 'unrolled/charts';
import type { GateStatistics } from 'unrolled/inspect';
import { type GradientReport, samePlace } from './report.ts';

/** All pictures of a report by file name. @param command  what makes them again */
export function drawGradients(report: GradientReport, command: string): Record<string, string> {
  const pictures: Record<string, string> = { 'norms.svg': normsOf(report, command) };
  for (const layer of report.layers) {
    const name = layer.name.replace(' ', '-');
    pictures[`positions-${name}.svg`] = heatMap({
      title: `Gradient at each step and lag, ${layer.name}`,
      description: `Norm of the gradient of the loss at step t with respect to the state k steps before. Made by: ${command}`,
      x: { label: 'lag k (steps)', names: layer.norms.mean.map((_, lag) => String(lag)) },
      y: { label: 'step t', names: report.positions.map(String) },
      value: { label: 'gradient norm ‖∂L/∂s‖ (nats)', scale: 'log' },
      values: layer.byPosition,
    });
    const groups = [
      ...report.weights
        .filter((weight) => samePlace(weight, layer))
        .map(({ gate, eigenvalues }) => ({
          name: gate === 'W_hh' ? gate : `W_hh ${gate}`,
          eigenvalues,
        })),
      ...report.jacobians
        .filter((jacobian) => samePlace(jacobian, layer))
        .flatMap(({ steps }) =>
          steps.slice(0, 1).map(({ eigenvalues, t }) => ({ name: `∂sₜ/∂sₜ₋₁ at t = ${t}`, eigenvalues })),
        ),
    ].map(({ name: group, eigenvalues }) => ({
      name: group,
      points: eigenvalues.map(({ re, im }) => [re, im] as const),
    }));
    if (groups.length > 0) {
      pictures[`eigenvalues-${name}.svg`] = scatterChart({
        title: `Eigenvalues in ${layer.name}, with the unit circle`,
        description: `Eigenvalues of W_hh by gate, and of one step's Jacobian. Made by: ${command}`,
        x: { label: 'real part' },
        y: { label: 'imaginary part' },
        groups,
        unitCircle: true,
      });
    }
    const gates = report.gates.filter((gate) => samePlace(gate, layer));
    if (gates.length > 0) pictures[`gates-${name}.svg`] = gatesOf(layer.name, gates, command);
  }
  return pictures;
}

function normsOf({ layers }: GradientReport, command: string): string {
  return lineChart({
    title: 'How far the gradient of one step reaches back',
    description:
      'Mean norm of the gradient of the loss at step t with respect to the state k steps before, by layer; shaded from ' +
      `the lowest to the highest tenth. Made by: ${command}`,
    x: { label: 'lag k (steps)' },
    y: { label: 'gradient norm ‖∂L/∂s‖ (nats)', scale: 'log' },
    series: layers.map(({ name, norms }) => ({
      name,
      points: norms.mean.map((norm, lag) => [lag, norm] as const),
      band: norms.low.map((low, lag) => [lag, low, norms.high[lag]] as const),
    })),
  });
}

function gatesOf(layer: string, gates: readonly GateStatistics[], command: string): string {
  const ranges = gates.map(({ histogram }) => histogram);
  return lineChart({
    title: `How the values of gates are spread, ${layer}`,
    description: `Share of the values of each gate in equal parts of its range. Made by: ${command}`,
    x: {
      label: 'value',
      from: Math.min(...ranges.map(({ from }) => from)),
      to: Math.max(...ranges.map(({ to }) => to)),
    },
    y: { label: 'share of the values (%)', from: 0 },
    series: gates.map(({ gate, histogram: { from, to, shares } }) => ({
      name: gate,
      points: shares.map((share, bin) => [from + ((bin + 0.5) * (to - from)) / shares.length, 100 * share] as const),
    })),
  });
}
