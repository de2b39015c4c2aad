import { anything, oneOf, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { add, addActivated } from '../../ops/index.ts';
import { formatShape, type Shape, sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { applyPart, type Context, type Layer, type LayerConfig } from '../layer.ts';
import type { Declarations } from '../parameters.ts';
import { type ActivationKind, activate } from './activation.ts';

interface Common {
  /** φ. Default 'none'. */
  readonly activation?: ActivationKind | 'none' | undefined;
  /** Prefixes of the parameters; '' for none. Default 'body' and 'shortcut'. */
  readonly names?: { readonly body?: string | undefined; readonly shortcut?: string | undefined } | undefined;
}

export interface ResidualOptions extends Common {
  /** F. */
  readonly body: Layer;
  /** S, where the body's output has another shape than its input, such as a convolution of 1 × 1. Default: the identity. */
  readonly shortcut?: Layer | null | undefined;
}

/**
 * Residual connection (He 2016): y = φ(F(x) + S(x)), for inputs of any shape.
 *
 * @example
 * // ResNet's block, with torchvision's names: conv1.weight, bn1.weight, …
 * new Residual({
 *   body: new Sequential({ conv1, bn1, relu, conv2, bn2 }),
 *   activation: 'relu',
 *   names: { body: '', shortcut: 'downsample' },
 * });
 */
export class Residual implements Layer {
  readonly config: { readonly layer: 'residual'; readonly body: LayerConfig; readonly shortcut?: LayerConfig } & Common;
  readonly #body: Layer;
  readonly #shortcut: Layer | null;

  /** @throws ConfigError on an unknown option or activation */
  constructor(options: ResidualOptions) {
    requireOptions('residual', options, {
      body: anything,
      shortcut: anything,
      activation: oneOf(['none', 'relu', 'relu6', 'sigmoid', 'tanh']),
      names: anything,
    });
    const { body, shortcut = null, ...common } = options;
    this.#body = body;
    this.#shortcut = shortcut;
    this.config = {
      layer: 'residual',
      body: body.config,
      ...(shortcut && { shortcut: shortcut.config }),
      ...common,
    };
  }

  /** @param make  makes body and shortcut from their configurations */
  static fromConfig(
    { layer: _, body, shortcut, ...common }: Residual['config'],
    make: (config: LayerConfig) => Layer,
  ): Residual {
    return new Residual({ body: make(body), shortcut: shortcut && make(shortcut), ...common });
  }

  get #names(): { readonly body: string; readonly shortcut: string } {
    return { body: 'body', shortcut: 'shortcut', ...this.config.names };
  }

  /** @throws ConfigError if body and shortcut have outputs of different shapes */
  build(input: Shape, declarations: Declarations): Shape {
    const names = this.#names;
    const output = this.#body.build(input, declarations.within(names.body));
    const shortcut = this.#shortcut?.build(input, declarations.within(names.shortcut)) ?? input;
    if (!sameShape(output, shortcut)) {
      throw new ConfigError(
        `residual: the body turns ${formatShape(input)} into ${formatShape(output)}, the shortcut into ` +
          `${formatShape(shortcut)}; give a shortcut that does the same, such as a convolution of 1 × 1 with the body's stride`,
        { input, body: output, shortcut },
      );
    }
    return output;
  }

  apply(x: Tensor, context: Context): Tensor {
    const names = this.#names;
    const y = applyPart(names.body, this.#body, x, context);
    const shortcut = this.#shortcut ? applyPart(names.shortcut, this.#shortcut, x, context) : x;
    const { activation = 'none' } = this.config;
    // One operation, where there is one.
    if (activation === 'relu' || activation === 'relu6') return addActivated(y, shortcut, activation);
    return activate(add(y, shortcut), activation);
  }
}
