export * from './buckets.ts';
export * from './idx.ts';
export * from './split.ts';
export * from './token-streams.ts';
