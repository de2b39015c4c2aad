/**
 * Architecture search: spaces of recurrent cells and convolutional blocks, a controller that learns by REINFORCE, and the search
 * loop as a stream of events.
 * @module
 */

export * from './block-architecture.ts';
export * from './block-candidate.ts';
export * from './block-graph.ts';
export * from './cell-architecture.ts';
export * from './cell-candidate.ts';
export { type CellFileOptions, cellEquations, cellFile } from './cell-file.ts';
export * from './cell-graph.ts';
export * from './controller.ts';
export * from './evaluator.ts';
export {
  type CandidateEvent,
  type RoundEvent,
  type SearchDoneEvent,
  type SearchEvent,
  type SearchOptions,
  search,
} from './search.ts';
export * from './shared-cells.ts';
export {
  type Choices,
  type Decision,
  methods,
  type PolicyOptions,
  randomChoices,
  type SearchMethod,
  type SearchSpace,
  sizeOfSpace,
} from './space.ts';
export { leaderboard, type Scored } from './state.ts';
export * from './tree-cell.ts';
