/**
 * Masked language models: what stands at the hidden words of a text.
 * @module
 */

export type { MaskedLanguageModelConfig, MaskedLanguageModelDescription } from './config.ts';
export * from './model.ts';
