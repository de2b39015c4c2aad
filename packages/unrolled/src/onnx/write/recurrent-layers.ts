import type { Shape } from '../../shape.ts';
import { houseCell, kerasCell } from './cell-weights.ts';
import { activeSteps, type LayerCall, type LayerWriter, type Written } from './layer-writer.ts';
import { addRecurrent, type RecurrentWeights, turned } from './recurrent-node.ts';

type Config = LayerCall['config'];

/** The cells of a recurrent layer, by the kinds of `unrolled/keras`. */
function cellsOf(call: LayerCall): readonly RecurrentWeights[] {
  const { config } = call;
  const one = (cell: Config, prefix: string): RecurrentWeights => {
    const source = {
      config: cell,
      weight: (name: string) => call.weight(prefix + name),
      hasWeight: (name: string) => call.hasWeight(prefix + name),
      refusal: call.refusal,
    };
    if (cell.layer !== 'cell') return kerasCell(cell.layer, source);
    const own = cell.cell as string | Config | { readonly name: string };
    if (typeof own === 'string') return houseCell(own, { ...source, config: { hidden: cell.units } });
    const { cell: kind } = own as { readonly cell?: string };
    if (kind !== undefined) return houseCell(kind, { ...source, config: own as Config });
    return houseCell((own as { name: string }).name, source);
  };
  if (config.layer !== 'rnn') return [one({ ...config, layer: `${config.layer}Cell` } as Config, '')];
  return call.cells!.map((cell, i) => one(cell as Config, Array.isArray(config.cell) ? `cell${i}.` : ''));
}

interface Sequence {
  /** `[B, T, H]` in the order of time, zeros at steps that do not count. */
  readonly inTime: string;
  /** `[B, H]`, for each part of the state of each cell. */
  readonly states: readonly string[];
  /** The output of the last step that ran. */
  readonly last: string;
}

function run(call: LayerCall, reverse: boolean): Sequence {
  const { graph, config, inputs } = call;
  if (config.stateful)
    throw call.refusal('is stateful, and a file has no state to begin with; give initialState an input');
  const [x, ...given] = inputs;
  let xs = turned(graph, x.name);
  let place = 0;
  const states: string[] = [];
  let last = '';
  for (const weights of cellsOf(call)) {
    const parts = weights.operation === 'LSTM' ? 2 : 1;
    const initial = given.length > 0 ? given.slice(place, place + parts).map(({ name }) => name) : null;
    place += parts;
    const result = addRecurrent(call, weights, { xs, lengths: x.lengths, reverse, initial });
    xs = result.outputs;
    states.push(...result.states);
    [last] = result.states;
  }
  return { inTime: turned(graph, xs), states, last };
}

/** Its steps in reverse order, `[B, T, H]`. */
const flipped = ({ graph }: LayerCall, value: string): string =>
  graph.add('Slice', [
    value,
    graph.whole([-1]),
    graph.whole([Number.MIN_SAFE_INTEGER]),
    graph.whole([1]),
    graph.whole([-1]),
  ]);

const rnnWriter: LayerWriter = (call) => {
  const { config, inputs, outputs, graph } = call;
  const { lengths } = inputs[0];
  const reverse = (config.goBackwards ?? false) as boolean;
  const { inTime, states, last } = run(call, reverse);
  const returned = config.returnState
    ? states.map((name, i): Written => ({ name, shape: outputs[i + 1], lengths: null }))
    : [];
  if (!config.returnSequences) return [{ name: last, shape: outputs[0], lengths: null }, ...returned];
  const ordered = reverse ? flipped(call, inTime) : inTime;
  // Where a step does not count, Keras repeats the output before it; behind the last one that is the final state.
  const repeats = lengths !== null && !reverse && !config.zeroOutputForMask;
  const sequence = repeats
    ? graph.add('Where', [
        graph.add('Unsqueeze', [activeSteps(graph, ordered, lengths), graph.whole([2])]),
        ordered,
        graph.add('Unsqueeze', [last, graph.whole([1])]),
      ])
    : ordered;
  if (reverse && lengths !== null) {
    throw call.refusal('runs backwards over masked steps and returns all outputs, whose padding would come first');
  }
  return [{ name: sequence, shape: outputs[0], lengths }, ...returned];
};

const joins: Readonly<Record<string, (call: LayerCall, a: string, b: string) => string>> = {
  concat: ({ graph }, a, b) => graph.add('Concat', [a, b], { axis: -1 }),
  sum: ({ graph }, a, b) => graph.add('Add', [a, b]),
  mul: ({ graph }, a, b) => graph.add('Mul', [a, b]),
  ave: ({ graph }, a, b) => graph.add('Mul', [graph.add('Add', [a, b]), graph.number(0.5)]),
};

const bidirectionalWriter: LayerWriter = (call) => {
  const { config, inputs, outputs } = call;
  const [x, ...states] = inputs;
  const half = states.length / 2;
  const of = config.of as Config;
  const results = ['forward', 'backward'].map((direction, i) => {
    const inner = call.within!(direction, [x, ...states.slice(i * half, (i + 1) * half)]);
    const { returnSequences, goBackwards = false } = inner.config;
    const own = run(inner, goBackwards as boolean);
    return { y: returnSequences ? own.inTime : own.last, states: own.states };
  });
  const mode = config.mergeMode === undefined ? 'concat' : (config.mergeMode as string | null);
  const values = results.map(({ y }) => y);
  const names = mode === null ? values : [joins[mode](call, values[0], values[1])];
  const all = [...names, ...(of.returnState ? results.flatMap((one) => one.states) : [])];
  const lengths = of.returnSequences ? x.lengths : null;
  return all.map((name, i) => ({ name, shape: outputs[i] as Shape, lengths: i < names.length ? lengths : null }));
};

export const recurrentLayers: Readonly<Record<string, LayerWriter>> = {
  simpleRNN: rnnWriter,
  lstm: rnnWriter,
  gru: rnnWriter,
  rnn: rnnWriter,
  bidirectional: bidirectionalWriter,
};
