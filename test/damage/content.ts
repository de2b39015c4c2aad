import type { Random } from 'unrolled';

type Holder = Record<string, unknown> | unknown[];
type Place = { readonly holder: Holder; readonly key: string | number };

/**
 * Changes one or two things that a file says, in place: numbers, names, flags, items of lists; its form stays right.
 * @param root  of plain data, such as the messages of an ONNX file, or JSON
 * @param words  texts that stand for something in the format, beside those that the file has
 */
export function changeContent(root: Holder, words: readonly string[], random: Random): void {
  for (let n = 1 + random.below(2); n > 0; n--) {
    const places: Place[] = [];
    const texts: string[] = [];
    const visit = (holder: Holder): void => {
      for (const [key, value] of Object.entries(holder)) {
        // Of long lists of numbers a few are enough.
        if (Array.isArray(holder) && typeof value === 'number' && Number(key) > 8) break;
        places.push({ holder, key });
        if (typeof value === 'string') texts.push(value);
        if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) visit(value as Holder);
      }
    };
    visit(root);
    if (places.length === 0) return;
    const { holder, key } = places[random.below(places.length)];
    const at = holder as Record<string | number, unknown>;
    const isItem = Array.isArray(holder);
    const value = changed(at[key], texts, words, random);
    if (!isItem || (value !== null && value !== undefined)) at[key] = value;
  }
}

const numbers = [
  ...[0, 1, -1, 2, 3, 7, 100, 65536, 2 ** 20, 2 ** 24],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53) + 1],
];

function changed(value: unknown, texts: readonly string[], words: readonly string[], random: Random): unknown {
  const pick = <Item>(list: readonly Item[]): Item => list[random.below(list.length)];
  if (typeof value === 'number') return random.below(2) ? pick(numbers) : Math.trunc(value) + pick([-1, 1]);
  if (typeof value === 'string') return random.below(2) || words.length === 0 ? pick(texts) : pick(words);
  if (typeof value === 'boolean') return !value;
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice(0, random.below((value as Uint8Array).length + 1));
  if (!Array.isArray(value)) return value === null ? undefined : pick([value, null]);
  const list: unknown[] = [...value];
  const i = random.below(list.length + 1);
  if (random.below(2) || list.length === 0) list.splice(i, 1);
  else list.splice(i, 0, pick(list));
  return list;
}

/** JSON with something of it changed, or its bytes. */
export function changedJson(text: string, words: readonly string[], random: Random): string {
  const root = JSON.parse(text) as Holder;
  changeContent(root, words, random);
  if (random.below(8) > 0) return JSON.stringify(root);
  // Something that other parsers take, and values of another kind.
  const json = JSON.stringify(root);
  const at = random.below(json.length);
  return (
    json.slice(0, at) + ['1e999', 'null', '[]', '{}', '""', '-0'][random.below(6)] + json.slice(at + random.below(9))
  );
}
