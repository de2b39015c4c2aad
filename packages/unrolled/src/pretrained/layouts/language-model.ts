import type { TransformerOptions } from '../../nn/transformer/index.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import type { StateDict } from '../state-dict.ts';
import type { PretrainedModel } from './layout.ts';

export interface LanguageModelParts {
  /** Of the family, for people. */
  readonly name: string;
  readonly dict: StateDict;
  readonly vocabularySize: number;
  readonly width: number;
  readonly sequence: TransformerOptions;
  /** Whether the output layer is the embedding's matrix. */
  readonly tied: boolean;
}

/**
 * Takes the matrix of the output layer, unless it is the embedding's.
 * @param tied  whether it is where the files have none
 * @returns whether it is
 */
export function takeOutput(
  dict: StateDict,
  { output, embedding, tied }: { readonly output: string; readonly embedding: string; readonly tied: boolean },
  shape: readonly [V: number, E: number],
): boolean {
  const shares = dict.has(output) ? dict.same(output, embedding) : tied;
  if (shares) dict.skip(output);
  else dict.copy('output.weight', output, shape);
  return shares;
}

/**
 * A language model of `unrolled/tasks/language-model`, once all its tensors were taken.
 * @throws FormatError naming tensors that are missing, do not fit, or are left over
 */
export function languageModel(
  { name, dict, vocabularySize, width, sequence, tied }: LanguageModelParts,
  tokenizer: (vocabularySize: number) => TokenizerConfig,
): PretrainedModel {
  dict.finish(name);
  const config = {
    ...{ sequence: { layer: 'transformer', ...sequence }, embedding: width, dropout: 0, outputBias: false },
    ...(tied && { tied }),
  };
  return {
    what: `${name}, ${sequence.layers} blocks of width ${width}`,
    notes: dict.notes,
    ...{ parameters: dict.parameters, model: { config, tokenizer: tokenizer(vocabularySize) }, step: 0 },
  };
}
