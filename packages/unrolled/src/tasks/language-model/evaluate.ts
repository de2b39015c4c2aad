import { DataError } from '../../errors.ts';
import type { LayerUnit } from '../../nn/recurrent.ts';
import { sum } from '../../ops/index.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import { CarriedState } from './carried-state.ts';
import type { LanguageModel } from './model.ts';

export interface Evaluation {
  /** Mean over all tokens but the first of each row, in nats a token. */
  readonly loss: number;
  readonly tokens: number;
}

export interface EvaluateOptions {
  /** Rows read side by side. Default: up to 32, with at least 1,000 tokens each. */
  readonly batch?: number;
  /** Steps at a time; does not change the result. Default 64. */
  readonly steps?: number;
  /** Units that keep a value at every step. Default: none. */
  readonly hold?: readonly LayerUnit[];
  readonly signal?: StopSignal | undefined;
}

/**
 * How well the model foretells a text: every token is scored given all before it in its row, with the state carried
 * from beginning to end.
 * @returns null if the signal ended it early
 * @throws DataError if the text has fewer than two tokens
 */
export async function evaluateTokens(
  model: LanguageModel,
  tokens: Int32Array,
  options: EvaluateOptions = {},
): Promise<Evaluation | null> {
  if (tokens.length < 2) {
    throw new DataError(`evaluate: the text has ${tokens.length} token(s); at least two are needed`);
  }
  const { device } = model;
  const batch = options.batch ?? Math.max(1, Math.min(32, Math.floor(tokens.length / 1000)));
  const steps = options.steps ?? 64;
  const count = tokens.length - 1;
  // Where the text does not divide, the last row ends early: target −1 asks for no loss there.
  const length = Math.ceil(count / batch);
  const carried = new CarriedState(device);
  let total = 0;
  for (let start = 0; start < length; start += steps) {
    const T = Math.min(steps, length - start);
    const inputs = new Int32Array(T * batch);
    const targets = new Int32Array(T * batch).fill(-1);
    for (let t = 0; t < T; t++) {
      for (let b = 0; b < batch; b++) {
        const place = b * length + start + t;
        if (place >= count) continue;
        inputs[t * batch + b] = tokens[place];
        targets[t * batch + b] = tokens[place + 1];
      }
    }
    total += device.withoutGradients(() =>
      device.scope(() => {
        const [ids, next] = [device.ids(inputs, [T, batch]), device.ids(targets, [T, batch])];
        const { losses, state } = model.losses(ids, next, undefined, { state: carried.get(), hold: options.hold });
        carried.set(state);
        return sum(losses).item();
      }),
    );
    await breathe();
    if (options.signal?.aborted) return null;
  }
  return { loss: total / count, tokens: count };
}
