import { byteAlphabet, piecesOf, toByteAlphabet } from './bytes.ts';
import { Heap } from './heap.ts';

export interface BytePairs {
  /** The tokens by id: the 256 bytes, then those made by joining. */
  readonly vocabulary: string[];
  /** `left right`, in the order they were learned. */
  readonly merges: string[];
}

/** A pair of adjacent token ids as one number, so that it can be a key. */
const pairOf = (left: number, right: number): number => left * 2 ** 26 + right;

/**
 * Learns byte pairs (Sennrich 2016) on the bytes of a text: repeatedly, the most frequent pair of neighbours becomes
 * one token; among equals the pair of smaller ids. Ends at `size` tokens, or when no pair comes twice.
 */
export function trainBytePairs(text: string, size: number): BytePairs {
  const vocabulary = [...byteAlphabet].sort();
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const merges: string[] = [];
  const pieces = new Map<string, number>();
  for (const piece of piecesOf(text)) pieces.set(piece, (pieces.get(piece) ?? 0) + 1);
  const words = Array.from(pieces.keys(), (piece) => Array.from(toByteAlphabet(piece), (byte) => ids.get(byte)!));
  const frequencies = [...pieces.values()];

  const counts = new Map<number, number>();
  /** The words a pair was ever in. */
  const places = new Map<number, Set<number>>();
  const heap = new Heap<{ pair: number; count: number }>((a, b) => b.count - a.count || a.pair - b.pair);
  /** Counts the pairs of a word, or takes them back; `changed` collects those that were counted. */
  const count = (word: number, sign: 1 | -1, changed: Set<number>): void => {
    const tokens = words[word];
    for (let i = 0; i + 1 < tokens.length; i++) {
      const pair = pairOf(tokens[i], tokens[i + 1]);
      counts.set(pair, (counts.get(pair) ?? 0) + sign * frequencies[word]);
      if (sign < 0) continue;
      changed.add(pair);
      const known = places.get(pair);
      if (known) known.add(word);
      else places.set(pair, new Set([word]));
    }
  };
  const offer = (changed: ReadonlySet<number>): void => {
    for (const pair of changed) heap.push({ pair, count: counts.get(pair)! });
  };

  const first = new Set<number>();
  for (let word = 0; word < words.length; word++) count(word, 1, first);
  offer(first);
  while (vocabulary.length < size) {
    const top = heap.pop();
    if (top === undefined) break;
    const now = counts.get(top.pair)!;
    if (now < 2) continue;
    if (now !== top.count) {
      // It has become rarer since it was put there; it may still be the next one.
      if (now < top.count) heap.push({ pair: top.pair, count: now });
      continue;
    }
    const [left, right] = [Math.floor(top.pair / 2 ** 26), top.pair % 2 ** 26];
    const token = vocabulary[left] + vocabulary[right];
    // Two pairs can make the same token.
    const id = ids.get(token) ?? vocabulary.push(token) - 1;
    ids.set(token, id);
    merges.push(`${vocabulary[left]} ${vocabulary[right]}`);
    const changed = new Set<number>();
    const affected = places.get(top.pair)!;
    places.delete(top.pair);
    for (const word of affected) {
      count(word, -1, changed);
      words[word] = join(words[word], left, right, id);
      count(word, 1, changed);
    }
    offer(changed);
  }
  return { vocabulary, merges };
}

function join(tokens: readonly number[], left: number, right: number, id: number): number[] {
  const joined: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === left && tokens[i + 1] === right) {
      joined.push(id);
      i++;
    } else {
      joined.push(tokens[i]);
    }
  }
  return joined;
}
