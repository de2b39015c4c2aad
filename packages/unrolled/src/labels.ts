import { DataError } from './errors.ts';

/** A span label taken apart: `B-PER` is place B of a span of type PER. */
export interface SpanLabel {
  /** B: first token of a span; I: inside (or first, in IO and IOB1); E: last; S: the only one; O: outside of all spans. */
  readonly place: 'B' | 'I' | 'O' | 'E' | 'S';
  /** Empty where the label has none. */
  readonly type: string;
}

/** Other letters for the same places: BILOU's L (last) and U (unit), BMES's M (middle), W (whole). */
const places: Readonly<Record<string, SpanLabel['place']>> = {
  ...{ O: 'O', B: 'B', I: 'I', E: 'E', S: 'S' },
  ...{ M: 'I', L: 'E', U: 'S', W: 'S' },
};

/**
 * Reads a label of IO, IOB1, BIO, BIOES, BILOU or BMES: O, or B, I, E, S, M, L, U or W, alone or with `-` or `_` and a type.
 * @throws DataError on any other label
 */
export function splitLabel(label: string): SpanLabel {
  const [, letter, type = ''] = /^(O|[BIESMLUW](?=[-_]|$))(?:[-_](.+))?$/.exec(label) ?? [];
  if (letter === undefined || (letter === 'O' && type !== '')) {
    throw new DataError(
      `labels: '${label.slice(0, 60)}' is not a span label; use O and B-, I-, E- or S- with a type (or BILOU, BMES)`,
      { label },
    );
  }
  return { place: places[letter], type };
}

/** Whether `splitLabel` can read it. */
export function isSpanLabel(label: string): boolean {
  try {
    splitLabel(label);
    return true;
  } catch {
    return false;
  }
}

/** How labels spell their spans, by the letters they use; null unless all are span labels. */
export function labelScheme(labels: Iterable<string>): 'IO' | 'BIO' | 'BIOES' | 'BMES' | 'BILOU' | null {
  const letters = new Set<string>();
  for (const label of labels) {
    if (!isSpanLabel(label)) return null;
    letters.add(label[0]);
  }
  const has = (...some: readonly string[]): boolean => some.some((letter) => letters.has(letter));
  if (has('L', 'U')) return 'BILOU';
  if (has('M', 'W')) return 'BMES';
  if (has('E', 'S')) return 'BIOES';
  return has('B') ? 'BIO' : 'IO';
}
