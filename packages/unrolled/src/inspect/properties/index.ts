export * from './parser.ts';
export type { Property } from './property.ts';
export * from './ready.ts';
