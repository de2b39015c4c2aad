import { count, required, whole } from '../checks.ts';
import { idsOf } from '../ops/ids.ts';
import { embedding, select } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import { Embedding } from './embedding.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import type { Declarations, Parameter } from './parameters.ts';

export interface WordTableOptions {
  /** V, words with a trainable vector: ids 1 to V. Id 0 stands for unknown words, whose vector is trained, too. */
  readonly words: number;
  /** X, words with a frozen vector, whose ids follow. Default 0. */
  readonly further?: number | undefined;
  /** E, the length of a vector. */
  readonly dimension: number;
}

interface WordTableParts {
  readonly words: Embedding;
  readonly further: Parameter | null;
}

/**
 * A vector for each word id, int32 `[…]` → `[…, E]`: trainable for some words, frozen for others. Parameters: `words.weight`
 * [V + 1, E], and where there are further words the buffer `further.weight` [X, E], into which vectors are written.
 */
export class WordTable extends Buildable<WordTableParts> implements Layer {
  readonly config: { readonly layer: 'wordTable' } & WordTableOptions;

  /** @throws ConfigError on an unknown option or a size that is not a whole number */
  constructor(options: WordTableOptions) {
    super();
    this.config = layerConfig('wordTable', options, {
      words: required(whole()),
      further: whole(),
      dimension: required(count),
    });
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const { words: V, further: X = 0, dimension } = this.config;
    const words = new Embedding({ vocabularySize: V + 1, dimension });
    const shape = words.build(ids, declarations.within('words'));
    const further = X > 0 ? declarations.within('further').buffer('weight', [X, dimension]) : null;
    this.parts = { words, further };
    return shape;
  }

  /** The trainable vectors `[V + 1, E]`, and the frozen ones `[X, E]`. */
  get tables(): { readonly words: Tensor; readonly further: Tensor | null } {
    const { words, further } = this.parts;
    return { words: words.table, further: further?.value ?? null };
  }

  apply(ids: Tensor): Tensor {
    const { words, further } = this.parts;
    if (further === null) return words.apply(ids);
    const { device, shape } = ids;
    const numbers = Int32Array.from(idsOf('wordTable', ids));
    const entries = this.config.words + 1;
    if (numbers.every((id) => id < entries)) return words.apply(ids);
    const own = words.apply(
      device.ids(
        numbers.map((id) => (id < entries ? id : 0)),
        shape,
      ),
    );
    const others = numbers.map((id) => Math.max(0, id - entries));
    const given = embedding(further.value, device.ids(others, shape));
    const isGiven = numbers.map((id) => Number(id >= entries));
    return select(device.tensor(isGiven, [...shape, 1]), given, own);
  }
}
