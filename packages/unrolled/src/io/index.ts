/**
 * Safetensors files.
 * @module
 */

export type { Bytes } from './bytes.ts';
export { fromHalf, toHalf } from './half.ts';
export * from './safetensors.ts';
