/**
 * Published Transformers from their files: GPT-2, Llama, BERT, ViT, minGPT and llama2.c.
 * @module
 */

export type { ModelFolder } from './folder.ts';
export type { PretrainedModel } from './layouts/layout.ts';
export { type InspectedPretrained, inspectPretrained, isPretrained, pretrainedKinds, readPretrained } from './read.ts';
