import { gradients } from '../../autodiff/gradients.ts';
import { count, requireKind } from '../../checks.ts';
import { softmaxOf } from '../../metrics/label-predictions.ts';
import { sum } from '../../ops/index.ts';
import type { Classifier } from './model.ts';

/** A token or word of a text and what it contributes to a label. */
export interface Contribution {
  /** As the text has it. */
  readonly token: string;
  /** In nats of the label's log odds; negative: it counts against the label. */
  readonly weight: number;
  /** Whether the model's vocabulary has it. */
  readonly known: boolean;
}

export interface ExplainOptions {
  /** The label to explain. Default: the most probable one. */
  readonly label?: string | undefined;
  /** N, the gradients that are averaged. Default 20. */
  readonly steps?: number | undefined;
}

/**
 * What each token of a text contributes to a label: integrated gradients (Sundararajan 2017),
 *
 *     Σ_E x_t · mean over n of ∂s/∂x_t at a_n x,   a_n = (n − ½)/N
 *
 * with x_t the token's vector and s = log p/(1 − p) the label's log odds at temperature 1. The weights add up to the change
 * of s between an input of zeros and the text. With one step it is gradient × input (Shrikumar 2016): faster, but
 * uninformative where the model is confident and its gradients vanish.
 *
 * @throws ConfigError if steps is no whole number from 1; DataError on a label the model does not have
 *
 * @example
 * await explainTokens(classifier, 'what a lovely film');   // [{ token: 'what', weight: 0.02, known: true }, …]
 */
export async function explainTokens(
  model: Classifier,
  text: string,
  options: ExplainOptions = {},
): Promise<Contribution[]> {
  const { label, steps = 20 } = options;
  requireKind('explain', 'steps', steps, count);
  const { device } = model;
  const k = model.labelId(label ?? (await model.predict([text]))[0].label);
  // All steps in one batch.
  const shares = Array.from({ length: steps }, (_, n) => (steps === 1 ? 1 : (n + 0.5) / steps));
  const forward = () => {
    const { embedded, lengths } = model.embed(shares.map(() => text));
    const scaled = embedded.mul(device.tensor(shares, [1, steps, 1]));
    return { embedded, scaled, logits: model.apply(scaled, lengths) };
  };
  const flat = await device.read(() => device.withoutGradients(() => forward().logits));
  const slopes = slopesOfLogOdds(flat, steps, k);
  const weights = await device.read(() => {
    const { embedded, scaled, logits } = forward();
    const [towards] = gradients(sum(logits.mul(device.tensor(slopes, logits.shape))), [scaled]);
    return device.withoutGradients(() => sum(embedded.mul(towards), { axes: [1, 2] }));
  });
  return model.tokensOf(text).map(({ text: token, known }, t) => ({ token, weight: weights[t] / steps, known }));
}

/** ∂s/∂logits, in each row: 1 for label k, and −p_j/(1 − p_k) for each other one. */
function slopesOfLogOdds(logits: ArrayLike<number>, rows: number, k: number): number[] {
  const K = logits.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const others = Array.from({ length: K }, (_, j) => (j === k ? Number.NEGATIVE_INFINITY : logits[row * K + j]));
    return Array.from(softmaxOf(others, 1), (p, j) => (j === k ? 1 : -p));
  }).flat();
}

/**
 * The same by words: for a model of words its tokens, otherwise the tokens between two spaces, their weights summed.
 * @throws as `explainTokens`
 */
export async function explainWords(
  model: Classifier,
  text: string,
  options: ExplainOptions = {},
): Promise<Contribution[]> {
  const tokens = await explainTokens(model, text, options);
  if (model.readsWords) return tokens.map((one) => ({ ...one, token: one.token.trim() }));
  const words: Contribution[] = [];
  let open = false;
  for (const { token, weight, known } of tokens) {
    const piece = token.trim();
    const isSpace = piece === '' && token !== '';
    if (open && !/^\s/.test(token)) {
      const before = words.pop()!;
      words.push({ token: before.token + piece, weight: before.weight + weight, known: before.known && known });
    } else if (!isSpace) words.push({ token: piece, weight, known });
    // A token without text is the first bytes of a character.
    open = !isSpace && !/\s$/.test(token);
  }
  return words;
}
