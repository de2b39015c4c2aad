import type { Hypothesis } from '../../decode/search.ts';
import type { Alignment } from './alignment.ts';
import type { Translator } from './model.ts';
import { type SearchTranslationOptions, searchTranslations } from './search.ts';

export interface TranslateOptions extends SearchTranslationOptions {
  /** Texts that stand side by side; does not change the result. Default 64. */
  readonly batch?: number;
}

/** A text that a model wrote for another one. */
export interface Candidate {
  readonly text: string;
  /** Σ log P of its tokens, in nats. */
  readonly logProbability: number;
  /** What it is ranked by: the same, with the penalties asked for. */
  readonly score: number;
  /** Whether it came to its end, and not to the greatest length. */
  readonly ended: boolean;
  /** What its tokens attended to; null without attention. */
  readonly alignment: Alignment | null;
}

export interface Translation extends Candidate {
  /** The n best, best first; itself the first of them. */
  readonly candidates: readonly Candidate[];
  /** Characters of the source that the model does not know, which were left out. */
  readonly leftOut: readonly string[];
}

/** @throws ConfigError on an option out of range */
export function translateTexts(
  model: Translator,
  texts: readonly string[],
  { batch = 64, ...options }: TranslateOptions,
): Translation[] {
  const encoded = texts.map((text) => model.sides.source.encode(text));
  const results = new Array<Translation>(texts.length);
  // Those of about one length stand side by side.
  const order = encoded.map((_, i) => i).sort((a, b) => encoded[b].ids.length - encoded[a].ids.length || a - b);
  for (let from = 0; from < order.length; from += batch) {
    const places = order.slice(from, from + batch);
    const sources = places.map((place) => encoded[place].ids);
    searchTranslations(model, sources, options).forEach((hypotheses, row) => {
      const { leftOut } = encoded[places[row]];
      const candidates = hypotheses.map((one) => candidateOf(model, sources[row], one));
      results[places[row]] = { ...candidates[0], candidates, leftOut };
    });
  }
  return results;
}

function candidateOf(
  { sides: { source, target } }: Translator,
  ids: readonly number[],
  { tokens, attention, ended, ...numbers }: Hypothesis,
): Candidate {
  const written = ended ? [...tokens, target.end] : tokens;
  const alignment = attention.length > 0 && {
    source: source.names(ids),
    target: target.names(written),
    weights: attention.map((weights) => Array.from(weights.subarray(0, ids.length))),
  };
  const { logProbability, score } = numbers;
  return { text: target.decode(tokens), logProbability, score, ended, alignment: alignment || null };
}
