import { gradients } from '../../autodiff/gradients.ts';
import { ConfigError } from '../../errors.ts';
import { sum } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Classifier, softmaxOf } from './model.ts';

/** A part of a text and how much it speaks for a label. */
export interface TellingToken {
  readonly token: string;
  /** In nats of the label's log odds; below 0 it speaks against it. */
  readonly weight: number;
}

export interface TellingOptions {
  /** Default: the one the model finds. */
  readonly label?: string;
  /** N, slopes that are averaged. Default 20. */
  readonly steps?: number;
}

/**
 * What in a text speaks for a label: integrated gradients (Sundararajan 2017), for each token
 *
 *     Σ_E x_t · mean over n of ∂s/∂x_t at a_n x,   a_n = (n − ½)/N
 *
 * with x_t the token's vector and s = log p/(1 − p) the label's log odds, at temperature 1. The weights add up to what the
 * text changes in s. With one step it is the gradient at x itself, times the input (Shrikumar 2016): quicker, but where a
 * model is sure of itself its slopes say little.
 * @throws ConfigError on steps that are none; DataError on a label the model does not have
 */
export function tellingTokens(model: Classifier, text: string, options: TellingOptions = {}): TellingToken[] {
  const { label, steps = 20 } = options;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new ConfigError(`telling tokens: steps must be a whole number from 1, received ${steps}`, { steps });
  }
  const { device } = model;
  const k = model.labelId(label ?? model.classify([text])[0].label);
  // All steps side by side, as a batch.
  const shares = Array.from({ length: steps }, (_, n) => (steps === 1 ? 1 : (n + 0.5) / steps));
  const weights = device.scope(() => {
    const { embedded, lengths } = model.embed(shares.map(() => text));
    const scaled = embedded.mul(device.tensor(shares, [1, steps, 1]));
    const logits = model.apply(scaled, lengths);
    const [slopes] = gradients(sum(logits.mul(slopeOfLogOdds(logits, k))), [scaled]);
    return device.withoutGradients(() => sum(embedded.mul(slopes), { axes: [1, 2] }).data());
  });
  return model.tokensOf(text).map((token, t) => ({ token, weight: weights[t] / steps }));
}

/** ∂s/∂logits, in each row: 1 for label k, and −p_j/(1 − p_k) for each other one. */
function slopeOfLogOdds(logits: Tensor, k: number): Tensor {
  const [rows, K] = logits.shape;
  const values = logits.data();
  const slopes = Array.from({ length: rows }, (_, row) => {
    const others = Array.from(values.subarray(row * K, (row + 1) * K));
    others[k] = Number.NEGATIVE_INFINITY;
    return Array.from(softmaxOf(others, 1), (p, j) => (j === k ? 1 : -p));
  });
  return logits.device.tensor(slopes.flat(), logits.shape);
}

/** The same by words: the tokens between spaces, their weights summed. */
export function tellingWords(model: Classifier, text: string, options: TellingOptions = {}): TellingToken[] {
  const words: TellingToken[] = [];
  let open = false;
  for (const { token, weight } of tellingTokens(model, text, options)) {
    const piece = token.trim();
    if (piece === '') {
      open = false;
      continue;
    }
    if (open && !/^\s/.test(token)) {
      const { token: before, weight: sofar } = words.pop()!;
      words.push({ token: before + piece, weight: sofar + weight });
    } else words.push({ token: piece, weight });
    open = !/\s$/.test(token);
  }
  return words;
}
