/** Models of one node, over its attributes, with random numbers that follow from their names. */
import { Random } from 'unrolled';
import { encodeModel } from '../../packages/unrolled/src/io/onnx/messages.ts';
import { type ElementKind, tensorOfNumbers } from '../../packages/unrolled/src/io/onnx/tensor-data.ts';

type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly real: number | readonly number[] };

export interface Given {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
  /** Whether it is an input of the model, or one of its constants. */
  readonly isInput: boolean;
}

export interface NodeCase {
  readonly operation: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Null for one that is left out. */
  readonly inputs: readonly (Given | null)[];
  readonly outputs: number;
}

let random = new Random(0);
const normal = (isInput: boolean, shape: readonly number[]): Given => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
  isInput,
});
const x = (...shape: number[]): Given => normal(true, shape);
const w = (...shape: number[]): Given => normal(false, shape);
const whole = (...numbers: number[]): Given => ({
  shape: [numbers.length],
  data: Int32Array.from(numbers),
  isInput: false,
});

type Make = () => Omit<NodeCase, 'operation'>;
const node = (inputs: readonly (Given | null)[], attributes: NodeCase['attributes'] = {}, outputs = 1) => ({
  inputs,
  attributes,
  outputs,
});

const gates = { RNN: 1, LSTM: 4, GRU: 3 };
const directions = { forward: 1, reverse: 1, bidirectional: 2 };

function recurrentCases(): Record<string, Make> {
  const [T, B, F, H] = [4, 3, 3, 2];
  const cases: Record<string, Make> = {};
  for (const [operation, G] of Object.entries(gates)) {
    for (const [direction, D] of Object.entries(directions)) {
      const weights = () => [x(T, B, F), w(D, G * H, F), w(D, G * H, H)];
      const attributes = { hidden_size: H, direction };
      const outputs = operation === 'LSTM' ? 3 : 2;
      const named = (what: string, make: Make) => Object.assign(cases, { [`${operation} ${direction} ${what}`]: make });
      named('without bias', () => node(weights(), attributes, outputs));
      named('plain', () => node([...weights(), w(D, 2 * G * H)], attributes, outputs));
      named('lengths and states', () => {
        const states = Array.from({ length: outputs - 1 }, () => x(D, B, H));
        return node([...weights(), w(D, 2 * G * H), whole(4, 2, 0), ...states], attributes, outputs);
      });
      named('clip', () => node([...weights(), w(D, 2 * G * H)], { ...attributes, clip: { real: 0.4 } }, outputs));
      const own = { RNN: ['Affine'], LSTM: ['HardSigmoid', 'Softsign', 'Relu'], GRU: ['HardSigmoid', 'Elu'] }[
        operation
      ]!;
      const alpha = { RNN: [0.7], LSTM: [0.3], GRU: [0.3, 0.6] }[operation]!;
      const beta = { RNN: [0.1], LSTM: [0.4], GRU: [0.4] }[operation]!;
      const twice = <Item>(list: readonly Item[]): Item[] => (D === 2 ? [...list, ...list] : [...list]);
      named('activations', () =>
        node(
          [...weights(), w(D, 2 * G * H)],
          {
            ...attributes,
            activations: twice(own),
            activation_alpha: { real: twice(alpha) },
            activation_beta: { real: twice(beta) },
          },
          outputs,
        ),
      );
      if (operation === 'GRU') {
        named('linear before reset', () =>
          node([...weights(), w(D, 2 * G * H)], { ...attributes, linear_before_reset: 1 }, outputs),
        );
      }
      if (operation === 'LSTM') {
        named('peepholes', () =>
          node([...weights(), w(D, 2 * G * H), null, null, null, w(D, 3 * H)], attributes, outputs),
        );
        named('input_forget', () => node([...weights(), w(D, 2 * G * H)], { ...attributes, input_forget: 1 }, outputs));
      }
    }
  }
  return cases;
}

