import { Side, type SideOptions } from '../../tokenizers/side.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import type { TranslationPair } from './pairs.ts';

/** The vocabularies of both languages, and how long translations are. */
export interface Sides {
  readonly source: Side;
  readonly target: Side;
  /** Tokens of the longest translation in the training data, its end included. */
  readonly longest: number;
  /** Tokens of all translations in the training data over those of their sources. */
  readonly lengthRatio: number;
}

/** The same as plain data. */
export interface SidesDescription {
  readonly source: TokenizerConfig;
  readonly target: TokenizerConfig;
  readonly longest: number;
  /** Missing in models of older versions. */
  readonly lengthRatio?: number;
}

/** A pair as ids, each side with its end. */
export interface EncodedPair {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

/** The vocabularies of training pairs. */
export function sidesFor(
  pairs: readonly TranslationPair[],
  options: { readonly source?: SideOptions; readonly target?: SideOptions } = {},
): Sides {
  const source = Side.for(
    pairs.map((pair) => pair.source),
    options.source,
  );
  const target = Side.for(
    pairs.map((pair) => pair.target),
    options.target,
  );
  let [longest, sourceTokens, targetTokens] = [1, 0, 0];
  for (const pair of pairs) {
    const { length } = target.encode(pair.target).ids;
    longest = Math.max(longest, length);
    targetTokens += length;
    sourceTokens += source.encode(pair.source).ids.length;
  }
  return { source, target, longest, lengthRatio: pairs.length === 0 ? 1 : targetTokens / sourceTokens };
}

export function describeSides({ source, target, longest, lengthRatio }: Sides): SidesDescription {
  return { source: source.tokenizer.config, target: target.tokenizer.config, longest, lengthRatio };
}

export const sidesFrom = ({ source, target, longest, lengthRatio }: SidesDescription): Sides => ({
  source: new Side(source),
  target: new Side(target),
  longest,
  lengthRatio: lengthRatio ?? longest,
});

/**
 * The default maximum length of a translation, its end included: twice what a source of this length has on average, and 10
 * more, but never above twice the longest translation of the training data and 10 more. An untrained model, which ends
 * nowhere, then costs little more than a trained one.
 *
 * @param sourceLength  tokens of the source, its end included
 */
export const defaultMaxLength = ({ longest, lengthRatio }: Sides, sourceLength: number): number =>
  Math.min(2 * longest, Math.ceil(2 * lengthRatio * sourceLength)) + 10;
