import { bleu } from '../../metrics/bleu.ts';
import { chrf } from '../../metrics/chrf.ts';
import { errorRate, exactMatch, wordErrorRate } from '../../metrics/edit-distance.ts';
import { inference } from '../../nn/layer.ts';
import { breathe } from '../../train/breathe.ts';
import { translationLoss } from './loss.ts';
import type { Translator } from './model.ts';
import type { TranslationPair } from './pairs.ts';
import type { TranslateOptions, Translation } from './translate.ts';

export interface TranslationScores {
  /** Mean loss per reference token, end tokens included, with teacher forcing, in nats. */
  readonly loss: number;
  /** Share of translations equal to their reference. */
  readonly exact: number;
  /** Edits per character of the references. */
  readonly characterErrorRate: number;
  /** Edits per space-separated word of the references (per phoneme, if words are phonemes). */
  readonly wordErrorRate: number;
  /** 0 to 100, with sacreBLEU's default settings. */
  readonly bleu: number;
  /** 0 to 100, with sacreBLEU's default settings. */
  readonly chrf: number;
  /** Signatures of BLEU and chrF, as sacreBLEU writes them. */
  readonly signatures: { readonly bleu: string; readonly chrf: string };
}

/**
 * Translates the sources of pairs and scores the results.
 * @returns the scores and the translation of each pair
 * @throws DataError if there are no pairs, or all references are empty; the signal's reason if it is aborted
 */
export async function evaluateTranslator(
  model: Translator,
  pairs: readonly TranslationPair[],
  { signal, batch = 64, ...options }: TranslateOptions = {},
): Promise<{ scores: TranslationScores; translations: readonly Translation[] }> {
  const { device } = model;
  // Sorted by length, so that a batch needs little padding.
  const order = pairs.map((_, i) => i).sort((a, b) => pairs[b].source.length - pairs[a].source.length || a - b);
  const translations = new Array<Translation>(pairs.length);
  let [loss, tokens] = [0, 0];
  for (let from = 0; from < order.length; from += batch) {
    await breathe(signal);
    const places = order.slice(from, from + batch);
    const encoded = places.map((place) => model.encode(pairs[place]));
    const mean = await device.read(() => device.withoutGradients(() => translationLoss(model, encoded, inference)));
    tokens += mean.tokens;
    loss += mean.loss[0] * mean.tokens;
    const texts = places.map((place) => pairs[place].source);
    const written = await model.predict(texts, { ...options, batch, signal });
    for (const [i, translation] of written.entries()) translations[places[i]] = translation;
  }
  const written = translations.map(({ text }) => text);
  const right = pairs.map(({ target }) => target);
  const characters = (texts: readonly string[]): string[][] => texts.map((text) => [...text]);
  const references = right.map((text) => [text]);
  const [byBleu, byChrf] = [bleu(written, references), chrf(written, references)];
  const scores: TranslationScores = {
    loss: loss / tokens,
    exact: exactMatch(written, right),
    characterErrorRate: errorRate(characters(written), characters(right)),
    wordErrorRate: wordErrorRate(written, right),
    bleu: byBleu.score,
    chrf: byChrf.score,
    signatures: { bleu: byBleu.signature, chrf: byChrf.signature },
  };
  return { scores, translations };
}
