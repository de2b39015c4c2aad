import { tokenIds } from '../../data/token-streams.ts';
import { gatherRows } from '../../decode/tensor-step.ts';
import { DataError } from '../../errors.ts';
import type { LayerUnit } from '../../nn/recurrent.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import type { LanguageModel } from './model.ts';

export interface LanguageModelEvaluation {
  /** Mean over all tokens but the first, in nats per token. */
  readonly loss: number;
  readonly tokens: number;
}

export interface LanguageModelEvaluateOptions {
  /** B, segments of the text that are read in parallel. Default: up to 32, of at least 1,000 tokens each. */
  readonly batch?: number | undefined;
  /** T, steps per forward pass; does not change the result. Default 64. */
  readonly steps?: number | undefined;
  /** Units clamped to a value at every step. Default: none. */
  readonly hold?: readonly LayerUnit[] | undefined;
  readonly signal?: StopSignal | undefined;
}

/** Steps that are read again at a time, and the share of the total loss below which a change counts as none. */
const [again, negligible] = [64, 2e-6];

/**
 * Mean cross-entropy of a text under the model: each token is scored given all tokens before it.
 *
 * The text is cut into B segments that are read in parallel, each from a zero state. Then the beginning of each segment but
 * the first is read again from the state at the end of the one before, until its losses no longer change, so that the result
 * agrees with reading the text in one go (to 1e-4 nats in the tests). Of a layer that forgets, such as a Transformer with a
 * context, as many steps as it looks back are read again; it forgets at other places than in one go.
 *
 * @throws DataError if the text has fewer than two tokens; the signal's reason if it is aborted
 */
export async function evaluateLanguageModel(
  model: LanguageModel,
  text: ArrayLike<number>,
  options: LanguageModelEvaluateOptions = {},
): Promise<LanguageModelEvaluation> {
  const tokens = tokenIds(text);
  if (tokens.length < 2) {
    throw new DataError(`evaluate: the text has ${tokens.length} token(s); at least two are needed`);
  }
  const { device } = model;
  const { steps = 64, hold, signal } = options;
  const B = options.batch ?? Math.max(1, Math.min(32, Math.floor(tokens.length / 1000)));
  const count = tokens.length - 1;
  // The last segment may be shorter.
  const length = Math.ceil(count / B);
  const losses = new Float32Array(count);

  /** Reads T tokens of each segment from `first` on, and notes their losses. @returns the state, and the sum of changes in nats */
  const read = async (
    before: StackState | null,
    first: number,
    start: number,
    T: number,
    begin: () => StackState | null = () => null,
  ): Promise<[StackState, number]> => {
    const rows = B - first;
    const inputs = new Int32Array(T * rows);
    const targets = new Int32Array(T * rows).fill(-1); // −1: no loss
    const placeOf = (t: number, row: number): number => (first + row) * length + start + t;
    for (let t = 0; t < T; t++) {
      for (let row = 0; row < rows; row++) {
        const place = placeOf(t, row);
        if (place >= count) continue;
        inputs[t * rows + row] = tokens[place];
        targets[t * rows + row] = tokens[place + 1];
      }
    }
    const [after, now] = await device.carryAndRead<StackState, Tensor>(before, (carried) =>
      device.withoutGradients(() => {
        const [ids, next] = [device.ids(inputs, [T, rows]), device.ids(targets, [T, rows])];
        const found = model.losses(ids, next, undefined, { state: carried ?? begin(), hold });
        return [found.state, found.losses]; // [T, B]
      }),
    );
    let change = 0;
    for (let t = 0; t < T; t++) {
      for (let row = 0; row < rows; row++) {
        const place = placeOf(t, row);
        if (place >= count) continue;
        change += Math.abs(now[t * rows + row] - losses[place]);
        losses[place] = now[t * rows + row];
      }
    }
    return [after, change];
  };

  let [ends, warm]: (StackState | null)[] = [null, null];
  try {
    for (let start = 0; start < length; start += steps) {
      await breathe(signal);
      [ends] = await read(ends, 0, start, Math.min(steps, length - start));
    }
    const total = losses.reduce((sum, loss) => sum + loss, 0);
    // All rows but the last: each is continued by the one after it.
    const before = () =>
      gatherRows(
        ends,
        Int32Array.from({ length: B - 1 }, (_, row) => row),
      );
    const reach = Math.min(length, model.sequence.reach ?? length);
    for (let start = 0, change = Infinity; B > 1 && start < reach && change > negligible * total; start += again) {
      await breathe(signal);
      [warm, change] = await read(warm, 1, start, Math.min(again, length - start), before);
    }
  } finally {
    device.release([ends, warm]);
  }
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / count, tokens: count };
}
