export * from './buckets.ts';
export * from './token-streams.ts';
