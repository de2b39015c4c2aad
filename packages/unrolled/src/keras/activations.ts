import { type Kind, nearest, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import {
  abs,
  add,
  div,
  exp,
  gelu,
  geluTanh,
  greater,
  logSoftmax,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  relu6,
  scale,
  select,
  sigmoid,
  silu,
  softmax,
  softplus,
  sub,
  tanh,
} from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';

const clip = (x: Tensor, from: number, to: number): Tensor => minimum(maximum(x, from), to);
const elu = (x: Tensor, alpha = 1): Tensor => select(greater(x, 0), x, scale(sub(exp(minimum(x, 0)), 1), alpha));

/** Activation functions by Keras' names in camelCase. */
const activations = {
  linear: (x: Tensor): Tensor => x,
  relu,
  relu6,
  leakyRelu: (x: Tensor): Tensor => select(greater(x, 0), x, scale(x, 0.2)),
  elu: (x: Tensor): Tensor => elu(x),
  selu: (x: Tensor): Tensor => scale(elu(x, 1.6732632423543772), 1.0507009873554805),
  sigmoid,
  tanh,
  softmax: withLogits(softmax),
  logSoftmax,
  softplus,
  softsign: (x: Tensor): Tensor => div(x, add(abs(x), 1)),
  exponential: exp,
  swish: silu,
  silu,
  /** x Φ(x); within 2e-7. */
  gelu,
  /** Keras' gelu(x, approximate=True). */
  geluTanh,
  mish: (x: Tensor): Tensor => mul(x, tanh(softplus(x))),
  /** Keras 3's: clip(x/6 + ½, 0, 1). */
  hardSigmoid: (x: Tensor): Tensor => clip(add(scale(x, 1 / 6), 0.5), 0, 1),
  /** Keras 1's and 2's: clip(0.2 x + ½, 0, 1). */
  hardSigmoidKeras2: (x: Tensor): Tensor => clip(add(scale(x, 0.2), 0.5), 0, 1),
  hardSilu: (x: Tensor): Tensor => mul(x, clip(add(scale(x, 1 / 6), 0.5), 0, 1)),
  hardTanh: (x: Tensor): Tensor => clip(x, -1, 1),
  tanhShrink: (x: Tensor): Tensor => sub(x, tanh(x)),
  logSigmoid: (x: Tensor): Tensor => neg(softplus(neg(x))),
} satisfies Readonly<Record<string, (x: Tensor) => Tensor>>;

/** The name of an activation function; 'linear' is none. */
export type ActivationName = keyof typeof activations;
export const activationNames = Object.keys(activations) as readonly ActivationName[];

export const activationKind: Kind = {
  must: 'the name of an activation',
  fits: (value) => activationNames.includes(value as ActivationName),
  names: activationNames,
};

/** The softmax of these logits: a loss is computed from the logits, where they are known. */
const logits = new WeakMap<Tensor, Tensor>();
export const logitsBehind = (x: Tensor): Tensor | undefined => logits.get(x);

function withLogits(activation: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => {
    const y = activation(x);
    logits.set(y, x);
    return y;
  };
}

const sigmoidWithLogits = withLogits(sigmoid);

/** y = φ(x). @throws ConfigError on an unknown name */
export function activate(x: Tensor, name: ActivationName): Tensor {
  if (name === 'sigmoid') return sigmoidWithLogits(x);
  if (Object.hasOwn(activations, name)) return activations[name](x);
  const near = nearest(String(name), activationNames);
  throw new ConfigError(
    `activation: there is no ${shown(name)}; ${near ? `did you mean '${near}'?` : `use ${activationNames.join(', ')}`}`,
    { name },
  );
}
