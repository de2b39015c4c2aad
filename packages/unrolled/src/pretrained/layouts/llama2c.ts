import { FormatError } from '../../errors.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { StateDict } from '../state-dict.ts';
import { languageModel } from './language-model.ts';
import type { PretrainedModel } from './layout.ts';

const headerBytes = 28;
/** Newer versions begin with 'ak42'. */
const newer = 0x616b3432;

/** The sizes at the beginning of a file of llama2.c, version 0; null if it is none. */
function sizesOf(file: Uint8Array) {
  if (file.length < headerBytes) return null;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [E, units, layers, heads, groups, vocabulary, context] = Array.from({ length: 7 }, (_, i) =>
    view.getInt32(4 * i, true),
  );
  const V = Math.abs(vocabulary);
  const sizes = [E, units, layers, heads, groups, V, context];
  if (sizes.some((size) => size < 1 || size > 2 ** 24) || E % heads !== 0 || heads % groups !== 0) return null;
  const narrow = (E / heads) * groups;
  const block = 2 * E + 2 * E * E + 2 * narrow * E + 3 * units * E;
  // The tables of sines and cosines are stored, too; they follow from the sizes.
  const numbers = V * E + layers * block + E + context * (E / heads) + (vocabulary < 0 ? V * E : 0);
  return { E, units, layers, heads, groups, V, context, narrow, tied: vocabulary > 0, numbers };
}

/** Whether a file is of llama2.c: its sizes make its length. */
export function isLlama2c(file: Uint8Array): boolean {
  const sizes = sizesOf(file);
  return sizes !== null && file.length === headerBytes + 4 * sizes.numbers;
}

/**
 * A model in the format of llama2.c, version 0: seven int32 of sizes, then float32 weights, all layers of a kind together. Its rotary
 * positions turn neighbours (2i, 2i + 1), ours halves (i, i + D/2): the rows of queries and keys are put in that order.
 * @throws FormatError if the file is cut off or of another version
 */
export function readLlama2c(file: Uint8Array, tokenizer: (V: number) => TokenizerConfig): PretrainedModel {
  const sizes = sizesOf(file);
  if (sizes === null || !isLlama2c(file)) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const isNewer = file.length >= 4 && view.getUint32(0, true) === newer;
    throw new FormatError(
      isNewer
        ? 'llama2.c: the file is of version 1 or later; export it with version 0'
        : `llama2.c: the sizes at its beginning do not make its ${file.length} bytes; the file is cut off or of another kind`,
    );
  }
  const { E, units, layers, heads, groups, V, context, narrow, tied } = sizes;
  const numbers = new Float32Array(new Uint8Array(file.subarray(headerBytes)).buffer);
  let place = 0;
  const next = (size: number): Float32Array => {
    place += size;
    return numbers.subarray(place - size, place);
  };
  const dict = new StateDict({ tensors: {}, unread: [] }, {});
  dict.set('embedding.weight', [V, E], next(V * E));
  const perLayer = (name: string, shape: readonly [number, number] | readonly [number], heads?: number): void => {
    for (let i = 0; i < layers; i++) {
      const data = next(shape.reduce<number>((a, b) => a * b, 1));
      dict.set(`transformer.blocks.${i}.${name}.weight`, shape, heads === undefined ? data : halves(data, heads, E));
    }
  };
  perLayer('norm1', [E]);
  perLayer('attention.query', [E, E], heads);
  perLayer('attention.key', [narrow, E], groups);
  perLayer('attention.value', [narrow, E]);
  perLayer('attention.output', [E, E]);
  perLayer('norm2', [E]);
  perLayer('feedForward.gate', [units, E]);
  perLayer('feedForward.down', [E, units]);
  perLayer('feedForward.up', [units, E]);
  dict.set('transformer.norm.weight', [E], next(E));
  next(context * (E / heads));
  if (!tied) dict.set('output.weight', [V, E], next(V * E));
  return languageModel(
    {
      ...{ name: 'Llama', dict, vocabularySize: V, width: E, tied },
      sequence: {
        ...{ layers, heads, groups, feedForward: units, positions: 'rotary', norm: 'rms', gated: true, bias: false },
        ...{ activation: 'silu', context, epsilon: 1e-5 },
      },
    },
    tokenizer,
  );
}

/** Rows `[H, D/2, 2]` as `[H, 2, D/2]`. */
function halves(weight: Float32Array, heads: number, F: number): Float32Array {
  const D = weight.length / F / heads;
  const turned = new Float32Array(weight.length);
  for (let row = 0; row < heads * D; row++) {
    const [head, d] = [Math.floor(row / D), row % D];
    const to = head * D + (d % 2) * (D / 2) + Math.floor(d / 2);
    turned.set(weight.subarray(row * F, (row + 1) * F), to * F);
  }
  return turned;
}
