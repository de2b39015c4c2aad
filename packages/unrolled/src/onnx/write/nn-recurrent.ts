import { cellNameOf } from '../../nn/cells/registry.ts';
import type { RecurrentLayerOptions } from '../../nn/recurrent.ts';
import { houseCell } from './cell-weights.ts';
import { activeSteps } from './layer-writer.ts';
import type { Place } from './nn-place.ts';
import { addRecurrent, type RecurrentWeights } from './recurrent-node.ts';

/** What a stack of `Recurrent` gives. */
export interface StackOutputs {
  readonly outputs: string; // [T, B, D·H]
  /** The state after the last step of each layer and direction: `[h]` or `[h, c]`, `[B, H]` each. */
  readonly states: readonly (readonly string[])[];
}

/**
 * The layers of `Recurrent`, one node for each layer and direction.
 * @param xs  `[T, B, F]`
 * @param lengths  int32 `[B]`, or null where all steps count
 * @param initial  states as in `StackOutputs`; null: zeros
 */
export function writeRecurrent(
  place: Place,
  config: RecurrentLayerOptions,
  xs: string,
  lengths: string | null,
  initial: readonly (readonly string[])[] | null = null,
): StackOutputs {
  const { layers = 1, bidirectional = false } = config;
  const states: (readonly string[])[] = [];
  let current = xs;
  for (let layer = 0; layer < layers; layer++) {
    const outputs = (bidirectional ? [false, true] : [false]).map((reverse) => {
      const weights = cellOf(place, config, `_l${layer}${reverse ? '_reverse' : ''}`);
      const run = { xs: current, lengths, reverse, initial: initial?.[states.length] ?? null };
      const result = addRecurrent(place, weights, run);
      states.push(result.states);
      return result.outputs;
    });
    current = outputs.length === 1 ? outputs[0] : place.graph.add('Concat', outputs, { axis: -1 });
  }
  return { outputs: current, states };
}

/** How many tensors the state of a cell has. @throws ConfigError for cells that ONNX lacks */
export const statesOf = (place: Place, config: RecurrentLayerOptions): number =>
  cellOf(place, config, '_l0').operation === 'LSTM' ? 2 : 1;

function cellOf(place: Place, { cell, hidden }: RecurrentLayerOptions, suffix: string): RecurrentWeights {
  const name = cellNameOf(cell);
  if (typeof cell === 'object' && !('cell' in cell)) {
    throw place.refusal(`runs a cell of your own, '${name}', which ONNX does not have`);
  }
  return houseCell(name, {
    config: typeof cell === 'string' ? { hidden } : (cell as unknown as Readonly<Record<string, unknown>>),
    weight: (parameter) => place.numbers(parameter + suffix),
    hasWeight: (parameter) => place.has(parameter + suffix),
    refusal: place.refusal,
  });
}

/** xs `[T, B, F]` with `padding` where steps do not count. */
export function withPadding(place: Place, xs: string, lengths: string, padding: number): string {
  const { graph } = place;
  const active = graph.add('Unsqueeze', [activeSteps(graph, xs, lengths, true), graph.whole([2])]); // [T, B, 1]
  return graph.add('Where', [active, xs, graph.number(padding)]);
}

/** The mean or the maximum over the steps that count, `[T, B, F]` → `[B, F]`. */
export function writePool(place: Place, kind: 'mean' | 'max', xs: string, lengths: string | null): string {
  const { graph } = place;
  const over = { axes: [0], keepdims: 0 };
  if (kind === 'max') {
    return graph.add('ReduceMax', [lengths === null ? xs : withPadding(place, xs, lengths, -3.4e38)], over);
  }
  if (lengths === null) return graph.add('ReduceMean', [xs], over);
  const sum = graph.add('ReduceSum', [withPadding(place, xs, lengths, 0), graph.whole([0])], { keepdims: 0 });
  const counts = graph.add('Unsqueeze', [graph.add('Cast', [lengths], { to: 1 }), graph.whole([1])]);
  return graph.add('Div', [sum, counts]);
}
