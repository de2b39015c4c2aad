import { type Angles, add, append, dropout } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Context } from '../layer.ts';
import type { Declarations } from '../parameters.ts';
import { FeedForward } from './feed-forward.ts';
import { type KeysAndValues, type Look, MultiHead } from './multi-head.ts';
import { Norm } from './norm.ts';
import type { BlockOptions } from './options.ts';

export interface BlockRun {
  readonly context: Context;
  /** How it looks at itself. */
  readonly own: Look;
  /** Of the positions of x. Default: none. */
  readonly angles?: Angles | null;
  /** Keys and values of the steps before x. Default: none. */
  readonly past?: KeysAndValues | null | undefined;
  /** What a block with cross attention looks at, and how. */
  readonly memory?: { readonly keysAndValues: KeysAndValues; readonly look: Look } | undefined;
}

/**
 * A block of a Transformer (Vaswani 2017): self-attention, attention to a memory in a decoder of a translation, and a feed-forward
 * part, each with a norm and a sum:
 *
 *     pre-norm: x ← x + part(norm(x));   post-norm: x ← norm(x + part(x))
 *
 * Parameters: `attention.query.weight` …, `norm1.weight` …, `memory.query.weight` … and `norm3` with cross attention,
 * `feedForward.up.weight` …, `norm2.weight` ….
 */
export class Block {
  readonly #options: BlockOptions;
  readonly #attention: MultiHead;
  readonly #memory: MultiHead | null;
  readonly #feedForward: FeedForward;
  readonly #norms: { readonly attention: Norm; readonly memory: Norm; readonly feedForward: Norm };

  /** @param cross  whether it looks at a memory, too */
  constructor(options: BlockOptions, cross = false) {
    this.#options = options;
    this.#attention = new MultiHead(options);
    this.#memory = cross ? new MultiHead(options) : null;
    this.#feedForward = new FeedForward(options);
    this.#norms = { attention: new Norm(options), memory: new Norm(options), feedForward: new Norm(options) };
  }

  get depth(): number {
    return this.#attention.depth;
  }

  build(input: Shape, declarations: Declarations, memory?: Shape): void {
    this.#attention.build(input, declarations.within('attention'));
    this.#norms.attention.build(input, declarations.within('norm1'));
    if (this.#memory) {
      this.#memory.build(input, declarations.within('memory'), memory);
      this.#norms.memory.build(input, declarations.within('norm3'));
    }
    this.#feedForward.build(input, declarations.within('feedForward'));
    this.#norms.feedForward.build(input, declarations.within('norm2'));
  }

  /** Keys and values of a memory, for cross attention. */
  keysAndValues(memory: Tensor): KeysAndValues {
    return this.#memory!.keysAndValues(memory);
  }

  /** x `[B, T, E]` → `[B, T, E]`, and the keys and values of the steps so far. */
  run(x: Tensor, { context, own, angles = null, past, memory }: BlockRun): { outputs: Tensor; past: KeysAndValues } {
    let seen!: KeysAndValues;
    let outputs = this.#part(x, context, this.#norms.attention, (input) => {
      const { k, v } = this.#attention.keysAndValues(input, angles);
      seen = past ? { k: append(past.k, k, 1), v: append(past.v, v, 1) } : { k, v };
      return this.#attention.apply(input, seen, context, own, angles);
    });
    if (this.#memory) {
      const { keysAndValues, look } = memory!;
      outputs = this.#part(outputs, context, this.#norms.memory, (input) =>
        this.#memory!.apply(input, keysAndValues, context, look),
      );
    }
    return {
      outputs: this.#part(outputs, context, this.#norms.feedForward, (input) => this.#feedForward.apply(input)),
      past: seen,
    };
  }

  #part(x: Tensor, context: Context, norm: Norm, part: (input: Tensor) => Tensor): Tensor {
    const { postNorm = false, dropout: rate = 0 } = this.#options;
    const drop = (y: Tensor): Tensor => (context.training ? dropout(y, rate, context.random) : y);
    return postNorm ? norm.apply(add(x, drop(part(x)))) : add(x, drop(part(norm.apply(x))));
  }
}
