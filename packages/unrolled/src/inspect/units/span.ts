import type { Labels } from './labels.ts';

/**
 * Where to look at how a property changes: from step `from` on the first span in which it does so at least as much as
 * over all the rest.
 *
 * @example
 * pickSpan(labels, search.steps.selection, 400);   // { from: 51000, to: 51400 }, in the held-out part
 */
export function pickSpan({ values }: Labels, from: number, length: number): { from: number; to: number } {
  const variance = (start: number, end: number): number => {
    const part = values.subarray(start, end);
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
    return part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / part.length;
  };
  const usual = variance(from, values.length);
  const last = Math.max(from, values.length - length);
  for (let start = from; start <= last; start += Math.max(1, Math.floor(length / 4))) {
    if (variance(start, start + length) >= usual) return { from: start, to: Math.min(values.length, start + length) };
  }
  return { from: last, to: values.length };
}
