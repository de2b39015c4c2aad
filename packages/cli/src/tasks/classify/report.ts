import { type Classifier, type Contribution, explainWords, type LabelledText } from 'unrolled/tasks/classify';
import { printable } from '../../output/text.ts';

/** The words that count most for a label, with their mean contributions. */
export type LabelWords = Readonly<Record<string, readonly { readonly word: string; readonly weight: number }[]>>;

/** `wins +4.75  gonna? −0.20`; a question mark for words that are not in the vocabulary. */
export const describeContributions = (contributions: readonly Contribution[]): string =>
  contributions
    .slice(0, 20)
    .map(({ token, weight, known }) => `${printable(token)}${known ? '' : '?'} ${signed(weight)}`)
    .join('  ');

const signed = (weight: number): string => `${weight > 0 ? '+' : ''}${weight.toFixed(2)}`;

/** Texts that are explained, and words kept for each label. */
const [most, kept] = [500, 10];

/** For each label, the words with the greatest mean contribution, each from at least two texts with that label. */
export async function explainLabels(model: Classifier, examples: readonly LabelledText[]): Promise<LabelWords> {
  const seen = new Map(model.labels.map((label) => [label, new Map<string, { total: number; count: number }>()]));
  for (const { text, label } of examples.slice(0, most)) {
    const words = seen.get(label)!;
    for (const { token, weight } of await explainWords(model, text, { label })) {
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

export function describeLabelWords(words: LabelWords): string {
  const lines = ['', 'Words that count most for each label (mean contribution, nats)', ''];
  for (const [label, list] of Object.entries(words)) {
    const shown = list.map(({ word, weight }) => `${printable(word)} ${signed(weight)}`).join('  ');
    lines.push(`${printable(label)}: ${shown || 'none in two texts'}`);
  }
  return `${lines.join('\n')}\n`;
}
