import type { Hypothesis } from '../../decode/search.ts';
import type { StopSignal } from '../../signal.ts';
import type { Side } from '../../tokenizers/side.ts';
import { breathe } from '../../train/breathe.ts';
import type { Alignment } from './alignment.ts';
import type { Translator } from './model.ts';
import { type SearchTranslationOptions, searchTranslations } from './search.ts';

export interface TranslateOptions extends SearchTranslationOptions {
  /** Batch size; does not change the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** A possible translation of a text. */
export interface Candidate {
  readonly text: string;
  /** Σ log P of its tokens, in nats. */
  readonly logProbability: number;
  /** What candidates are ranked by: the log probability with the penalties applied. */
  readonly score: number;
  /** Whether it ended with the end token rather than at its maximum length. */
  readonly ended: boolean;
  /** Attention weights; null without attention. */
  readonly alignment: Alignment | null;
}

export interface Translation extends Candidate {
  /** The n best, best first, this one included. */
  readonly candidates: readonly Candidate[];
  /** Characters of the source that the model does not know, which it ignored. */
  readonly leftOut: readonly string[];
}

/** @throws ConfigError on an option out of range; the signal's reason if it is aborted */
export async function translateTexts(
  model: Translator,
  texts: readonly string[],
  { batch = 64, signal, ...options }: TranslateOptions,
): Promise<Translation[]> {
  const encoded = texts.map((text) => model.sides.source.encode(text));
  const results = new Array<Translation>(texts.length);
  // Sorted by length, so that a batch needs little padding.
  const order = encoded.map((_, i) => i).sort((a, b) => encoded[b].ids.length - encoded[a].ids.length || a - b);
  for (let from = 0; from < order.length; from += batch) {
    await breathe(signal);
    const places = order.slice(from, from + batch);
    const sources = places.map((place) => encoded[place].ids);
    for (const [row, hypotheses] of (await searchTranslations(model, sources, options)).entries()) {
      const { leftOut } = encoded[places[row]];
      const names = model.sides.source.namesIn(texts[places[row]], sources[row]);
      const candidates = hypotheses.map((one) => candidateOf(model.sides.target, names, one));
      results[places[row]] = { ...candidates[0], candidates, leftOut };
    }
  }
  return results;
}

function candidateOf(
  target: Side,
  source: readonly string[],
  { tokens, attention, ended, ...numbers }: Hypothesis,
): Candidate {
  const written = ended ? [...tokens, target.end] : tokens;
  const alignment = attention.length > 0 && {
    source,
    target: target.names(written),
    weights: attention.map((weights) => Array.from(weights.subarray(0, source.length))),
  };
  const { logProbability, score } = numbers;
  return { text: target.decode(tokens), logProbability, score, ended, alignment: alignment || null };
}
