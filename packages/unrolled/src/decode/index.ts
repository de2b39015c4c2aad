/**
 * Greedy search, beam search and sampling, over any step function or an encoder–decoder.
 * @module
 */

export * from './beam.ts';
export * from './greedy.ts';
export * from './likeliest.ts';
export * from './sampling.ts';
export type { DecodeRows, DecodeStep, Hypothesis, SearchOptions, StepResult } from './search.ts';
export * from './sequence-search.ts';
export * from './tensor-step.ts';
