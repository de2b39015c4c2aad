import { anything, count, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { answerAccuracy, commonAnswer, normaliseAnswer } from '../../metrics/answers.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import { isImage, type View } from '../views.ts';
import type { AnsweredView } from './data.ts';
import { type Answerer, type NetworkName, networkNames } from './model.ts';
import { type AskedView, type Collected, collectAnswers } from './predict.ts';

/** How much the image is worth: right answers with it, less those of the copy that was trained without it. */
export interface ImageWorth {
  /** A difference of shares of right answers. */
  readonly gain: number;
  /** 95% interval of the gain; questions about one image count together. */
  readonly interval: readonly [low: number, high: number];
  /** Whether 0 is in the interval or above it: then the image adds nothing that can be measured. */
  readonly addsNothing: boolean;
}

/** Scores for one type of question. */
export interface TypeScores {
  /** How its questions begin; '' for those of no frequent type. */
  readonly begin: string;
  readonly questions: number;
  readonly accuracy: number;
  readonly withoutImage: number | null;
  readonly frequent: number;
}

/** Shares of right answers, from 0 to 1, as `answerAccuracy` counts them. */
export interface AnswerEvaluation {
  readonly questions: number;
  readonly images: number;
  /** Mean −log p of the right answer over questions whose answer the model can give, in nats; null if there is none. */
  readonly loss: number | null;
  readonly accuracy: number;
  /** Of the copies that were trained without the image, without the question, and on the choices alone; null where there is none. */
  readonly withoutImage: number | null;
  readonly withoutQuestion: number | null;
  readonly answersOnly: number | null;
  /** Of always giving the most frequent answer of the training data: to all questions, and to questions of the same type. */
  readonly mostFrequent: number;
  readonly frequentByType: number;
  /** Share of questions whose answer is none of the model's. */
  readonly unknown: number;
  /** Null where there is no copy without the image. */
  readonly image: ImageWorth | null;
  /** The most frequent types first. */
  readonly types: readonly TypeScores[];
}

export interface EvaluateAnswersOptions {
  /** Batch size in questions; it changes the speed, not the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** How right each network and each baseline is, of one question. */
interface Scored {
  readonly view: View;
  readonly begin: string;
  readonly right: Readonly<Partial<Record<NetworkName, number>>>;
  readonly mostFrequent: number;
  readonly frequentByType: number;
  /** −log p of the right answer; null where the model cannot give it. */
  readonly loss: number | null;
}

/**
 * Answers questions and compares with the answers of people. Beside the model stand its copies that know less and the most
 * frequent answers, since questions often give their answers away.
 * @throws DataError without questions, or for one without answers; the signal's reason if it is aborted
 */
export async function evaluateAnswers(
  model: Answerer,
  questions: readonly AnsweredView[],
  options: EvaluateAnswersOptions = {},
): Promise<AnswerEvaluation> {
  requireOptions('evaluateAnswers', options, { batch: count, signal: anything });
  const { batch = 64, signal } = options;
  if (questions.length === 0) throw new DataError('evaluate: there are no questions');
  const names = networkNames.filter((name) => model.networks.has(name));
  const scored: Scored[] = [];
  for (let from = 0; from < questions.length; from += batch) {
    await breathe(signal);
    const part = questions.slice(from, from + batch);
    const found = await collectAnswers(model, await seen(model, part, signal), names);
    part.forEach((one, i) => {
      const own = new Map(names.map((name) => [name, found.get(name)![i]]));
      scored.push(score(model, one, own));
    });
  }
  return summary(scored, names);
}

/** Questions about features, where the network for images is frozen: it sees each image once. */
async function seen(
  model: Answerer,
  questions: readonly AnsweredView[],
  signal: StopSignal | undefined,
): Promise<readonly AskedView[]> {
  if (model.backbone.trained) return questions;
  const images = [...new Set(questions.map(({ view }) => view))].filter(isImage);
  const features = await model.features(images, { signal });
  const found = new Map<View, View>(images.map((image, i) => [image, features[i]]));
  return questions.map((one) => ({ ...one, view: found.get(one.view) ?? one.view }));
}

function score(model: Answerer, one: AnsweredView, found: ReadonlyMap<NetworkName, Collected>): Scored {
  const { question, answers: people, choices, view } = one;
  const { vocabulary, config } = model;
  const right = [...found].map(([name, { candidates }]) => [name, answerAccuracy(candidates[0].answer, people)]);
  const type = model.typeOf(question);
  const { probabilities } = found.get('full')!;
  const common = commonAnswer(people);
  const place =
    config.answering === 'binary'
      ? choices!.findIndex((choice) => normaliseAnswer(choice) === common)
      : vocabulary.answers.indexOf(common);
  const frequent = (ranking: readonly string[]): number => {
    const answer = allowed([...ranking, ...vocabulary.answers], choices);
    return answerAccuracy(answer, people);
  };
  return {
    view,
    begin: type.begin,
    right: Object.fromEntries(right),
    mostFrequent: frequent(vocabulary.answers),
    frequentByType: frequent(type.answers),
    loss: place < 0 ? null : -Math.log(Math.max(probabilities[place], Number.MIN_VALUE)),
  };
}

/** The first of a ranking that may be answered; of choices that are none of it, the first. */
function allowed(ranking: readonly string[], choices: readonly string[] | undefined): string {
  if (choices === undefined) return ranking[0];
  const names = new Set(choices.map(normaliseAnswer));
  return ranking.find((answer) => names.has(answer)) ?? choices[0];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function summary(scored: readonly Scored[], names: readonly NetworkName[]): AnswerEvaluation {
  const accuracyOf = (some: readonly Scored[], name: NetworkName): number | null =>
    names.includes(name) ? mean(some.map(({ right }) => right[name]!)) : null;
  const losses = scored.map(({ loss }) => loss).filter((loss) => loss !== null);
  const types = Map.groupBy(scored, ({ begin }) => begin);
  return {
    questions: scored.length,
    images: new Set(scored.map(({ view }) => view)).size,
    loss: losses.length > 0 ? mean(losses) : null,
    accuracy: accuracyOf(scored, 'full')!,
    withoutImage: accuracyOf(scored, 'withoutImage'),
    withoutQuestion: accuracyOf(scored, 'withoutQuestion'),
    answersOnly: accuracyOf(scored, 'answersOnly'),
    mostFrequent: mean(scored.map(({ mostFrequent }) => mostFrequent)),
    frequentByType: mean(scored.map(({ frequentByType }) => frequentByType)),
    unknown: 1 - losses.length / scored.length,
    image: names.includes('withoutImage') ? imageWorth(scored) : null,
    types: [...types]
      .map(([begin, some]) => ({
        begin,
        questions: some.length,
        accuracy: accuracyOf(some, 'full')!,
        withoutImage: accuracyOf(some, 'withoutImage'),
        frequent: mean(some.map(({ frequentByType }) => frequentByType)),
      }))
      .sort((a, b) => b.questions - a.questions),
  };
}

/** The gain and its interval, gain ± 1.96 √(Σ over images of (Σ of its questions' differences from the gain)²) / n. */
function imageWorth(scored: readonly Scored[]): ImageWorth {
  const differences = scored.map(({ view, right }) => ({ view, value: right.full! - right.withoutImage! }));
  const gain = mean(differences.map(({ value }) => value));
  const sums = new Map<View, number>();
  for (const { view, value } of differences) sums.set(view, (sums.get(view) ?? 0) + value - gain);
  const error = Math.sqrt([...sums.values()].reduce((total, sum) => total + sum ** 2, 0)) / scored.length;
  const interval = [gain - 1.96 * error, gain + 1.96 * error] as const;
  return { gain, interval, addsNothing: interval[0] <= 0 };
}
