export * from './activations.ts';
export * from './compare.ts';
export type { Labels } from './labels.ts';
export type { Reading, ReadingOptions } from './reading.ts';
export * from './search.ts';
export * from './span.ts';
export * from './unit.ts';
