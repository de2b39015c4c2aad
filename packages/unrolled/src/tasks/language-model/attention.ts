import { count, type Kinds, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { inference } from '../../nn/layer.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { LanguageModel } from './model.ts';

/** Where every head of a Transformer looks while it reads a text. */
export interface TextAttention {
  /** T tokens, as they are written. */
  readonly tokens: readonly string[];
  /** By block and head: the weights of each token over those up to it, `[T][T]`, each row with the sum 1. */
  readonly blocks: readonly (readonly (readonly (readonly number[])[])[])[];
}

export interface AttentionOfOptions {
  /** Only the last n tokens are read, where there are more. Default: all. */
  readonly last?: number | undefined;
}

export const attentionOfKinds: Kinds<AttentionOfOptions> = { last: count };

/**
 * The attention of every head over a text, as the model reads it.
 * @throws ConfigError if the model is no Transformer; DataError if the text is empty, longer than the context, or has a
 *   character the vocabulary lacks
 *
 * @example
 * const { tokens, blocks } = await attentionOf(model, 'to be or not to be');
 * blocks[0][2][5];   // how much the sixth token looks at each of the first six, in the third head of the first block
 */
export async function attentionOf(
  model: LanguageModel,
  text: string,
  options: AttentionOfOptions = {},
): Promise<TextAttention> {
  requireOptions('attentionOf', options, attentionOfKinds);
  const { device, tokenizer, transformer } = model;
  const ids = tokenizer.encode(text).slice(-(options.last ?? 0));
  const { context } = transformer.config;
  if (ids.length === 0 || ids.length > context) {
    throw new DataError(
      `attention: the text has ${ids.length} tokens; give from 1 to ${context}, the context of the model`,
      {
        tokens: ids.length,
        context,
      },
    );
  }
  const T = ids.length;
  const maps = await device.read(() =>
    device.withoutGradients(() => {
      const seen: Tensor[] = [];
      model.apply(device.ids(ids, [T, 1]), inference, { seen: (_block, weights) => seen.push(weights) });
      return seen; // [1, H, T, T] of each block
    }),
  );
  return {
    tokens: Array.from(ids, (id) => tokenizer.decode([id])),
    blocks: maps.map((weights) => {
      const heads = weights.length / (T * T);
      return Array.from({ length: heads }, (_, head) =>
        Array.from({ length: T }, (_, t) => Array.from(weights.subarray((head * T + t) * T, (head * T + t + 1) * T))),
      );
    }),
  };
}
