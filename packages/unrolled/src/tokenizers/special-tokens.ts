/** Tokens with a meaning of their own, which published models were trained with. */
export interface SpecialTokens {
  /** Tokens that are recognised in a text as they are written, such as `<|endoftext|>` and `[MASK]`. Default: none. */
  readonly special?: readonly string[] | undefined;
  /** The id that stands before every text. Default: none does. */
  readonly begin?: number | undefined;
  /** The ids that end a text; the first of them is the one that is written. Default: none does. */
  readonly ends?: readonly number[] | undefined;
}

/** A part of a text: a special token, or what stands between two. */
export interface TextPart {
  readonly text: string;
  readonly special: boolean;
}

/** Cuts texts at special tokens; where two begin at the same place, the longer one counts. */
export function specialSplitter(special: readonly string[] = []): (text: string) => readonly TextPart[] {
  const names = special.filter((name) => name !== '').sort((a, b) => b.length - a.length);
  if (names.length === 0) return (text) => [{ text, special: false }];
  const known = new Set(names);
  const pattern = new RegExp(`(${names.map(escaped).join('|')})`, 'u');
  return (text) =>
    text.split(pattern).flatMap((part) => (part === '' ? [] : [{ text: part, special: known.has(part) }]));
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
