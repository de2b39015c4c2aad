import type { DialogueEvaluation, DialogueScores } from 'unrolled/tasks/dialogue';
import { table } from '../../output/table.ts';
import { countOf, formatCount } from '../../output/units.ts';

const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? '' : `${(100 * share).toFixed(1)}%`;

/** The scores as a table: the model as it is, and with the history, the image or both hidden from it. */
export function describeEvaluation(found: DialogueEvaluation): string {
  const { dialogues, questions, backQuestions, without, questionAlone } = found;
  const row = (name: string, { accuracy, backAccuracy, ranking, loss }: DialogueScores): string[] => [
    name,
    percent(accuracy),
    percent(backAccuracy),
    ...(ranking
      ? [
          ranking.mrr.toFixed(3),
          ...([1, 5, 10] as const).map((k) => percent(ranking.recall[k])),
          ranking.meanRank.toFixed(2),
        ]
      : []),
    loss.toFixed(3),
  ];
  const ranked = found.ranking ? ['MRR', 'R@1', 'R@5', 'R@10', 'mean rank'] : [];
  const lines = [
    `${countOf(questions, 'question')} in ${countOf(dialogues, 'dialogue')}, ${formatCount(backQuestions)} of which point ` +
      "back at what was said ('it', 'the one', 'and …')",
    ...table(
      ['', 'right', 'pointing back', ...ranked, 'loss'],
      [row('the model', found), ...Object.entries(without).map(([hidden, scores]) => row(`without ${hidden}`, scores))],
    ),
    `the most frequent answer to the same question: ${percent(questionAlone)} right`,
  ];
  return `${lines.join('\n')}\n`;
}
