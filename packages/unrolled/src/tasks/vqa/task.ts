import { imageInput } from '../../images/image-input.ts';
import type { Image } from '../../images/index.ts';
import { listOf, mismatch, objectOf, optional, type Schema, text } from '../../schema.ts';
import type { Task } from '../task.ts';
import type { AnsweredImageQuestion, ImageQuestion } from './data.ts';
import { type AnswerEvaluation, type EvaluateAnswersOptions, evaluateAnswers } from './evaluate.ts';
import { Answerer } from './model.ts';
import { type Answer, type AnswerSearchOptions, searchKinds } from './predict.ts';

const question = objectOf<ImageQuestion>({
  image: imageInput as Schema<Image>,
  question: text,
  choices: optional(listOf(text, 1)),
});

/** Images and questions to answers. */
export const vqaTask: Task<{
  model: Answerer;
  input: ImageQuestion;
  options: AnswerSearchOptions;
  answer: Answer;
  data: readonly AnsweredImageQuestion[];
  evaluate: EvaluateAnswersOptions;
  evaluation: AnswerEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'vqa',
  open: (device, source, cell) => Answerer.load(device, source, cell),
  about: ({ backbone, config, vocabulary }) => ({
    size: backbone.description.preprocessing.size,
    grid: backbone.grid,
    answering: config.answering,
    answers: vocabulary.answers.length,
  }),
  input(value, place) {
    if (typeof value === 'object' && value !== null) return question(value, place);
    throw mismatch(place, 'an image with a question { image, question }', value);
  },
  options: searchKinds,
  predict: (model, questions, options) => model.predict(questions, options),
  evaluate: (model, questions, options) =>
    evaluateAnswers(
      model,
      questions.map(({ image, ...asked }) => ({ ...asked, view: image })),
      options,
    ),
};
