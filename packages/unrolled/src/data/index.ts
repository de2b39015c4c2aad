export * from './buckets.ts';
export * from './idx.ts';
export * from './token-streams.ts';
