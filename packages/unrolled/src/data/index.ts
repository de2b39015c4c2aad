/**
 * Sources of examples, their order and batches, padding, token streams, splits and IDX files.
 * @module
 */

export * from './batches.ts';
export * from './examples.ts';
export * from './idx.ts';
export * from './padding.ts';
export * from './split.ts';
export * from './token-streams.ts';
