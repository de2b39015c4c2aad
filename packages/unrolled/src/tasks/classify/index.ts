/**
 * Texts to labels.
 * @module
 */

export type { Classification, ClassifierEvaluation } from '../../metrics/label-predictions.ts';
export * from './config.ts';
export { evaluateClassifier } from './evaluate.ts';
export * from './explain.ts';
export * from './format.ts';
export {
  type Column,
  type Columns,
  type LayoutOptions,
  type TableLayout,
  type TableRow,
  tableLayout,
} from './layout.ts';
export * from './model.ts';
export * from './reading.ts';
export * from './task.ts';
export * from './training.ts';
