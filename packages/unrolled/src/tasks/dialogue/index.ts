/**
 * Dialogues about an image: questions that build on what was said before.
 * @module
 */

export { type DialogueConfig, smallBackbone } from './config.ts';
export type { DialogueDescription } from './description.ts';
export { type Conversation, type Dialogue, refersBack, type Turn } from './dialogue.ts';
export {
  type DialogueEvaluation,
  type DialogueScores,
  type EvaluateDialogueOptions,
  evaluateDialogues,
} from './evaluate.ts';
export {
  DialogueAgent,
  type DialogueAgentOptions,
  type DialogueKnowledge,
  dialogueKnowledge,
  type EncodedDialogue,
  type KnowledgeOptions,
} from './model.ts';
export {
  type AnswerOptions,
  type AnswerSearchOptions,
  answerQuestions,
  type DialogueAnswer,
  type DialogueInput,
  type ScoredAnswer,
} from './predict.ts';
export { type ConversationOptions, makeConversation, makeDialogues, type SceneDialogue } from './questions.ts';
export {
  colourNames,
  makeScene,
  paintScene,
  type Scene,
  type SceneOptions,
  sceneSide,
  shapeNames,
  sizeNames,
  type Thing,
} from './scene.ts';
export * from './task.ts';
export { type DialogueTrainingOptions, dialogueTraining } from './training.ts';
export * from './visdial.ts';
