import { ConfigError } from '../errors.ts';

/**
 * The base of layers and cells: holds what building makes, its parameters and inner layers, and says so where they are asked
 * for earlier.
 *
 * @example
 * class Scale extends Buildable<{ factor: Parameter }> implements Layer {
 *   readonly config = { layer: 'scale' };
 *   build(input: Shape, declarations: Declarations): Shape {
 *     this.parts = { factor: declarations.declare('factor', [input.at(-1)!], { kind: 'constant', value: 1 }) };
 *     return input;
 *   }
 *   apply(x: Tensor): Tensor {
 *     return x.mul(this.parts.factor.value);
 *   }
 * }
 */
export abstract class Buildable<Parts> {
  abstract readonly config: { readonly layer: string } | { readonly cell: string };
  #parts: Parts | null = null;

  /** Set by `build`. @throws ConfigError when read before */
  protected get parts(): Parts {
    if (this.#parts === null) throw notBuilt(this.config);
    return this.#parts;
  }

  protected set parts(parts: Parts) {
    this.#parts = parts;
  }
}

export function notBuilt(config: Buildable<never>['config']): ConfigError {
  const name = 'layer' in config ? config.layer : `cell '${config.cell}'`;
  return new ConfigError(
    `${name}: the layer is not built; call initialiseParameters(layer, inputShape, device, seed) first`,
    { layer: name },
  );
}
