import { gatesInOrder, type Numbers, permuted, reshapedTo } from './arrays.ts';
import type { LayerCall } from './layer-writer.ts';
import type { RecurrentWeights } from './recurrent-node.ts';

/** A configuration, and weights by name. */
export interface CellSource {
  readonly config: Readonly<Record<string, unknown>>;
  weight(name: string): Numbers;
  hasWeight(name: string): boolean;
  readonly refusal: LayerCall['refusal'];
}

/** ONNX's i o f c from i f c o. */
const lstmOrder = [0, 3, 1, 2];

/** The weights of a cell of `unrolled/keras`. */
export function kerasCell(kind: string, { config, weight, hasWeight, refusal }: CellSource): RecurrentWeights {
  const units = config.units as number;
  const activation = (config.activation ?? 'tanh') as string;
  const gateActivation = (config.recurrentActivation ?? 'sigmoid') as string;
  const order = kind === 'lstmCell' ? lstmOrder : null;
  const rows = (name: string): Numbers => {
    const turned = permuted(weight(name), [1, 0]);
    return order ? gatesInOrder(turned, order) : turned;
  };
  const bias = hasWeight('bias') ? weight('bias') : null;
  const common = {
    hidden: units,
    input: rows('kernel'),
    recurrent: rows('recurrentKernel'),
    inputBias: bias && order ? gatesInOrder(bias, order) : bias,
    recurrentBias: null,
    peepholes: null,
    linearBeforeReset: false,
  };
  switch (kind) {
    case 'simpleRNNCell':
      return { ...common, operation: 'RNN', activations: [activation] };
    case 'lstmCell':
      return { ...common, operation: 'LSTM', activations: [gateActivation, activation, activation] };
    case 'gruCell': {
      const both = bias?.shape.length === 2 ? halves(bias) : null;
      return {
        ...common,
        operation: 'GRU',
        activations: [gateActivation, activation],
        inputBias: both ? both[0] : bias,
        recurrentBias: both ? both[1] : null,
        linearBeforeReset: (config.resetAfter ?? true) as boolean,
      };
    }
  }
  throw refusal(`runs the cell '${kind}', which ONNX does not have; it has simple cells, LSTM and GRU`);
}

function halves({ shape, data }: Numbers): readonly [Numbers, Numbers] {
  const rows = shape[1];
  const half = (i: number): Numbers => ({
    shape: [rows],
    data: Array.prototype.slice.call(data, i * rows, (i + 1) * rows),
  });
  return [half(0), half(1)];
}

/** The weights of a cell of the library, with PyTorch's names and order of gates. */
export function houseCell(kind: string, { config, weight, hasWeight, refusal }: CellSource): RecurrentWeights {
  const optional = (name: string): Numbers | null => (hasWeight(name) ? weight(name) : null);
  const built = (order: readonly number[], signs?: readonly number[]) => {
    const rows = (numbers: Numbers | null) => numbers && gatesInOrder(numbers, order, signs);
    return {
      hidden: config.hidden as number,
      input: rows(weight('weight_ih'))!,
      recurrent: rows(weight('weight_hh'))!,
      inputBias: rows(optional('bias_ih')),
      recurrentBias: rows(optional('bias_hh')),
      peepholes: null,
      linearBeforeReset: false,
    };
  };
  if (kind === 'rnn' || kind === 'irnn') {
    const activation = (config.activation ?? (kind === 'irnn' ? 'relu' : 'tanh')) as string;
    return { ...built([0]), operation: 'RNN', activations: [activation] };
  }
  if (kind === 'lstm') {
    if (config.projection !== undefined) throw refusal('projects its output, which ONNX does not do');
    // i f g o → i o f c
    const seen = ['weight_ci', 'weight_co', 'weight_cf'].map(optional);
    const peepholes = seen.every((one) => one !== null)
      ? reshapedTo({ shape: [], data: seen.flatMap((one) => Array.from(one!.data)) }, [3 * (config.hidden as number)])
      : null;
    return { ...built(lstmOrder), operation: 'LSTM', activations: ['sigmoid', 'tanh', 'tanh'], peepholes };
  }
  if (kind === 'gru') {
    // r z n → z r h; a gate that says how much is replaced is 1 less one that says how much is kept: σ(−x) = 1 − σ(x).
    const z = config.update === 'replace' ? -1 : 1;
    return {
      ...built([1, 0, 2], [z, 1, 1]),
      operation: 'GRU',
      activations: ['sigmoid', 'tanh'],
      linearBeforeReset: config.reset !== 'before',
    };
  }
  throw refusal(`runs the cell '${kind}', which ONNX does not have; it has simple cells, LSTM and GRU`);
}
