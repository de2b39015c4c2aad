import { DataError } from '../../errors.ts';
import { type RankingScores, rankingScores, rankOf } from '../../metrics/ranking.ts';
import { inference } from '../../nn/layer.ts';
import { breathe } from '../../train/breathe.ts';
import { sentenceWords } from '../sentence-encoder.ts';
import { answerScores } from './answer-scores.ts';
import { type Dialogue, refersBack } from './dialogue.ts';
import { dialogueLoss } from './loss.ts';
import type { DialogueAgent } from './model.ts';
import type { Source } from './network.ts';
import { type AnswerOptions, writeAnswers } from './predict.ts';

export interface DialogueScores {
  /** Share of written answers that are, word for word, those of the data. */
  readonly accuracy: number;
  /** The same of questions that point back at what was said (`refersBack`); null without any. */
  readonly backAccuracy: number | null;
  /** Mean loss per word of the answers, ends included, in nats. */
  readonly loss: number;
  /** Of the answers of the data among their candidates; null without candidates. */
  readonly ranking: RankingScores | null;
}

export interface DialogueEvaluation extends DialogueScores {
  readonly dialogues: number;
  readonly questions: number;
  /** Questions that point back at what was said. */
  readonly backQuestions: number;
  /** The scores of the same model with these hidden from it; only those that it was trained with. */
  readonly without: Readonly<Partial<Record<'history' | 'image' | 'history and image', DialogueScores>>>;
  /** Accuracy of the most frequent answer to the same question in these dialogues: the most that a question alone tells. */
  readonly questionAlone: number;
}

export type EvaluateDialogueOptions = Pick<AnswerOptions, 'beam' | 'maxLength' | 'batch' | 'signal'>;

/**
 * Answers every question, after what people said before it, and compares with their answers; then the same without the history,
 * without the image, and without both, to show how much each is worth.
 * @throws DataError without questions; the signal's reason if it is aborted
 */
export async function evaluateDialogues(
  agent: DialogueAgent,
  dialogues: readonly Dialogue[],
  options: EvaluateDialogueOptions = {},
): Promise<DialogueEvaluation> {
  const asked = dialogues.filter(({ turns }) => turns.length > 0);
  if (asked.length === 0) throw new DataError('dialogue: there are no questions to evaluate on');
  const turns = asked.flatMap((dialogue) => dialogue.turns);
  const { history, image } = agent.config;
  const ablations = {
    ...(history && { history: ['history'] as const }),
    ...(image && { image: ['image'] as const }),
    ...(history && image && { 'history and image': ['history', 'image'] as const }),
  };
  const without: Partial<Record<keyof typeof ablations, DialogueScores>> = {};
  const scores = await scoreDialogues(agent, asked, [], options);
  for (const [name, hidden] of Object.entries(ablations)) {
    without[name as keyof typeof ablations] = await scoreDialogues(agent, asked, hidden, options);
  }
  return {
    dialogues: asked.length,
    questions: turns.length,
    backQuestions: turns.filter(({ question }) => refersBack(question)).length,
    ...scores,
    without,
    questionAlone: questionAlone(turns),
  };
}

/** The scores with some of the sources hidden. */
export async function scoreDialogues(
  agent: DialogueAgent,
  dialogues: readonly Dialogue[],
  without: readonly Source[],
  { batch = 25, signal, ...search }: EvaluateDialogueOptions = {},
): Promise<DialogueScores> {
  const right: boolean[] = [];
  const back: boolean[] = [];
  const ranks: number[] = [];
  let [loss, words] = [0, 0];
  for (let from = 0; from < dialogues.length; from += batch) {
    await breathe(signal);
    const part = dialogues.slice(from, from + batch);
    const encoded = part.map((dialogue) => agent.encodeDialogue(dialogue.image, dialogue));
    const turns = part.flatMap((dialogue) => dialogue.turns);
    const read = () => agent.read(encoded, { without });
    const mean = await agent.device.read(() =>
      agent.device.withoutGradients(() => dialogueLoss(agent, encoded, inference, { without })),
    );
    loss += mean.loss[0] * mean.words;
    words += mean.words;
    const written = await writeAnswers(agent, read, turns.length, search);
    const scores = await answerScores(
      agent,
      read,
      turns.map(({ candidates }) => candidates ?? []),
    );
    turns.forEach(({ question, answer, candidates = [] }, i) => {
      const isRight = sameAnswer(written[i][0].text, answer);
      right.push(isRight);
      if (refersBack(question)) back.push(isRight);
      const place = candidates.indexOf(answer);
      if (place >= 0) ranks.push(rankOf(scores[i], place));
    });
  }
  return {
    accuracy: shareOf(right),
    backAccuracy: back.length > 0 ? shareOf(back) : null,
    loss: loss / words,
    ranking: ranks.length > 0 ? rankingScores(ranks) : null,
  };
}

const shareOf = (flags: readonly boolean[]): number => flags.filter(Boolean).length / flags.length;

/** Whether two answers have the same words. */
export const sameAnswer = (a: string, b: string): boolean => sentenceWords(a).join(' ') === sentenceWords(b).join(' ');

function questionAlone(turns: readonly { readonly question: string; readonly answer: string }[]): number {
  const counts = new Map<string, Map<string, number>>();
  for (const { question, answer } of turns) {
    const [key, said] = [question, answer].map((text) => sentenceWords(text).join(' '));
    const answers = counts.get(key) ?? new Map<string, number>();
    answers.set(said, (answers.get(said) ?? 0) + 1);
    counts.set(key, answers);
  }
  const right = [...counts.values()].reduce((sum, answers) => sum + Math.max(...answers.values()), 0);
  return right / turns.length;
}
