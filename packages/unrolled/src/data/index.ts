export * from './token-streams.ts';
