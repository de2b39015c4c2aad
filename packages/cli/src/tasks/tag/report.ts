import type { TaggedText, TaggerEvaluation } from 'unrolled/tasks/tag';
import { table } from '../../output/table.ts';
import { printable } from '../../output/text.ts';
import { formatCount } from '../../output/units.ts';

/** A text with its spans in brackets, or each word with its tag. */
export function showText(text: string, { words, spans }: TaggedText, marksSpans: boolean): string {
  if (!marksSpans) return printable(words.map(({ text: word, tag }) => `${word}/${tag}`).join(' '));
  let shown = '';
  let place = 0;
  for (const { type, start, end } of spans) {
    shown += `${text.slice(place, start)}[${text.slice(start, end)}]${type}`;
    place = end;
  }
  return printable(shown + text.slice(place)).replace(/\s+/g, ' ');
}

export function describeEvaluation(found: TaggerEvaluation): string {
  const { accuracy, spans, loss, sentences, words, unknown } = found;
  const percent = (share: number): string => (100 * share).toFixed(2);
  const lines = [
    `${percent(accuracy)}% of ${formatCount(words)} words in ${formatCount(sentences)} sentences have the right tag`,
    `${percent(unknown / words)}% of the words are unknown${loss === null ? '' : `; ${loss.toFixed(4)} nats per word`}`,
  ];
  if (spans) {
    const rows = [...Object.entries(spans.types), ['all', spans] as const];
    lines.push(
      '',
      ...table(
        ['span', 'precision', 'recall', 'F1', 'spans'],
        rows.map(([type, { precision, recall, f1, support }]) => [
          printable(type),
          ...[precision, recall, f1].map(percent),
          formatCount(support),
        ]),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}
