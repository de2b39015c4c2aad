import { Heap } from './heap.ts';

/** What becomes of two neighbours. */
export interface Merge {
  /** Lower ranks are joined first. */
  readonly rank: number;
  /** The token that they become. */
  readonly id: number;
}

/**
 * Joins neighbours until none can be: of all pairs the one of lowest rank first, of equals the leftmost. n log n steps for n
 * tokens.
 */
export function mergePairs(
  tokens: readonly number[],
  mergeOf: (left: number, right: number) => Merge | undefined,
): readonly number[] {
  const ids = [...tokens];
  const next = ids.map((_, i) => i + 1);
  const previous = ids.map((_, i) => i - 1);
  const heap = new Heap<Merge & { place: number }>((a, b) => a.rank - b.rank || a.place - b.place);
  const offer = (place: number): void => {
    if (place < 0 || next[place] >= ids.length) return;
    const merge = mergeOf(ids[place], ids[next[place]]);
    if (merge !== undefined) heap.push({ rank: merge.rank, id: merge.id, place });
  };
  for (let i = 0; i + 1 < ids.length; i++) offer(i);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const { place, id } = top;
    const right = next[place];
    // What was offered may have been joined to something else since.
    if (ids[place] < 0 || right >= ids.length) continue;
    if (mergeOf(ids[place], ids[right])?.id !== id) continue;
    ids[place] = id;
    ids[right] = -1;
    next[place] = next[right];
    if (next[place] < ids.length) previous[next[place]] = place;
    offer(previous[place]);
    offer(place);
  }
  return ids.filter((id) => id >= 0);
}
