import {
  type Classifier,
  type ClassifierEvaluation,
  type Contribution,
  explainTokens,
  explainWords,
  type LabelledText,
} from 'unrolled/tasks/classify';
import { printable } from '../../listeners/text.ts';
import { table } from '../../table.ts';
import { formatCount } from '../../units.ts';

/** The words that speak most for a label, with their mean weight. */
export type Telling = Readonly<Record<string, readonly { readonly word: string; readonly weight: number }[]>>;

/** What in a text speaks for its label: its words, the weightiest first; of a single word its tokens, as they stand. */
export function tellingParts(model: Classifier, text: string): Contribution[] {
  const words = explainWords(model, text);
  if (words.length <= 1) return explainTokens(model, text);
  return words.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}

/** Texts looked at, and words kept of each label. */
const [most, kept] = [500, 10];

/** By label, the words whose mean weight over the texts they are in is greatest, each in two texts at least. */
export function tellingByLabel(model: Classifier, examples: readonly LabelledText[]): Telling {
  const seen = new Map(model.labels.map((label) => [label, new Map<string, { total: number; count: number }>()]));
  for (const { text, label } of examples.slice(0, most)) {
    const words = seen.get(label)!;
    for (const { token, weight } of explainWords(model, text, { label })) {
      const word = token.toLowerCase();
      const { total, count } = words.get(word) ?? { total: 0, count: 0 };
      words.set(word, { total: total + weight, count: count + 1 });
    }
  }
  return Object.fromEntries(
    Array.from(seen, ([label, words]) => [
      label,
      Array.from(words, ([word, { total, count }]) => ({ word, weight: total / count, count }))
        .filter(({ weight, count }) => weight > 0 && count > 1)
        .sort((a, b) => b.weight - a.weight)
        .slice(0, kept)
        .map(({ word, weight }) => ({ word, weight })),
    ]),
  );
}

export function describeEvaluation(found: ClassifierEvaluation, telling: Telling | null): string {
  const { examples, accuracy, macroF1, loss, calibrationError, labels, scores, confusion } = found;
  const lines = [
    `${(100 * accuracy).toFixed(2)}% of ${formatCount(examples)} right, macro-F1 ${macroF1.toFixed(4)}`,
    `${loss.toFixed(4)} nats, expected calibration error ${calibrationError.toFixed(4)}`,
    '',
    ...table(
      ['label', 'precision', 'recall', 'F1', 'texts'],
      scores.map(({ precision, recall, f1, support }, k) => [
        printable(labels[k]),
        precision.toFixed(3),
        recall.toFixed(3),
        f1.toFixed(3),
        formatCount(support),
      ]),
    ),
  ];
  if (labels.length <= 12) {
    lines.push('', 'Rows: what it was; columns: what it was taken for', '');
    lines.push(
      ...table(
        ['', ...labels.map(printable)],
        confusion.map((row, k) => [labels[k], ...row].map(String)),
      ),
    );
  }
  if (telling) {
    lines.push('', 'What speaks most for each label', '');
    for (const [label, words] of Object.entries(telling)) {
      lines.push(
        `${printable(label)}: ${words.map(({ word, weight }) => `${printable(word)} +${weight.toFixed(2)}`).join('  ')}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
