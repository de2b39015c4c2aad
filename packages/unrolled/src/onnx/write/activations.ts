import { type GraphBuilder, real } from './builder.ts';

type Write = (graph: GraphBuilder, x: string) => string;
const node =
  (operation: string, attributes = {}): Write =>
  (graph, x) =>
    graph.add(operation, [x], attributes);

const clip =
  (from: number, to: number): Write =>
  (graph, x) =>
    graph.add('Clip', [x, graph.number(from), graph.number(to)]);

/** Activations by the names of `unrolled/keras`. */
const writers: Readonly<Record<string, Write>> = {
  linear: (_, x) => x,
  relu: node('Relu'),
  relu6: clip(0, 6),
  leakyRelu: node('LeakyRelu', { alpha: real(0.2) }),
  elu: node('Elu'),
  selu: node('Selu'),
  sigmoid: node('Sigmoid'),
  tanh: node('Tanh'),
  softmax: node('Softmax', { axis: -1 }),
  logSoftmax: node('LogSoftmax', { axis: -1 }),
  softplus: node('Softplus'),
  softsign: node('Softsign'),
  exponential: node('Exp'),
  swish: (graph, x) => graph.add('Mul', [x, graph.add('Sigmoid', [x])]),
  silu: (graph, x) => graph.add('Mul', [x, graph.add('Sigmoid', [x])]),
  gelu: (graph, x) => {
    const bend = graph.add('Erf', [graph.add('Mul', [x, graph.number(Math.SQRT1_2)])]);
    return graph.add('Mul', [graph.add('Mul', [x, graph.number(0.5)]), graph.add('Add', [bend, graph.number(1)])]);
  },
  geluTanh: (graph, x) => {
    const cube = graph.add('Mul', [graph.add('Mul', [x, x]), x]);
    const inner = graph.add('Add', [x, graph.add('Mul', [cube, graph.number(0.044715)])]);
    const bend = graph.add('Tanh', [graph.add('Mul', [inner, graph.number(Math.sqrt(2 / Math.PI))])]);
    return graph.add('Mul', [graph.add('Mul', [x, graph.number(0.5)]), graph.add('Add', [bend, graph.number(1)])]);
  },
  mish: (graph, x) => graph.add('Mul', [x, graph.add('Tanh', [graph.add('Softplus', [x])])]),
  hardSigmoid: node('HardSigmoid', { alpha: real(1 / 6), beta: real(0.5) }),
  hardSigmoidKeras2: node('HardSigmoid', { alpha: real(0.2), beta: real(0.5) }),
  hardSilu: node('HardSwish'),
  hardTanh: clip(-1, 1),
  tanhShrink: (graph, x) => graph.add('Sub', [x, graph.add('Tanh', [x])]),
  logSigmoid: (graph, x) => graph.add('Neg', [graph.add('Softplus', [graph.add('Neg', [x])])]),
};

/** Null where the activation is not known. */
export const writeActivation = (graph: GraphBuilder, x: string, name: unknown): string | null =>
  typeof name === 'string' && Object.hasOwn(writers, name) ? writers[name](graph, x) : null;

/** An activation as an attribute of a recurrent operator: its name, and its alpha and beta where it has them. */
export interface RecurrentName {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

const recurrentNames: Readonly<Record<string, RecurrentName>> = {
  linear: { name: 'Affine', alpha: 1, beta: 0 },
  relu: { name: 'Relu' },
  tanh: { name: 'Tanh' },
  sigmoid: { name: 'Sigmoid' },
  softsign: { name: 'Softsign' },
  softplus: { name: 'Softplus' },
  elu: { name: 'Elu', alpha: 1 },
  leakyRelu: { name: 'LeakyRelu', alpha: 0.2 },
  hardSigmoid: { name: 'HardSigmoid', alpha: 1 / 6, beta: 0.5 },
  hardSigmoidKeras2: { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
};

/** Null where recurrent operators do not have it. */
export const recurrentActivation = (name: string): RecurrentName | null =>
  Object.hasOwn(recurrentNames, name) ? recurrentNames[name] : null;
