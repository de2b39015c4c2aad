/**
 * Following instructions through maps: worlds, training by imitation, greedy and beam search over moves.
 * @module
 */

export * from './config.ts';
export * from './evaluate.ts';
export * from './follow.ts';
export { mirroredMap, mirroredRoute } from './mirror.ts';
export { knowledgeOf, Navigator, type NavigatorDescription, type NavigatorKnowledge } from './model.ts';
export * from './pose.ts';
export { actionsAlong, type Route, requireOnMap, sentencesOf } from './routes.ts';
export { parseSail, type SailFile } from './sail.ts';
export { type Kinds, kindsIn, sensesAt, sensesSize } from './senses.ts';
export * from './task.ts';
export * from './training.ts';
export * from './world.ts';
