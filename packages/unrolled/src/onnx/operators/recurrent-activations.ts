import { add, relu, scale, sigmoid, softplus, tanh } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node } from '../node.ts';
import { elu, hardSigmoid, leakyRelu, softsign, thresholdedRelu } from './activations.ts';

export interface RecurrentActivation {
  /** In lower case. */
  readonly name: string;
  readonly apply: (x: Tensor) => Tensor;
}

interface Kind {
  readonly apply: (x: Tensor, alpha: number, beta: number) => Tensor;
  /** What alpha and beta are where they are not given; absent for one that it does not have, null where it must be given. */
  readonly alpha?: number | null;
  readonly beta?: number | null;
}

const kinds: Readonly<Record<string, Kind>> = {
  tanh: { apply: tanh },
  relu: { apply: relu },
  sigmoid: { apply: sigmoid },
  softsign: { apply: softsign },
  softplus: { apply: softplus },
  affine: { apply: (x, alpha, beta) => add(scale(x, alpha), beta), alpha: null, beta: null },
  scaledtanh: { apply: (x, alpha, beta) => scale(tanh(scale(x, beta)), alpha), alpha: null, beta: null },
  hardsigmoid: { apply: hardSigmoid, alpha: 0.2, beta: 0.5 },
  leakyrelu: { apply: leakyRelu, alpha: 0.01 },
  thresholdedrelu: { apply: thresholdedRelu, alpha: 1 },
  elu: { apply: elu, alpha: 1 },
};

/** The activations of all directions in order; alpha and beta go to those that have one, in the same order. */
export function activationsOf(
  node: Node,
  defaults: readonly string[],
  directions: number,
): readonly RecurrentActivation[] {
  const names = node.texts('activations') ?? Array.from({ length: directions }, () => defaults).flat();
  if (names.length !== defaults.length * directions) {
    throw node.refusal(
      `has ${names.length} activations; ${directions === 1 ? 'one direction takes' : 'two directions take'} ${defaults.length * directions}`,
      { attribute: 'activations' },
    );
  }
  const [alphas, betas] = ['activation_alpha', 'activation_beta'].map((name) => [...node.floats(name)]);
  return names.map((given) => {
    const name = given.toLowerCase();
    if (!Object.hasOwn(kinds, name)) {
      throw node.refusal(`has the activation '${given.slice(0, 40)}'; ${Object.keys(kinds).join(', ')} are read`, {
        attribute: 'activations',
      });
    }
    const kind = kinds[name];
    const take = (list: number[], otherwise: number | null | undefined, which: string): number => {
      if (otherwise === undefined) return 0;
      const value = list.shift() ?? otherwise;
      if (value === null)
        throw node.refusal(`has the activation ${given} without its activation_${which}`, {
          attribute: `activation_${which}`,
        });
      return value;
    };
    const [alpha, beta] = [take(alphas, kind.alpha, 'alpha'), take(betas, kind.beta, 'beta')];
    return { name, apply: (x: Tensor) => kind.apply(x, alpha, beta) };
  });
}
