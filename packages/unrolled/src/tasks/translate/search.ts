import type { Hypothesis } from '../../decode/search.ts';
import { type SequenceSearchOptions, searchSequences } from '../../decode/sequence-search.ts';
import type { Translator } from './model.ts';
import { defaultMaxLength } from './sides.ts';

export interface SearchTranslationOptions extends Omit<SequenceSearchOptions, 'sampling'> {
  /** Maximum number of tokens in a translation, its end included. Default: `defaultMaxLength` of its source. */
  readonly maxLength?: number | undefined;
}

/**
 * The n best translations of each source of a batch. The unknown token is never generated.
 * @param sources  ids of each, its end included
 * @throws ConfigError on an invalid option
 */
export function searchTranslations(
  model: Translator,
  sources: readonly (readonly number[])[],
  { maxLength, ...options }: SearchTranslationOptions = {},
): Promise<Hypothesis[][]> {
  const { network, sides } = model;
  const lengths = sources.map(({ length }) => length);
  const given = {
    lengths,
    maxLength: maxLength ?? lengths.map((length) => defaultMaxLength(sides, length)),
    never: sides.target.tokenizer.unknown,
  };
  return searchSequences(network, () => model.read(sources), given, options);
}
