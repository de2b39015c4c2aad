/**
 * Safetensors files.
 * @module
 */

export type { Bytes } from './bytes.ts';
export * from './safetensors.ts';
