import type { Backend, Block, OptimizerUpdate } from '../backend.ts';
import { lengths } from './elementwise.ts';
import type { Case, Lab } from './lab.ts';

/** What the optimizers have in common, and what each keeps beside the weights. */
type Common = Pick<OptimizerUpdate, 'weights' | 'gradients' | 'learningRate' | 'decay' | 'scale' | 'clipValue'>;

interface Method {
  readonly name: string;
  readonly states: number;
  update(common: Common, states: readonly Block[], step: number): OptimizerUpdate;
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
    update: (common: Common, [mean, variance]: readonly Block[], step: number): OptimizerUpdate => ({
      ...common,
      method,
      mean,
      variance,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      step,
    }),
  })),
];

const settings = [
  { decay: 0, scale: 1, clipValue: 0 },
  { decay: 0.1, scale: 0.5, clipValue: 0.4 },
];

function threeUpdates(lab: Lab, backend: Backend, length: number, method: Method, setting: (typeof settings)[number]) {
  const weights = lab.normal([length]);
  const states = Array.from({ length: method.states }, () => lab.floats([length], new Float32Array(length)));
  for (let step = 1; step <= 3; step++) {
    const gradients = lab.normal([length]);
    backend.optimize(method.update({ weights, gradients, learningRate: 0.01, ...setting }, states, step));
  }
  return { weights, ...Object.fromEntries(states.map((state, i) => [`state${i}`, state])) };
}

export const learningCases: readonly Case[] = methods.flatMap((method) =>
  settings.flatMap((setting) =>
    lengths.map((length) => ({
      name: `three updates of ${method.name}, ${length} weights, decay ${setting.decay}, clip ${setting.clipValue}`,
      run: (lab) => threeUpdates(lab, lab.backend, length, method, setting),
    })),
  ),
);
