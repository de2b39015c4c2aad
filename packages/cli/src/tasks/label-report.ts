import type { Classification, ClassifierEvaluation } from 'unrolled/metrics';
import { Failure } from '../failure.ts';
import { table } from '../output/table.ts';
import { printable } from '../output/text.ts';
import { countOf, formatCount } from '../output/units.ts';

/** Labelled examples, and where each is: `reviews.csv, line 3`. */
export interface LabelledExamples {
  readonly examples: readonly { readonly label: string }[];
  placeOf(index: number): string;
}

/**
 * Checks that a model has the labels of all examples.
 * @throws Failure naming the first one that it lacks, with its file and line
 */
export function requireLabels(
  { examples, placeOf }: LabelledExamples,
  labels: readonly string[],
  owner = 'the model',
): void {
  const known = new Set(labels);
  const unknown = examples.flatMap(({ label }, i) => (known.has(label) ? [] : [i]));
  if (unknown.length === 0) return;
  const share = `${formatCount(unknown.length)} of ${countOf(examples.length, 'example')}`;
  throw new Failure(
    `${placeOf(unknown[0])}: the label '${shorten(examples[unknown[0]].label)}' is not one of ${owner}'s: ` +
      `${listLabels(labels)}; ${share} have such labels: leave them out, or train with them`,
  );
}

/** `ham, spam`; of more than nine the first eight. */
export const listLabels = (labels: readonly string[]): string =>
  labels.length > 9
    ? `${labels.slice(0, 8).map(shorten).join(', ')} and ${formatCount(labels.length - 8)} more`
    : labels.map(shorten).join(', ');

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** `german 0.93`, or `german 0.93, dutch 0.04` */
export const describeLabel = ({ probabilities }: Classification, top: number): string =>
  probabilities
    .slice(0, top)
    .map(({ label, probability }) => `${printable(label)} ${probability.toFixed(2)}`)
    .join(', ');

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** @param inputs  what was classified, as the head of a column: 'texts' */
export function describeLabelScores(found: ClassifierEvaluation, inputs: string): string {
  const { examples, accuracy, topFive, macroF1, loss, calibrationError, labels, scores, confusion } = found;
  const top = topFive === undefined ? '' : `${percent(topFive)} among the five likeliest labels, `;
  const lines = [
    `accuracy ${percent(accuracy)} of ${formatCount(examples)}, ${top}macro-F1 ${macroF1.toFixed(4)}`,
    `loss ${loss.toFixed(4)} nats, expected calibration error ${calibrationError.toFixed(4)}`,
    '',
    ...table(
      ['label', 'precision', 'recall', 'F1', inputs],
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
    lines.push('', 'Confusion matrix (rows: true label; columns: predicted)', '');
    lines.push(
      ...table(
        ['', ...labels.map(printable)],
        confusion.map((row, k) => [printable(labels[k]), ...row.map(String)]),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}
