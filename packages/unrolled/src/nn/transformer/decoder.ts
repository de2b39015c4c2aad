import { count, required } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { type Angles, at, mean, reshape, transpose } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AttentionMemory } from '../attention.ts';
import { Buildable } from '../buildable.ts';
import { Dropout } from '../dropout.ts';
import { type Context, inference } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import { beyond, replacePadding, requireLengths } from '../lengths.ts';
import { Linear } from '../linear.ts';
import type { Declarations } from '../parameters.ts';
import {
  type DecoderInputs,
  type DecoderRun,
  type DecoderShapes,
  type DecoderState,
  type DecoderStep,
  type SequenceDecoder,
  walkSteps,
} from '../seq2seq/decoder.ts';
import type { Encoded } from '../seq2seq/encoded.ts';
import type { StackState } from '../sequence-layer.ts';
import { Block } from './block.ts';
import { Norm } from './norm.ts';
import { type StackOptions, stackKinds } from './options.ts';
import { Positions } from './positions.ts';

export interface TransformerDecoderOptions extends StackOptions {
  /** Number of output classes. */
  readonly choices: number;
}

interface Parts {
  readonly blocks: readonly Block[];
  readonly positions: Positions;
  readonly norm: Norm | null;
}

/** Of a block: keys and values of the memory, and of the steps so far once there are any. */
interface Entry {
  readonly memoryK: Tensor;
  readonly memoryV: Tensor;
  readonly k?: Tensor;
  readonly v?: Tensor;
}

/**
 * A Transformer that writes about a memory (Vaswani 2017): embeddings of the tokens so far `[T, B, E]` → blocks in which each step
 * looks at the steps up to it and at the memory `[S, B, D]` → logits `[T, B, choices]`. Where it looks, for pictures, is the mean
 * over the heads of the last block.
 *
 * Parameters: `blocks.0.attention.query.weight` … and `blocks.0.memory.query.weight` … as `Block`, `norm.weight` after pre-norm
 * blocks, `output.weight` [choices, E], `output.bias`. Positions are rotary, sinusoidal or none.
 */
export class TransformerDecoder extends Buildable<Parts> implements SequenceDecoder {
  readonly config: { readonly layer: 'transformerDecoder' } & TransformerDecoderOptions;
  readonly #dropout: Dropout;
  readonly #output: Linear;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: TransformerDecoderOptions) {
    super();
    this.config = layerConfig('transformerDecoder', options, { ...stackKinds, choices: required(count) });
    this.#dropout = new Dropout({ rate: options.dropout ?? 0 });
    this.#output = new Linear({ units: options.choices });
  }

  /** @throws ConfigError if the input has a constant part, which only recurrent decoders take */
  build({ ys, memory, constant }: DecoderShapes, declarations: Declarations): Shape {
    if (constant) {
      throw new ConfigError(
        'transformerDecoder: it looks at a memory; what is part of every input needs a recurrent decoder',
      );
    }
    const { layers, postNorm = false } = this.config;
    const blocks = Array.from({ length: layers }, () => new Block(this.config, true));
    for (const [i, block] of blocks.entries()) block.build(ys, declarations.within(`blocks.${i}`), memory);
    const positions = new Positions(this.config, null);
    positions.build(ys, declarations.within('positions'), blocks[0].depth);
    const norm = postNorm ? null : new Norm(this.config);
    norm?.build(ys, declarations.within('norm'));
    this.parts = { blocks, positions, norm };
    return this.#output.build(ys, declarations.within('output'));
  }

  apply({ ys, memory, lengths, ...encoded }: DecoderInputs, context: Context): Tensor {
    const prepared = this.prepare(memory, lengths);
    return this.logits(this.run(ys, prepared, this.begin(encoded, prepared), context).vectors);
  }

  /** Nothing: it knows the source by the memory alone. */
  initialState(_batch: number, _device: Device): StackState {
    return [];
  }

  prepare(encoded: Tensor, lengths: readonly number[] | null = null): AttentionMemory {
    const [S, B] = encoded.shape;
    if (lengths !== null) requireLengths('transformerDecoder', lengths, S, B);
    // A weight of 0 does not mask a NaN.
    const values = transpose(lengths ? replacePadding(encoded, lengths, 0) : encoded, [1, 0, 2]);
    return {
      keys: values,
      values,
      mask: lengths && encoded.device.tensor(beyond(lengths, S), [B, 1, S]),
      single: null,
    };
  }

  begin({ first }: Omit<Encoded, 'memory'>, memory: AttentionMemory): DecoderState {
    const recurrent = this.parts.blocks.map((block) => {
      const { k, v } = block.keysAndValues(memory.values);
      return { memoryK: k, memoryV: v };
    });
    const begun = { recurrent, fed: null, coverage: null, constant: null };
    return first ? this.step(first, memory, begun, inference).state : begun;
  }

  step(ys: Tensor, memory: AttentionMemory, state: DecoderState, context: Context): DecoderStep {
    const { outputs, weights, recurrent } = this.#read(reshape(ys, [1, ...ys.shape]), memory, state, context, true);
    const next = { recurrent, fed: null, coverage: null, constant: null };
    return { vector: at(outputs, 0), weights, repeated: null, drawn: null, state: next };
  }

  run(ys: Tensor, memory: AttentionMemory, state: DecoderState, context: Context): DecoderRun {
    const { outputs } = this.#read(ys, memory, state, context, false);
    return { vectors: this.#dropout.apply(outputs, context), repeated: null, weights: null, drawn: null };
  }

  walk(...given: Parameters<SequenceDecoder['walk']>): DecoderRun {
    return walkSteps(this, this.#dropout, given);
  }

  logits(vectors: Tensor): Tensor {
    return this.#output.apply(vectors);
  }

  /** ys `[T, B, E]` → outputs `[T, B, E]`; where the last step looks, `[B, S]`, if asked for; and what is remembered. */
  #read(ys: Tensor, memory: AttentionMemory, state: DecoderState, context: Context, looks: boolean) {
    const { blocks, positions, norm } = this.parts;
    const entries = state.recurrent as unknown as readonly Entry[];
    const [T, B] = ys.shape;
    const S = memory.values.shape[1];
    const read = entries[0].k?.shape[1] ?? 0;
    const places = [Int32Array.from({ length: T }, (_, t) => read + t)];
    const angles: Angles | null = positions.angles(ys.device, places, blocks[0].depth);
    const mask = memory.mask && reshape(memory.mask, [B, 1, 1, S]);
    let outputs = positions.add(transpose(ys, [1, 0, 2]), places);
    if (context.training) outputs = this.#dropout.apply(outputs, context);
    let weights: Tensor | null = null;
    const recurrent = blocks.map((block, i) => {
      const { memoryK, memoryV, k, v } = entries[i];
      const seen = (found: Tensor): void => {
        weights = reshape(mean(found, { axes: [1] }), [B, S]);
      };
      const look = { mask, seen: looks && i === blocks.length - 1 ? seen : undefined };
      const run = block.run(outputs, {
        ...{ context, angles, own: { causal: true }, past: k && v ? { k, v } : null },
        memory: { keysAndValues: { k: memoryK, v: memoryV }, look },
      });
      outputs = run.outputs;
      return { memoryK, memoryV, ...run.past };
    });
    return { outputs: transpose(norm?.apply(outputs) ?? outputs, [1, 0, 2]), weights, recurrent };
  }
}
