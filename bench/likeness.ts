/**
 * A number in [−bound, bound) for every element of every parameter, the same here and in `peers/likeness.py`: models are alike,
 * and nothing large has to be handed over.
 */
export function valueAt(parameter: number, element: number, bound: number): number {
  let bits = Math.imul(element + Math.imul(parameter, 1_000_003), 2_654_435_761) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 15), 739_982_445) >>> 0;
  bits = (bits ^ (bits >>> 12)) >>> 0;
  return (bits / 2 ** 32 - 0.5) * 2 * bound;
}

/** @throws Error if models that are alike say different things */
export function assertAlike(question: string, ours: readonly number[], theirs: readonly number[], most: number): void {
  const difference = Math.max(...ours.map((logit, i) => Math.abs(logit - theirs[i])));
  if (ours.length !== theirs.length || !(difference < most)) {
    throw new Error(`${question}: our logits and PyTorch's differ by ${difference}`);
  }
}
