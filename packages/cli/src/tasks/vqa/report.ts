import type { AnswerEvaluation, CompleteAnswererConfig } from 'unrolled/tasks/vqa';
import { printable } from '../../output/text.ts';
import { countOf, formatCount } from '../../output/units.ts';

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** Types of questions that are listed. */
const most = 12;

/** Scores for people: the model beside what knows less, what the image is worth, and the types of questions. */
export function describeAnswers(scores: AnswerEvaluation, { given }: Pick<CompleteAnswererConfig, 'given'>): string {
  const { questions, images, accuracy, loss, unknown } = scores;
  const model = { both: 'image and question', question: 'question', image: 'image' }[given];
  const rows: readonly (readonly [string, number | null])[] = [
    [`the model, ${model}`, accuracy],
    ['without the image', scores.withoutImage],
    ['without the question', scores.withoutQuestion],
    ['the choices alone', scores.answersOnly],
    ['most frequent answer by type of question', scores.frequentByType],
    ['most frequent answer', scores.mostFrequent],
  ];
  const shown = rows.filter((row): row is [string, number] => row[1] !== null);
  const wide = Math.max(...shown.map(([name]) => name.length));
  const lines = [
    `${countOf(questions, 'question')} about ${countOf(images, 'image')}; right answers:`,
    ...shown.map(([name, share]) => `  ${name.padEnd(wide)}  ${percent(share).padStart(7)}`),
    ...worth(scores),
    ...(unknown > 0 ? [`${percent(unknown)} of the questions have an answer that the model cannot give`] : []),
    ...(loss === null ? [] : [`loss ${loss.toFixed(4)} nats per question it can answer`]),
    ...typeTable(scores),
  ];
  return `${lines.join('\n')}\n`;
}

function worth({ image }: AnswerEvaluation): string[] {
  if (!image) return [];
  const points = (share: number): string => (100 * share).toFixed(2);
  const [low, high] = image.interval.map(points);
  return [
    `The image is worth ${points(image.gain)} points (95% interval ${low} to ${high})`,
    ...(image.addsNothing
      ? ['Warning: the image adds nothing that can be measured here; the answers come from the questions']
      : []),
  ];
}

function typeTable({ types, withoutImage }: AnswerEvaluation): string[] {
  if (types.length < 2) return [];
  const name = (begin: string): string => (begin === '' ? '(others)' : `${printable(begin)} …`);
  const listed = types.slice(0, most);
  const wide = Math.max(...listed.map(({ begin }) => name(begin).length), 'questions that begin'.length);
  const blind = (text: string): string => (withoutImage === null ? '' : `  ${text.padStart(13)}`);
  return [
    '',
    `${'questions that begin'.padEnd(wide)}  questions    model${blind('without image')}  most frequent`,
    ...listed.map((type) => {
      const { begin, questions, accuracy, frequent } = type;
      return (
        `${name(begin).padEnd(wide)}  ${formatCount(questions).padStart(9)}  ${percent(accuracy).padStart(7)}` +
        `${blind(percent(type.withoutImage ?? 0))}  ${percent(frequent).padStart(13)}`
      );
    }),
    ...(types.length > most ? [`and ${countOf(types.length - most, 'more type')}`] : []),
  ];
}
