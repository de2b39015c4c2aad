import type { Task } from '../task.ts';
import { situation } from './description.ts';
import { type EvaluateTargetOptions, evaluateTargets, type TargetScores } from './evaluate.ts';
import type { Game, Situation } from './game.ts';
import { TargetSelector } from './model.ts';
import { type Selected, selectTargets } from './predict.ts';

/** Dialogues about dots that two players see in part, to the dot that they are about. */
export const targetSelectionTask: Task<{
  model: TargetSelector;
  input: Situation;
  options: Readonly<Record<never, never>>;
  answer: Selected;
  data: readonly Game[];
  evaluate: EvaluateTargetOptions;
  evaluation: TargetScores;
  explain: never;
  explanation: never;
}> = {
  name: 'target-selection',
  open: (device, source, cell) => TargetSelector.load(device, source, cell),
  about: ({ config, vocabulary }) => ({ words: vocabulary.words.length, dialogue: config.dialogue }),
  input: situation,
  options: {},
  predict: (model, inputs) => selectTargets(model, inputs),
  evaluate: evaluateTargets,
};
