export { type ClassifierEvaluation, evaluateClassifier } from './evaluate.ts';
export * from './format.ts';
export * from './model.ts';
export * from './telling.ts';
export * from './training.ts';
