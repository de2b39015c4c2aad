import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { Situation } from './game.ts';
import { type TargetSelector, wordsOf } from './model.ts';

/** The dot that a dialogue is about. */
export interface Selected {
  /** Number of the dot, from 0. */
  readonly target: number;
  /** Of each dot, in the order of the dots; with sum 1. */
  readonly probabilities: readonly number[];
  /** What the choice was read from: the words, with the weights that the chosen dot gave them. Null if it reads no dialogue. */
  readonly attention: { readonly words: readonly string[]; readonly weights: readonly number[] } | null;
}

export interface SelectOptions {
  /** Batch size; does not change the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** Chooses a dot in each situation, which does not depend on the others. @throws the signal's reason if it is aborted */
export async function selectTargets(
  selector: TargetSelector,
  situations: readonly Situation[],
  { batch = 64, signal }: SelectOptions = {},
): Promise<Selected[]> {
  const { device } = selector;
  const found: Selected[] = [];
  for (let from = 0; from < situations.length; from += batch) {
    await breathe(signal);
    const part = situations.slice(from, from + batch);
    const games = part.map((one) => selector.encode(one));
    const read = await device.read(() =>
      device.withoutGradients(() => {
        const { scores, weights } = selector.read(games, undefined, true);
        return { probabilities: scores.softmax(), weights };
      }),
    );
    const [B, N] = [part.length, Math.max(...part.map(({ dots }) => dots.length))];
    part.forEach(({ dots, utterances }, b) => {
      const probabilities = Array.from(read.probabilities.subarray(b * N, b * N + dots.length));
      const target = probabilities.indexOf(Math.max(...probabilities));
      // The first state has read nothing yet.
      const words = ['', ...wordsOf(utterances)];
      const T = (read.weights?.length ?? 0) / (N * B);
      const weights = words.map((_, t) => read.weights?.[(target * B + b) * T + t] ?? 0);
      found.push({ target, probabilities, attention: read.weights && { words, weights } });
    });
  }
  return found;
}
