import { bleu } from '../../metrics/bleu.ts';
import { chrf } from '../../metrics/chrf.ts';
import { errorRate, exactMatch, wordErrorRate } from '../../metrics/edit-distance.ts';
import { inference } from '../../nn/layer.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import { translationLoss } from './loss.ts';
import type { Translator } from './model.ts';
import type { TranslationPair } from './pairs.ts';
import type { TranslateOptions, Translation } from './translate.ts';

export interface TranslationScores {
  /** Mean over the tokens of the right translations, ends included, with the right ones before them, in nats. */
  readonly loss: number;
  /** Share of translations that are right in every character. */
  readonly exact: number;
  /** Edits over characters of the right translations. */
  readonly characterErrorRate: number;
  /** Edits over words (what stands between spaces) of the right translations: phonemes, where words are phonemes. */
  readonly wordErrorRate: number;
  /** 0 to 100, as sacreBLEU computes it by default. */
  readonly bleu: number;
  /** 0 to 100, as sacreBLEU computes it by default. */
  readonly chrf: number;
  /** How BLEU and chrF were computed. */
  readonly signatures: { readonly bleu: string; readonly chrf: string };
}

export interface EvaluateTranslationsOptions extends TranslateOptions {
  readonly signal?: StopSignal | undefined;
}

/**
 * How well a model translates, by what it writes.
 * @returns the scores and what was written for each pair; null if the signal ended it early
 * @throws DataError if there is no pair, or no right translation has a character
 */
export async function evaluateTranslations(
  model: Translator,
  pairs: readonly TranslationPair[],
  { signal, batch = 64, ...options }: EvaluateTranslationsOptions = {},
): Promise<{ scores: TranslationScores; translations: readonly Translation[] } | null> {
  const { device } = model;
  // Long ones first, so that those of about one length stand side by side.
  const order = pairs.map((_, i) => i).sort((a, b) => pairs[b].source.length - pairs[a].source.length || a - b);
  const translations = new Array<Translation>(pairs.length);
  let [loss, tokens] = [0, 0];
  for (let from = 0; from < order.length; from += batch) {
    const places = order.slice(from, from + batch);
    const encoded = places.map((place) => model.encode(pairs[place]));
    const sum = device.withoutGradients(() =>
      device.scope(() => {
        const mean = translationLoss(model, encoded, inference);
        tokens += mean.tokens;
        return mean.loss.item() * mean.tokens;
      }),
    );
    loss += sum;
    const texts = places.map((place) => pairs[place].source);
    model.translate(texts, { ...options, batch }).forEach((translation, i) => {
      translations[places[i]] = translation;
    });
    await breathe();
    if (signal?.aborted) return null;
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
