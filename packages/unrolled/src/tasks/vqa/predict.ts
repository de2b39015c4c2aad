import { anything, count, type Kinds, requireOptions } from '../../checks.ts';
import { normaliseAnswer } from '../../metrics/answers.ts';
import { softmaxOf } from '../../metrics/label-predictions.ts';
import { inference } from '../../nn/layer.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { View } from '../views.ts';
import type { Answerer, NetworkName } from './model.ts';

/** A question about what a model sees; questions about one image share the object. */
export interface AskedView {
  readonly view: View;
  readonly question: string;
  readonly choices?: readonly string[] | undefined;
}

export interface AnswerSearchOptions {
  /** Candidates of each answer, the likeliest first. Default 5. */
  readonly nBest?: number | undefined;
}

export interface AnswerOptions extends AnswerSearchOptions {
  /** Batch size in questions; it changes the speed, not the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

export const searchKinds: Kinds<AnswerSearchOptions> = { nBest: count };

export interface AnswerCandidate {
  readonly answer: string;
  /** Of all answers together 1; where choices are judged one by one, that of each to be right. */
  readonly probability: number;
}

/** What attention looked at. */
export interface AnswerAttention {
  /** Rows and columns of the places. */
  readonly grid: readonly [rows: number, columns: number];
  /** Of each layer the weights of all places, row by row, with sum 1. */
  readonly weights: readonly (readonly number[])[];
}

export interface Answer extends AnswerCandidate {
  readonly candidates: readonly AnswerCandidate[];
  /** Null without attention. */
  readonly attention: AnswerAttention | null;
}

/** @throws as `Answerer.predict` */
export async function answerQuestions(
  model: Answerer,
  questions: readonly AskedView[],
  options: AnswerOptions = {},
): Promise<Answer[]> {
  requireOptions('vqa', options, { ...searchKinds, batch: count, signal: anything });
  const { nBest = 5, batch = 64, signal } = options;
  const found: Answer[] = [];
  for (let from = 0; from < questions.length; from += batch) {
    await breathe(signal);
    const part = questions.slice(from, from + batch);
    const collected = (await collectAnswers(model, part, ['full'])).get('full')!;
    for (const { candidates, attention } of collected) {
      found.push({ ...candidates[0], candidates: candidates.slice(0, nBest), attention });
    }
  }
  return found;
}

/** What a network answers to each question. */
export interface Collected {
  /** The likeliest first. */
  readonly candidates: readonly AnswerCandidate[];
  /** Of all K answers, or of the choices as they were given. */
  readonly probabilities: ArrayLike<number>;
  readonly attention: AnswerAttention | null;
}

/** The answers of networks to a batch, whose images are seen once. */
export async function collectAnswers(
  model: Answerer,
  questions: readonly AskedView[],
  names: readonly NetworkName[],
): Promise<Map<NetworkName, Collected[]>> {
  const { device, backbone, vocabulary, config } = model;
  const encoded = questions.map(({ view, question, choices }) => model.encode(view, question, choices));
  const read = await device.read(() =>
    device.withoutGradients(() => {
      const outputs = model.apply(encoded, inference, names);
      return names.map((name) => outputs.get(name)!);
    }),
  );
  const K = vocabulary.answers.length;
  let from = 0;
  const places = questions.map(({ choices = [] }) => {
    const width = config.answering === 'binary' ? choices.length : K;
    from += width;
    return [from - width, from] as const;
  });
  const collected = names.map((name, n): [NetworkName, Collected[]] => {
    const { logits, weights } = read[n];
    const answers = questions.map(({ choices }, b) => {
      const own = logits.subarray(...places[b]);
      const probabilities = config.answering === 'binary' ? own.map(logistic) : softmaxOf(own, 1);
      const grid = backbone.grid;
      const L = backbone.places;
      const rows = weights.map((all) => Array.from(all.subarray(b * L, (b + 1) * L)));
      const attention = rows.length > 0 ? { grid, weights: rows } : null;
      return { candidates: ranked(model, probabilities, choices), probabilities, attention };
    });
    return [name, answers];
  });
  return new Map(collected);
}

const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

/** Answers with their probabilities; of choices only these, which then have 1 together. */
function ranked(
  { vocabulary: { answers }, config }: Answerer,
  probabilities: ArrayLike<number>,
  choices: readonly string[] | undefined,
): AnswerCandidate[] {
  const all = ((): AnswerCandidate[] => {
    if (choices === undefined) return answers.map((answer, k) => ({ answer, probability: probabilities[k] }));
    if (config.answering === 'binary') return choices.map((answer, c) => ({ answer, probability: probabilities[c] }));
    const shares = choices.map((choice) => probabilities[answers.indexOf(normaliseAnswer(choice))] ?? 0);
    const mass = shares.reduce((total, share) => total + share, 0) || 1;
    return choices.map((answer, c) => ({ answer, probability: shares[c] / mass }));
  })();
  return all.sort((a, b) => b.probability - a.probability);
}
