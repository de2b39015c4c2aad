import { count, flag, whole } from '../../checks.ts';
import { ConfigError, ShapeError } from '../../errors.ts';
import { dropout, transpose } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import { Embedding } from '../embedding.ts';
import type { Context, Layer, Sequences } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import { requireLengths } from '../lengths.ts';
import type { Declarations } from '../parameters.ts';
import { Block } from './block.ts';
import { Norm } from './norm.ts';
import { type StackOptions, stackKinds } from './options.ts';
import { Positions } from './positions.ts';

export interface TransformerEncoderOptions extends StackOptions {
  /** The most steps of a sequence, and learnt positions there are. Default: any number, with positions that are not learnt. */
  readonly context?: number | undefined;
  /** V: the encoder reads token ids in place of vectors, and has a vector for each. */
  readonly vocabularySize?: number | undefined;
  /** E, the width of these vectors. */
  readonly dimension?: number | undefined;
  /** Whether there is a norm after the positions, before the first block, as in BERT. Default false. */
  readonly inputNorm?: boolean | undefined;
}

export interface EncoderRunOptions {
  /** Receives the weights `[B, H, T, T]` of each block. */
  readonly seen?: ((block: number, weights: Tensor) => void) | undefined;
}

interface Parts {
  readonly embedding: Embedding | null;
  readonly positions: Positions;
  readonly inputNorm: Norm | null;
  readonly blocks: readonly Block[];
  readonly norm: Norm | null;
}

/**
 * An encoder (Vaswani 2017; Devlin 2019): blocks in which every step looks at all steps of its sequence, before and after it.
 * Vectors `[T, B, E]` or token ids `[T, B]`, with the length of each row, → `[T, B, E]`. What stands behind a row's length
 * changes nothing before it; outputs there say nothing.
 *
 * Parameters: `embedding.weight` [V, E] where it reads ids, `positions.weight` [context, E] where positions are learnt,
 * `inputNorm.weight` …, `blocks.0.attention.query.weight` … as `Block`, and `norm.weight` after the last block of pre-norm ones.
 *
 * @example
 * const encoder = new TransformerEncoder({ layers: 2, heads: 4, vocabularySize: 5000, dimension: 64 });
 * initialiseParameters(encoder, [-1, -1], device, 1);
 * encoder.apply({ xs: ids, lengths: [9, 7] }, inference);   // [T, 2, 64]
 */
export class TransformerEncoder extends Buildable<Parts> implements Layer<Sequences> {
  readonly config: { readonly layer: 'transformerEncoder' } & TransformerEncoderOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: TransformerEncoderOptions) {
    super();
    this.config = layerConfig('transformerEncoder', options, {
      ...stackKinds,
      context: whole({ from: 1 }),
      vocabularySize: count,
      dimension: count,
      inputNorm: flag,
    });
    const { vocabularySize, dimension } = options;
    if ((vocabularySize === undefined) !== (dimension === undefined)) {
      throw new ConfigError(
        'transformerEncoder: vocabularySize and dimension belong together: give both to read ids, or none',
        { vocabularySize, dimension },
      );
    }
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { layers, context = null, vocabularySize, dimension, postNorm = false, inputNorm = false } = this.config;
    const embedding = vocabularySize === undefined ? null : new Embedding({ vocabularySize, dimension: dimension! });
    const shape = embedding?.build(input, declarations.within('embedding')) ?? input;
    const blocks = Array.from({ length: layers }, () => new Block(this.config));
    const positions = new Positions(this.config, context);
    const norms = { input: inputNorm ? new Norm(this.config) : null, last: postNorm ? null : new Norm(this.config) };
    for (const [i, block] of blocks.entries()) block.build(shape, declarations.within(`blocks.${i}`));
    positions.build(shape, declarations.within('positions'), blocks[0].depth);
    norms.input?.build(shape, declarations.within('inputNorm'));
    norms.last?.build(shape, declarations.within('norm'));
    this.parts = { embedding, positions, inputNorm: norms.input, blocks, norm: norms.last };
    return shape;
  }

  /** The vectors of all ids, `[V, E]`. @throws ConfigError if it reads none */
  get table(): Tensor {
    const { embedding } = this.parts;
    if (embedding) return embedding.table;
    throw new ConfigError(
      'transformerEncoder: it reads vectors and has none for ids; give vocabularySize and dimension',
    );
  }

  apply(sequences: Sequences, context: Context): Tensor {
    return this.run(sequences, context);
  }

  /** @throws ShapeError if there are more steps than the context has, or lengths do not fit */
  run({ xs, lengths = null }: Sequences, context: Context, { seen }: EncoderRunOptions = {}): Tensor {
    const { embedding, positions, inputNorm, blocks, norm } = this.parts;
    const { context: most = Number.POSITIVE_INFINITY, dropout: rate = 0 } = this.config;
    const [T, B] = xs.shape;
    if (xs.rank !== (embedding ? 2 : 3) || T > most) {
      throw new ShapeError(
        `transformerEncoder: needs ${embedding ? 'ids [T, B]' : '[T, B, E]'}${T > most ? ` of at most ${most} steps` : ''}, ` +
          `received ${formatShape(xs.shape)}`,
        { received: xs.shape, context: most },
      );
    }
    if (lengths) requireLengths('transformerEncoder', lengths, T, B);
    const vectors = transpose(embedding?.apply(xs) ?? xs, [1, 0, 2]); // [B, T, E]
    const places = [Int32Array.from({ length: T }, (_, t) => t)];
    const angles = positions.angles(xs.device, places, blocks[0].depth);
    let outputs = positions.add(vectors, places);
    outputs = inputNorm?.apply(outputs) ?? outputs;
    if (context.training) outputs = dropout(outputs, rate, context.random);
    for (const [i, block] of blocks.entries()) {
      const own = { lengths, seen: seen && ((weights: Tensor) => seen(i, weights)) };
      outputs = block.run(outputs, { context, own, angles }).outputs;
    }
    return transpose(norm?.apply(outputs) ?? outputs, [1, 0, 2]);
  }
}
