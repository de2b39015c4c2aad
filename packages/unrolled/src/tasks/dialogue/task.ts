import { count } from '../../checks.ts';
import { imageInput } from '../../images/image-input.ts';
import { listOf, objectOf, optional, type Schema, text } from '../../schema.ts';
import type { Task } from '../task.ts';
import type { Dialogue, Turn } from './dialogue.ts';
import { type DialogueEvaluation, type EvaluateDialogueOptions, evaluateDialogues } from './evaluate.ts';
import { DialogueAgent } from './model.ts';
import { type AnswerSearchOptions, answerQuestions, type DialogueAnswer, type DialogueInput } from './predict.ts';

const turn = objectOf<Turn>({ question: text, answer: text, candidates: optional(listOf(text)) });

const input: Schema<DialogueInput> = objectOf<DialogueInput>({
  image: imageInput,
  question: text,
  caption: optional(text),
  turns: optional(listOf(turn)),
  candidates: optional(listOf(text, 1)),
});

/** Questions about an image, with what was said before, to answers. */
export const dialogueTask: Task<{
  model: DialogueAgent;
  input: DialogueInput;
  options: AnswerSearchOptions;
  answer: DialogueAnswer;
  data: readonly Dialogue[];
  evaluate: EvaluateDialogueOptions;
  evaluation: DialogueEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'dialogue',
  open: (device, source, cell) => DialogueAgent.load(device, source, cell),
  about: ({ backbone, config, vocabulary }) => ({
    size: backbone.description.preprocessing.size,
    grid: backbone.grid,
    words: vocabulary.words.length,
    image: config.image,
    history: config.history,
  }),
  input,
  options: { beam: count, nBest: count, maxLength: count },
  predict: (model, inputs, options) => answerQuestions(model, inputs, options),
  evaluate: evaluateDialogues,
};
