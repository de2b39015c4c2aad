import { required, whole } from '../../checks.ts';
import { concat, slice, transpose } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import type { Context } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import type { Declarations } from '../parameters.ts';
import type { SequenceLayer, SequenceRunOptions, StackState } from '../sequence-layer.ts';
import { Block } from './block.ts';
import type { KeysAndValues } from './multi-head.ts';
import { Norm } from './norm.ts';
import { type StackOptions, stackKinds } from './options.ts';
import { Past } from './past.ts';
import { type Places, Positions } from './positions.ts';

export interface TransformerOptions extends StackOptions {
  /** The most steps that are remembered, and learnt positions there are. */
  readonly context: number;
}

export interface TransformerRunOptions extends SequenceRunOptions {
  /** Receives the weights `[B, H, T, S]` of each block, of the steps it runs at once. */
  readonly seen?: ((block: number, weights: Tensor) => void) | undefined;
}

interface Parts {
  readonly blocks: readonly Block[];
  readonly positions: Positions;
  readonly norm: Norm | null;
}

/**
 * A decoder of a language model (Vaswani 2017; Radford 2018): blocks in which every step looks at those before it, `[T, B, E]` →
 * `[T, B, E]`. Its state is a cache of keys and values, so that a step costs the same however it was come to. When `context`
 * steps are remembered, the older half is forgotten: a text of any length is read in constant memory, each step with between
 * context/2 and context steps before it. Steps whose positions were added to the input are then read again.
 *
 * Parameters: `blocks.0.attention.query.weight` … as `Block`, `norm.weight` after the last block of pre-norm ones, and
 * `positions.weight` [context, E] where positions are learnt.
 *
 * @example
 * const sequence = new Transformer({ layers: 4, heads: 4, context: 256 });
 * const model = new LanguageModel(device, tokenizer, { sequence, embedding: 128, dropout: 0.1 });
 */
export class Transformer extends Buildable<Parts> implements SequenceLayer {
  readonly config: { readonly layer: 'transformer' } & TransformerOptions;
  /** It learns from windows of the text, each by itself. */
  readonly restarts = true;
  readonly reach: number;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: TransformerOptions) {
    super();
    this.config = layerConfig('transformer', options, { ...stackKinds, context: required(whole({ from: 2 })) });
    this.reach = options.context;
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { layers, context, postNorm = false } = this.config;
    const blocks = Array.from({ length: layers }, () => new Block(this.config));
    const positions = new Positions(this.config, context);
    const norm = postNorm ? null : new Norm(this.config);
    for (const [i, block] of blocks.entries()) block.build(input, declarations.within(`blocks.${i}`));
    positions.build(input, declarations.within('positions'), blocks[0].depth);
    norm?.build(input, declarations.within('norm'));
    this.parts = { blocks, positions, norm };
    return input;
  }

  /** Nothing read. */
  initialState(_batch: number, _device: Device): StackState {
    return [];
  }

  apply(xs: Tensor, context: Context): Tensor {
    return this.run(xs, context).outputs;
  }

  run(xs: Tensor, context: Context, options: TransformerRunOptions = {}): { outputs: Tensor; state: StackState } {
    const { state, lengths = null, seen } = options;
    const [T, B] = xs.shape;
    const x = transpose(xs, [1, 0, 2]); // [B, T, E]
    let past = Past.from(state ?? [], B);
    const outputs: Tensor[] = [];
    for (let start = 0; start < T; ) {
      if (past.steps >= this.config.context) past = this.#forget(past, context);
      const end = Math.min(T, start + this.config.context - past.steps);
      const own = lengths?.map((length) => Math.max(0, Math.min(end, length) - start)) ?? null;
      const part = start === 0 && end === T ? x : slice(x, 1, start, end);
      const done = this.#read(part, past, context, own, seen);
      outputs.push(done.outputs);
      past = done.past;
      start = end;
    }
    const all = outputs.length === 1 ? outputs[0] : concat(outputs, 1);
    return { outputs: transpose(this.parts.norm?.apply(all) ?? all, [1, 0, 2]), state: past.state(xs.device) };
  }

  /** Steps `[B, T, E]` that fit into the context with those before them. */
  #read(
    x: Tensor,
    past: Past,
    context: Context,
    lengths: readonly number[] | null,
    seen?: TransformerRunOptions['seen'],
  ): { outputs: Tensor; past: Past } {
    const { device } = x;
    const T = x.shape[1];
    const run = this.#run(x, placesFrom(past.next, T), past.blocks, past.mask(device, T), context, seen);
    const inputs = this.parts.positions.absolute ? x : null;
    return { outputs: run.outputs, past: past.extended(run.blocks, T, lengths, inputs) };
  }

  #run(
    x: Tensor,
    places: Places,
    past: readonly KeysAndValues[],
    mask: Tensor | null,
    context: Context,
    seen?: TransformerRunOptions['seen'],
  ): { outputs: Tensor; blocks: KeysAndValues[] } {
    const { blocks, positions } = this.parts;
    const angles = positions.angles(x.device, places, blocks[0].depth);
    let outputs = positions.add(x, places);
    const remembered: KeysAndValues[] = [];
    for (const [i, block] of blocks.entries()) {
      const look = { causal: true, mask, seen: seen && ((weights: Tensor) => seen(i, weights)) };
      const run = block.run(outputs, { context, own: look, angles, past: past[i] });
      outputs = run.outputs;
      remembered.push(run.past);
    }
    return { outputs, blocks: remembered };
  }

  /** The newer half of the steps. */
  #forget(past: Past, context: Context): Past {
    const half = past.last(Math.floor(this.config.context / 2));
    if (!this.parts.positions.absolute) return half;
    // Read again from position 0 on.
    const places = half.places;
    const { blocks } = this.#run(half.inputs!, places, [], half.mask(half.inputs!.device, 0), context);
    const next = places.map((row, b) => row[row.length - 1] + half.counted[b][row.length - 1]);
    return new Past(blocks, half.counted, next, half.inputs);
  }
}

/** T positions of each row from `next` on; of one for all where they agree. */
function placesFrom(next: readonly number[], T: number): Places {
  const rows = next.every((place) => place === next[0]) ? next.slice(0, 1) : next;
  return rows.map((from) => Int32Array.from({ length: T }, (_, t) => from + t));
}
