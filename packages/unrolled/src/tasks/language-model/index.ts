export * from './evaluate.ts';
export * from './generate.ts';
export * from './measures.ts';
export * from './model.ts';
export * from './tokenizer.ts';
export * from './training.ts';
