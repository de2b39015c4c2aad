export * from './evaluate.ts';
export * from './generate.ts';
export * from './inspect.ts';
export * from './measures.ts';
export * from './model.ts';
export * from './sampling.ts';
export * from './tokenizer.ts';
export * from './training.ts';
