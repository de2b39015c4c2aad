import { DataError } from '../errors.ts';
import { splitLabel } from '../labels.ts';
import { type Scores, scoresOf } from './classification.ts';
import { requirePairs } from './require.ts';

/** Consecutive tokens of one type. */
export interface Span {
  readonly type: string;
  readonly start: number;
  /** Index after its last token. */
  readonly end: number;
}

/**
 * The spans that labels mark, as conlleval reads them, in any scheme: IO (`I-PER`), IOB1 (B only between adjacent spans of one
 * type), IOB2 (B at every start), BIOES, BILOU or BMES. Labels that break their scheme count, too: an I or E after O, after
 * another type or after an end starts a span.
 * @throws DataError on a label that is not a span label
 */
export function spansOf(labels: readonly string[]): Span[] {
  const spans: Span[] = [];
  let start = -1;
  let before = splitLabel('O');
  for (let i = 0; i <= labels.length; i++) {
    const now = splitLabel(labels[i] ?? 'O');
    const ended = before.place === 'E' || before.place === 'S' || before.type !== now.type;
    const begins = now.place === 'B' || now.place === 'S' || ended || before.place === 'O';
    if (before.place !== 'O' && (begins || now.place === 'O')) spans.push({ type: before.type, start, end: i });
    if (now.place !== 'O' && begins) start = i;
    before = now;
  }
  return spans;
}

/**
 * The labels that mark these spans among `length` tokens, the inverse of `spansOf`: B I … (`BIO`), or B I … E, and S for a
 * span of one token (`BIOES`).
 */
export function spanLabels(spans: readonly Span[], length: number, scheme: 'BIO' | 'BIOES'): string[] {
  const labels = new Array<string>(length).fill('O');
  for (const { type, start, end } of spans) {
    for (let i = start; i < end; i++) {
      const last = scheme === 'BIOES' && i === end - 1;
      const place = i === start ? (last ? 'S' : 'B') : last ? 'E' : 'I';
      labels[i] = type === '' ? place : `${place}-${type}`;
    }
  }
  return labels;
}

export interface SpanScores extends Scores {
  /** The same for each type, by name. */
  readonly types: Readonly<Record<string, Scores>>;
  /** Share of tokens with the right label. */
  readonly accuracy: number;
}

/**
 * Precision, recall and F1 over spans, as conlleval (Tjong Kim Sang & Buchholz 2000): a span is right if its start, end and
 * type are.
 *
 * @param predicted  labels of each sentence
 * @param actual  the true labels
 * @throws DataError if sentences differ in length
 */
export function spanScores(
  predicted: readonly (readonly string[])[],
  actual: readonly (readonly string[])[],
): SpanScores {
  requirePairs('spans', predicted, actual);
  const counts = new Map<string, { right: number; predicted: number; actual: number }>();
  const countsOf = (type: string) => {
    const found = counts.get(type) ?? { right: 0, predicted: 0, actual: 0 };
    counts.set(type, found);
    return found;
  };
  let [tokens, rightTokens] = [0, 0];
  actual.forEach((labels, i) => {
    if (labels.length !== predicted[i].length) {
      throw new DataError(
        `spans: sentence ${i} has ${labels.length} labels, its prediction ${predicted[i].length}; give one for each token`,
        { sentence: i },
      );
    }
    tokens += labels.length;
    rightTokens += labels.filter((label, t) => label === predicted[i][t]).length;
    const name = ({ type, start, end }: Span): string => `${start} ${end} ${type}`;
    const truth = spansOf(labels);
    const known = new Set(truth.map(name));
    for (const { type } of truth) countsOf(type).actual++;
    for (const span of spansOf(predicted[i])) {
      countsOf(span.type).predicted++;
      if (known.has(name(span))) countsOf(span.type).right++;
    }
  });
  const total = [...counts.values()].reduce(
    (a, b) => ({ right: a.right + b.right, predicted: a.predicted + b.predicted, actual: a.actual + b.actual }),
    { right: 0, predicted: 0, actual: 0 },
  );
  const types = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...scoresOf(total.right, total.predicted, total.actual),
    types: Object.fromEntries(types.map(([type, of]) => [type, scoresOf(of.right, of.predicted, of.actual)])),
    accuracy: tokens > 0 ? rightTokens / tokens : 0,
  };
}
