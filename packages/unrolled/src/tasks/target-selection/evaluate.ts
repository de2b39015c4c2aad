import { DataError } from '../../errors.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { Game } from './game.ts';
import type { TargetSelector } from './model.ts';

export interface TargetScores {
  readonly games: number;
  /** Share of games whose chosen dot is the player's. */
  readonly accuracy: number;
  /** Share that guessing would have right. */
  readonly chance: number;
  /** Mean loss of the choice per game, in nats. */
  readonly loss: number;
  /** Of the words, ends included: e to the mean loss per word. Null where the language model has not learned. */
  readonly perplexity: number | null;
}

export interface EvaluateTargetOptions {
  /** Batch size; does not change the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** @throws DataError without games; the signal's reason if it is aborted */
export async function evaluateTargets(
  selector: TargetSelector,
  games: readonly Game[],
  { batch = 64, signal }: EvaluateTargetOptions = {},
): Promise<TargetScores> {
  if (games.length === 0) throw new DataError('targetSelection: there are no games to evaluate on');
  const { device } = selector;
  let [right, chance, loss, language, words] = [0, 0, 0, 0, 0];
  for (let from = 0; from < games.length; from += batch) {
    await breathe(signal);
    const part = games.slice(from, from + batch);
    const found = await device.read(() =>
      device.withoutGradients(() => selector.losses(part.map((game) => selector.encode(game)))),
    );
    const N = found.scores.length / part.length;
    part.forEach(({ dots, target }, b) => {
      const scores = found.scores.subarray(b * N, (b + 1) * N);
      right += Number(scores.indexOf(Math.max(...scores)) === target);
      chance += 1 / dots.length;
    });
    loss += found.selection[0] * part.length;
    language += found.language[0] * found.words;
    words += found.words;
  }
  const n = games.length;
  const { dialogue, languageWeight } = selector.config;
  const perplexity = dialogue && languageWeight > 0 ? Math.exp(language / words) : null;
  return { games: n, accuracy: right / n, chance: chance / n, loss: loss / n, perplexity };
}
