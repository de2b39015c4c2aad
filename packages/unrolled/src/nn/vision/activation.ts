import { oneOf, required } from '../../checks.ts';
import { relu, relu6, sigmoid, tanh } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';

const functions = { relu, relu6, sigmoid, tanh };
export type ActivationKind = keyof typeof functions;

/** y = φ(x), element by element: 'relu' max(x, 0), 'relu6' min(max(x, 0), 6), 'sigmoid' or 'tanh'. */
export class Activation implements Layer {
  readonly config: { readonly layer: 'activation'; readonly kind: ActivationKind };

  /** @throws ConfigError on another kind */
  constructor(options: { readonly kind: ActivationKind }) {
    this.config = layerConfig('activation', options, { kind: required(oneOf(Object.keys(functions))) });
  }

  build(input: Shape): Shape {
    return input;
  }

  apply(x: Tensor): Tensor {
    return activate(x, this.config.kind);
  }
}

export const activate = (x: Tensor, kind: ActivationKind | 'none'): Tensor =>
  kind === 'none' ? x : functions[kind](x);

/** What a convolution or a batch norm may compute with its result: 'none' where no such activation follows. */
export const activationOf = (following: Layer | undefined): 'none' | 'relu' | 'relu6' =>
  following instanceof Activation && (following.config.kind === 'relu' || following.config.kind === 'relu6')
    ? following.config.kind
    : 'none';
