import { searchSequences } from '../../decode/sequence-search.ts';
import { DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import { answerScores } from './answer-scores.ts';
import type { Turn } from './dialogue.ts';
import type { DialogueAgent, ReadOptions } from './model.ts';

/** A question about an image, and what was said before it. */
export interface DialogueInput {
  readonly image: Image;
  readonly question: string;
  /** Default: none. */
  readonly caption?: string | undefined;
  /** Questions and answers so far. Default: none. */
  readonly turns?: readonly Turn[] | undefined;
  /** Answers to choose from. Default: the answer is written word by word. */
  readonly candidates?: readonly string[] | undefined;
}

export interface ScoredAnswer {
  readonly text: string;
  /** Σ log P of its words and its end, in nats. */
  readonly logProbability: number;
}

export interface DialogueAnswer {
  readonly answer: string;
  /** The candidates, best first; of a search the n best. */
  readonly candidates: readonly ScoredAnswer[];
  readonly attention: {
    /** Rows and columns of the places. */
    readonly grid: readonly [rows: number, columns: number];
    /** `[K][L]`: of each look the weights of the places in rows, with sum 1. */
    readonly weights: readonly (readonly number[])[];
  };
}

export interface AnswerSearchOptions {
  /** Beam width (1: greedy search). Default 1. */
  readonly beam?: number | undefined;
  /** Number of answers, at most the beam width. Default 1. */
  readonly nBest?: number | undefined;
  /** Maximum number of words in an answer and its end. Default: as the longest one of the training data. */
  readonly maxLength?: number | undefined;
}

export interface AnswerOptions extends AnswerSearchOptions, Pick<ReadOptions, 'without'> {
  /** Batch size; does not change the result. Default 50. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/**
 * Answers questions; an answer does not depend on the other questions.
 * @throws DataError on a list of candidates without any; ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function answerQuestions(
  agent: DialogueAgent,
  inputs: readonly DialogueInput[],
  { batch = 50, without, signal, ...search }: AnswerOptions = {},
): Promise<DialogueAnswer[]> {
  const found: DialogueAnswer[] = [];
  for (let from = 0; from < inputs.length; from += batch) {
    await breathe(signal);
    const part = inputs.slice(from, from + batch);
    const dialogues = part.map(({ image, caption = '', turns = [], question, candidates }, i) => {
      if (candidates?.length === 0) {
        throw new DataError(`dialogue: question ${from + i + 1} has an empty list of candidates; leave it out`);
      }
      return agent.encodeDialogue(image, { caption, turns }, question);
    });
    const read = () => agent.read(dialogues, { asked: [-1], without });
    const written = await writeAnswers(agent, read, part.length, search);
    const scores = await answerScores(
      agent,
      read,
      part.map(({ candidates }) => candidates ?? []),
    );
    const looks = await agent.device.read(() => agent.device.withoutGradients(() => read().looks));
    const { grid, places: L } = agent.backbone;
    part.forEach(({ candidates }, i) => {
      const ranked = candidates?.map((text, k) => ({ text, logProbability: scores[i][k] }));
      ranked?.sort((a, b) => b.logProbability - a.logProbability);
      const best = ranked ?? written[i];
      const weights = looks.map((one) => Array.from(one.subarray(i * L, (i + 1) * L)));
      found.push({ answer: best[0].text, candidates: best, attention: { grid, weights } });
    });
  }
  return found;
}

/** The n best answers to each question. @param read  reads dialogues; one row for each of `questions` */
export async function writeAnswers(
  agent: DialogueAgent,
  read: () => ReturnType<DialogueAgent['read']>,
  questions: number,
  { beam, nBest, maxLength = agent.longest }: AnswerSearchOptions = {},
): Promise<ScoredAnswer[][]> {
  const lengths = new Array<number>(questions).fill(1);
  const all = await searchSequences(
    agent.network,
    () => read().reading,
    { lengths, maxLength, never: 0 },
    { beam, nBest },
  );
  return all.map((some) => some.map(({ tokens, logProbability }) => ({ text: agent.decode(tokens), logProbability })));
}
