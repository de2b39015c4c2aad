import type { Examples } from '../../data/examples.ts';
import { DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { commonAnswer, normaliseAnswer } from '../../metrics/answers.ts';
import { frequencies, type WordVectors, type WordVocabulary } from '../../words/index.ts';
import { sentenceVocabulary } from '../sentence-encoder.ts';
import type { View } from '../views.ts';
import { type QuestionType, questionTypes } from './question-types.ts';

/** A question and its answers. */
export interface AnsweredQuestion {
  readonly question: string;
  /** Of one person, or of several. */
  readonly answers: readonly string[];
  /** What may be answered; missing: anything. */
  readonly choices?: readonly string[] | undefined;
}

/** A question about an image. */
export interface ImageQuestion {
  readonly image: Image;
  readonly question: string;
  /** What may be answered. Default: any answer the model knows. */
  readonly choices?: readonly string[] | undefined;
}

/** A question about an image, with its answers. */
export interface AnsweredImageQuestion extends ImageQuestion {
  readonly answers: readonly string[];
}

/** The same about what a model sees of an image; questions about one image share the object. */
export interface AnsweredView extends AnsweredQuestion {
  readonly view: View;
}

/** Images or their features, in memory or read when a batch needs them, and the questions about each. */
export interface QuestionData {
  readonly views: Examples<View>;
  readonly questions: readonly (readonly AnsweredQuestion[])[];
}

/** What a model of questions knows: plain data. */
export interface QuestionVocabulary {
  /** Words of questions, and those of choices where answers are read. */
  readonly words: WordVocabulary;
  /** The K most frequent answers, the most frequent first. */
  readonly answers: readonly string[];
  readonly types: readonly QuestionType[];
}

export interface QuestionVocabularyOptions {
  /** K, at most. Default 1,000. */
  readonly answers?: number | undefined;
  /** Given vectors of words; see `wordVocabulary`. */
  readonly vectors?: WordVectors | undefined;
}

/**
 * Words, answers and types of training questions.
 * @throws DataError if there are fewer than two different answers
 */
export function questionVocabulary(
  questions: readonly AnsweredQuestion[],
  { answers: K = 1000, vectors }: QuestionVocabularyOptions = {},
): QuestionVocabulary {
  const common = questions.map(({ answers }) => commonAnswer(answers));
  const answers = frequencies(common)
    .slice(0, K)
    .map(([answer]) => answer);
  if (answers.length < 2) {
    throw new DataError(
      `questionVocabulary: ${questions.length} questions have ${answers.length} different answers; at least two are needed`,
      { questions: questions.length },
    );
  }
  const read = questions.flatMap(({ question, choices = [] }) => [question, ...choices.map(normaliseAnswer)]);
  return {
    words: sentenceVocabulary(read, vectors),
    answers,
    types: questionTypes(questions.map(({ question }, i) => ({ question, answer: common[i] }))),
  };
}
