/** softmax(logits), the likeliest first; of equals the smaller id. */
export function likeliestTokens(
  logits: ArrayLike<number>,
  top: number,
): { readonly id: number; readonly probability: number }[] {
  let highest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) highest = Math.max(highest, logits[id]);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const mass = weights.reduce((total, weight) => total + weight, 0);
  const ids = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a] || a - b);
  return ids.slice(0, top).map((id) => ({ id, probability: weights[id] / mass }));
}
