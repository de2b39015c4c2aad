import { ConfigError } from '../../errors.ts';
import { type Angles, attention, attentionWeights, rotary } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Context } from '../layer.ts';
import { Linear } from '../linear.ts';
import type { Declarations } from '../parameters.ts';
import type { BlockOptions } from './options.ts';

/** Keys and values of a sequence, `[B, S, G·D]` each: computed once, whatever looks at them. */
export type KeysAndValues = { readonly k: Tensor; readonly v: Tensor };

/** How queries look at keys. */
export interface Look {
  readonly causal?: boolean;
  readonly lengths?: readonly number[] | null | undefined;
  /** See `AttentionOptions.mask`. */
  readonly mask?: Tensor | null | undefined;
  /** Receives the weights `[B, H, T, S]`. */
  readonly seen?: ((weights: Tensor) => void) | undefined;
}

/** Multi-head attention (Vaswani 2017). Parameters: `query`, `key`, `value` and `output`, as `Linear`. */
export class MultiHead {
  readonly #options: BlockOptions;
  #query!: Linear;
  #key!: Linear;
  #value!: Linear;
  #output!: Linear;
  /** D, the width of a head; known once it is built. */
  depth = 0;

  constructor(options: BlockOptions) {
    this.#options = options;
  }

  /** @param memory  of what it looks at. Default: of the input itself */
  build(input: Shape, declarations: Declarations, memory: Shape = input): void {
    const width = input.at(-1)!;
    const { heads, groups = heads, bias } = this.#options;
    if (width % heads !== 0 || heads % groups !== 0) {
      throw new ConfigError(
        `transformer: a width of ${width} does not divide into ${heads} heads, or these not into ${groups} groups`,
        { width, heads, groups },
      );
    }
    this.depth = width / heads;
    const own = (units: number): Linear => new Linear({ units, bias });
    [this.#query, this.#key, this.#value, this.#output] = [
      own(width),
      own(groups * this.depth),
      own(groups * this.depth),
      own(width),
    ];
    this.#query.build(input, declarations.within('query'));
    this.#key.build(memory, declarations.within('key'));
    this.#value.build(memory, declarations.within('value'));
    this.#output.build(input, declarations.within('output'));
  }

  /** x `[B, S, E]` → keys and values. */
  keysAndValues(x: Tensor, angles: Angles | null = null): KeysAndValues {
    const { heads, groups = heads } = this.#options;
    const k = this.#key.apply(x);
    return { k: angles ? rotary(k, angles, groups) : k, v: this.#value.apply(x) };
  }

  /** x `[B, T, E]` → what its queries find, `[B, T, E]`. */
  apply(x: Tensor, { k, v }: KeysAndValues, context: Context, look: Look, angles: Angles | null = null): Tensor {
    const { heads, groups, dropout: rate = 0 } = this.#options;
    const q = this.#query.apply(x);
    const queries = angles ? rotary(q, angles, heads) : q;
    const { seen, ...rest } = look;
    const options = { heads, groups, ...rest };
    seen?.(attentionWeights(queries, k, options));
    const dropout = context.training && rate > 0 ? { rate, random: context.random } : undefined;
    return this.#output.apply(attention(queries, k, v, { ...options, dropout }));
  }
}
