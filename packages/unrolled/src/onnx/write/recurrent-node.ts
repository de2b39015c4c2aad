import { recurrentActivation } from './activations.ts';
import { type Numbers, reshapedTo, stacked, zerosOf } from './arrays.ts';
import { type GraphBuilder, real } from './builder.ts';
import type { LayerCall } from './layer-writer.ts';

/** The weights of one direction in ONNX's order of gates. */
export interface RecurrentWeights {
  readonly operation: 'RNN' | 'LSTM' | 'GRU';
  readonly hidden: number;
  readonly input: Numbers; // [G·H, F]
  readonly recurrent: Numbers; // [G·H, H]
  readonly inputBias: Numbers | null; // [G·H]
  readonly recurrentBias: Numbers | null; // [G·H]
  readonly peepholes: Numbers | null; // [3H], i o f
  readonly linearBeforeReset: boolean;
  /** Names as in `unrolled/keras`: f, g, h. */
  readonly activations: readonly string[];
}

/** Time-major values of one direction. */
export interface RecurrentRun {
  readonly xs: string; // [T, B, F]
  readonly lengths: string | null; // int32 [B]
  readonly reverse: boolean;
  /** Initial states `[B, H]`; null: zeros. */
  readonly initial: readonly string[] | null;
}

/** What a node gives: outputs `[T, B, H]` in the order of time, and the states after the last step that ran, `[B, H]`. */
export interface RecurrentOutputs {
  readonly outputs: string;
  readonly states: readonly string[];
}

const defaults = { RNN: 'tanh', LSTM: 'sigmoid,tanh,tanh', GRU: 'sigmoid,tanh' };

export function addRecurrent(
  call: Pick<LayerCall, 'graph' | 'refusal'>,
  weights: RecurrentWeights,
  run: RecurrentRun,
): RecurrentOutputs {
  const { graph } = call;
  const { operation, hidden: H, input, recurrent, inputBias, recurrentBias, peepholes } = weights;
  const oneDirection = (name: string, { shape, data }: Numbers): string => graph.floats(name, [1, ...shape], data);
  const rows = input.shape[0];
  const bias =
    inputBias || recurrentBias
      ? stacked([inputBias ?? zerosOf([rows]), recurrentBias ?? zerosOf([rows])].map((one) => reshapedTo(one, [rows])))
      : null;
  const [h = '', c = ''] = (run.initial ?? []).map((state) => graph.add('Unsqueeze', [state, graph.whole([0])]));
  const inputs = [
    run.xs,
    oneDirection('W', input),
    oneDirection('R', recurrent),
    bias ? oneDirection('B', bias) : '',
    run.lengths ?? '',
    h,
    ...(operation === 'LSTM' ? [c, peepholes ? oneDirection('P', peepholes) : ''] : []),
  ];
  while (inputs.at(-1) === '') inputs.pop();
  const parts = operation === 'LSTM' ? 2 : 1;
  const [y, ...states] = graph.addSeveral(
    operation,
    inputs,
    {
      hidden_size: H,
      direction: run.reverse ? 'reverse' : 'forward',
      linear_before_reset: operation === 'GRU' ? Number(weights.linearBeforeReset) : undefined,
      ...activationAttributes(call, weights),
    },
    1 + parts,
  );
  const without = (value: string, axis: number): string => graph.add('Squeeze', [value, graph.whole([axis])]);
  return { outputs: without(y, 1), states: states.map((state) => without(state, 0)) };
}

function activationAttributes({ refusal }: Pick<LayerCall, 'refusal'>, { operation, activations }: RecurrentWeights) {
  if (activations.join() === defaults[operation]) return {};
  const found = activations.map((name) => {
    const known = recurrentActivation(name);
    if (known) return known;
    throw refusal(`has the activation '${name}', which ONNX's ${operation} does not have`);
  });
  const alphas = found.flatMap(({ alpha }) => (alpha === undefined ? [] : [alpha]));
  const betas = found.flatMap(({ beta }) => (beta === undefined ? [] : [beta]));
  return {
    activations: found.map(({ name }) => name),
    activation_alpha: alphas.length > 0 ? real(alphas) : undefined,
    activation_beta: betas.length > 0 ? real(betas) : undefined,
  };
}

/** `[T, B, …]` and back. */
export const turned = (graph: GraphBuilder, x: string): string => graph.add('Transpose', [x], { perm: [1, 0, 2] });