const otherCases: Record<string, Make> = {
  'Conv padded': () => node([x(2, 3, 5, 4), w(4, 3, 3, 2), w(4)], { pads: [1, 0, 2, 1], strides: [2, 1] }),
  'Conv grouped dilated': () => node([x(1, 4, 6, 6), w(2, 2, 2, 2)], { group: 2, dilations: [2, 1] }),
  'Conv same lower': () => node([x(1, 2, 5, 5), w(3, 2, 2, 2)], { auto_pad: 'SAME_LOWER', strides: [2, 2] }),
  'Conv over time': () => node([x(2, 3, 7), w(4, 3, 3), w(4)], { pads: [2, 1], strides: [2] }),
  'ConvTranspose padded': () =>
    node([x(1, 2, 3, 4), w(2, 3, 3, 2), w(3)], { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 0] }),
  'ConvTranspose over time': () => node([x(1, 2, 4), w(2, 3, 3)], { strides: [2], group: 1 }),
  'MaxPool ceil': () =>
    node([x(1, 2, 5, 6)], { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1, pads: [1, 0, 0, 1] }),
  'MaxPool over time': () => node([x(2, 3, 7)], { kernel_shape: [3], strides: [2], dilations: [2] }),
  'MaxPool of boxes': () => node([x(1, 2, 4, 4, 5)], { kernel_shape: [2, 2, 3], strides: [2, 1, 2] }),
  'AveragePool counting padding': () =>
    node([x(1, 2, 5, 5)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2], count_include_pad: 1 }),
  'AveragePool same upper': () => node([x(1, 2, 5, 5)], { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER' }),
  GlobalAveragePool: () => node([x(2, 3, 4, 5)]),
  GlobalMaxPool: () => node([x(2, 3, 4)]),
  BatchNormalization: () => {
    const variance = w(3);
    return node([x(2, 3, 4), w(3), w(3), w(3), { ...variance, data: variance.data.map(Math.abs) }], {
      epsilon: { real: 0.01 },
    });
  },
  InstanceNormalization: () => node([x(2, 3, 4, 2), w(3), w(3)]),
  'LayerNormalization over two axes': () => node([x(2, 3, 4), w(3, 4), w(3, 4)], { axis: 1 }),
  'Gemm transposed': () =>
    node([x(3, 4), w(5, 3), w(1, 5)], { transA: 1, transB: 1, alpha: { real: 0.5 }, beta: { real: 2 } }),
  'MatMul of batches': () => node([x(2, 1, 3, 4), w(3, 4, 2)]),
  'MatMul of a vector': () => node([x(3, 4), w(4)]),
  'Softmax over the first axis': () => node([x(3, 4)], { axis: 0 }),
  LogSoftmax: () => node([x(2, 3, 4)]),
  'Gather along an axis': () => node([x(3, 4, 2), whole(2, -1, 0)], { axis: 1 }),
  'Slice backwards': () => node([x(4, 5), whole(-1, 3), whole(-10, 0), whole(0, 1), whole(-2, -1)]),
  Concat: () => node([x(2, 3), x(2, 1)], { axis: 1 }),
  Split: () => node([x(5, 2), whole(2, 3)], { axis: 0 }, 2),
  Squeeze: () => node([x(1, 3, 1, 2), whole(0, -2)]),
  Unsqueeze: () => node([x(3, 2), whole(0, -1)]),
  Transpose: () => node([x(2, 3, 4)], { perm: [2, 0, 1] }),
  Expand: () => node([x(3, 1), whole(2, 1, 4)]),
  Tile: () => node([x(2, 3), whole(2, 2)]),
  'Pad mirrored': () => node([x(2, 4), whole(0, 3, 1, 2)], { mode: 'reflect' }),
  'Pad with the border': () => node([x(2, 3), whole(1, 0, 0, 2)], { mode: 'edge' }),
  'Pad cutting': () => node([x(3, 4), whole(1, -1, 0, 2)]),
  ReduceMean: () => node([x(2, 3, 4)], { axes: [0, 2] }),
  'ReduceMax without axes kept': () => node([x(2, 3)], { axes: [-1], keepdims: 0 }),
  ReduceL2: () => node([x(2, 3)], { axes: [1] }),
  Erf: () => node([x(7)]),
  Selu: () => node([x(7)]),
  HardSwish: () => node([x(7)]),
  ThresholdedRelu: () => node([x(7)], { alpha: { real: 0.3 } }),
  Elu: () => node([x(7)], { alpha: { real: 0.7 } }),
};

export const nodeCases: Readonly<Record<string, () => NodeCase>> = Object.fromEntries(
  Object.entries({ ...recurrentCases(), ...otherCases }).map(([name, make], i) => [
    name,
    () => {
      random = new Random(i);
      return { operation: name.split(' ')[0], ...make() };
    },
  ]),
);

const typed = (value: Attribute) => {
  if (typeof value === 'number') return { type: 2, integer: value };
  if (typeof value === 'string') return { type: 3, text: value };
  if ('real' in value)
    return typeof value.real === 'number' ? { type: 1, float: value.real } : { type: 6, floats: value.real };
  return typeof value[0] === 'string'
    ? { type: 8, texts: value as string[] }
    : { type: 7, integers: value as number[] };
};

/** Inputs of sequence_lens are int32; all other whole numbers of a node are int64. */
const isLengths = ({ operation }: NodeCase, i: number): boolean => operation in gates && i === 4;

/** The model as a file; its inputs are `in0`, `in1`, …, its outputs `out0`, …. */
export function encodeNode(one: NodeCase): Uint8Array {
  const names = one.inputs.map((given, i) => (given ? `in${i}` : ''));
  const outputs = Array.from({ length: one.outputs }, (_, i) => `out${i}`);
  const constants = one.inputs.flatMap((given, i) => {
    if (!given || given.isInput) return [];
    const kind: ElementKind = given.data instanceof Int32Array ? 'integer' : 'float';
    const tensor = tensorOfNumbers(names[i], kind, given.shape, given.data);
    if (!isLengths(one, i)) return [tensor];
    return [{ name: names[i], dims: given.shape, type: 6, raw: new Uint8Array(given.data.slice().buffer) }];
  });
  const inputs = one.inputs.flatMap((given, i) =>
    given?.isInput
      ? [{ name: names[i], type: { tensor: { type: 1, shape: { dims: given.shape.map((value) => ({ value })) } } } }]
      : [],
  );
  return encodeModel({
    irVersion: 8,
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: one.operation,
      nodes: [
        {
          operation: one.operation,
          inputs: names,
          outputs,
          attributes: Object.entries(one.attributes).map(([name, value]) => ({ name, ...typed(value) })),
        },
      ],
      initializers: constants,
      inputs,
      outputs: outputs.map((name) => ({ name, type: { tensor: { type: 1 } } })),
    },
  });
}
