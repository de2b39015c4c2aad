// Registers its cells by being imported.
import './literature.ts';

export * from './cell.ts';
export * from './cell-text.ts';
export * from './define.ts';
export * from './gru.ts';
export * from './lstm.ts';
export type { MinimalOptions } from './min.ts';
export { type BuiltInCell, type CellSource, cellNameOf, cellNames, createCell } from './registry.ts';
export type { RhnOptions } from './rhn.ts';
export * from './rnn.ts';
export type { StepLinearOptions, StepTools } from './step-tools.ts';
