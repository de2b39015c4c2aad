/**
 * Following instructions through maps: worlds, training by imitation, greedy and beam search over moves.
 * @module
 */

export * from './baselines.ts';
export * from './config.ts';
export { navigatorDescription } from './description.ts';
export * from './evaluate.ts';
export * from './follow.ts';
export { heldPairs, makeRoutes, type RoutesOptions } from './instructions.ts';
export { mirroredMap, mirroredRoute } from './mirror.ts';
export { knowledgeOf, Navigator, type NavigatorDescription, type NavigatorKnowledge, type Sight } from './model.ts';
export { parseNavigation } from './navigation-file.ts';
export * from './pose.ts';
export * from './practice.ts';
export { renderView, viewSize } from './render.ts';
export type { RewardOptions } from './rollout.ts';
export { makeRooms, type RoomsOptions } from './rooms.ts';
export { actionsAlong, type Route, requireOnMap, sentencesOf } from './routes.ts';
export { parseSail, type SailFile } from './sail.ts';
export { type Kinds, kindsIn, sensesAt, sensesSize } from './senses.ts';
export * from './task.ts';
export * from './training.ts';
export * from './world.ts';
