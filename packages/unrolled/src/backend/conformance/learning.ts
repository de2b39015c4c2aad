import type { Backend, Block, OptimizerUpdate } from '../backend.ts';
import { lengths } from './elementwise.ts';
import type { Case, Lab } from './lab.ts';

/** What the optimizers have in common, and what each keeps beside the weights. */
type Common = Omit<OptimizerUpdate, 'method'>;

interface Method {
  readonly name: string;
  readonly states: number;
  update(common: Common, states: readonly Block[]): OptimizerUpdate;
}

const methods: Method[] = [
  {
    name: 'sgd',
    states: 0,
    update: (common) => ({ ...common, method: 'sgd', velocity: null, momentum: 0, nesterov: false }),
  },
  ...[false, true].map((nesterov) => ({
    name: nesterov ? 'sgd with nesterov momentum' : 'sgd with momentum',
    states: 1,
    update: (common: Common, [velocity]: readonly Block[]): OptimizerUpdate => ({
      ...common,
      method: 'sgd',
      velocity,
      momentum: 0.9,
      nesterov,
    }),
  })),
  {
    name: 'adagrad',
    states: 1,
    update: (common, [sumOfSquares]) => ({ ...common, method: 'adagrad', sumOfSquares, epsilon: 1e-8 }),
  },
  {
    name: 'rmsprop',
    states: 1,
    update: (common, [meanSquare]) => ({ ...common, method: 'rmsprop', meanSquare, alpha: 0.95, epsilon: 1e-8 }),
  },
  ...(['adam', 'adamw'] as const).map((method) => ({
    name: method,
    states: 2,
    update: (common: Common, [mean, variance]: readonly Block[]): OptimizerUpdate => ({
      ...common,
      method,
      mean,
      variance,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    }),
  })),
];

const settings = [
  { decay: 0, clipNorm: 0, clipValue: 0 },
  { decay: 0.1, clipNorm: 2, clipValue: 0.4 },
];

function threeUpdates(lab: Lab, backend: Backend, length: number, method: Method, setting: (typeof settings)[number]) {
  const weights = lab.normal([length]);
  const states = Array.from({ length: method.states }, () => lab.floats([length], new Float32Array(length)));
  const [steps, loss] = [lab.floats([1], [0]), lab.floats([], [1])];
  const update = (gradients: Block, given: Block | null): void => {
    const norm = lab.empty([]);
    backend.norm(gradients, norm);
    const common = { weights, gradients, norm, loss: given, steps, learningRate: 0.01, ...setting };
    backend.optimize(method.update(common, states));
  };
  for (let step = 1; step <= 3; step++) {
    update(lab.normal([length]), step === 2 ? loss : null);
    // None of these changes anything, even between updates that do.
    update(lab.normal([length]), lab.floats([], [Number.NaN]));
    update(lab.normal([length]), lab.floats([], [Number.NEGATIVE_INFINITY]));
    if (length > 0) update(lab.floats([length], new Float32Array(length).fill(Number.POSITIVE_INFINITY)), loss);
  }
  return { weights, steps, ...Object.fromEntries(states.map((state, i) => [`state${i}`, state])) };
}

export const learningCases: readonly Case[] = methods.flatMap((method) =>
  settings.flatMap((setting) =>
    lengths.map((length) => ({
      name: `three updates among impossible ones of ${method.name}, ${length} weights, decay ${setting.decay}, clip ${setting.clipValue}`,
      run: (lab) => threeUpdates(lab, lab.backend, length, method, setting),
    })),
  ),
);
