/**
 * Token streams, batches of sequences of similar length, splits and IDX files.
 * @module
 */

export * from './buckets.ts';
export * from './idx.ts';
export * from './split.ts';
export * from './token-streams.ts';
