import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import type { TranslationPair } from './pairs.ts';
import { Side, type SideOptions } from './side.ts';

/** What both languages of a translator are written in. */
export interface Sides {
  readonly source: Side;
  readonly target: Side;
  /** Tokens of the longest translation learnt from, with its end. */
  readonly longest: number;
}

/** The same as plain data. */
export interface SidesDescription {
  readonly source: TokenizerConfig;
  readonly target: TokenizerConfig;
  readonly longest: number;
}

/** A pair as ids, each side with its end. */
export interface EncodedPair {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

/** The sides of these pairs, as they are learnt from. */
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
  const longest = pairs.reduce((most, pair) => Math.max(most, target.encode(pair.target).ids.length), 1);
  return { source, target, longest };
}

export function describeSides({ source, target, longest }: Sides): SidesDescription {
  return { source: source.tokenizer.config, target: target.tokenizer.config, longest };
}

export const sidesFrom = ({ source, target, longest }: SidesDescription): Sides => ({
  source: new Side(source),
  target: new Side(target),
  longest,
});
