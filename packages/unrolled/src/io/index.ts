/**
 * Files of tensors: safetensors, and PyTorch's.
 * @module
 */

export type { Bytes } from './bytes.ts';
export { fromHalf, toHalf } from './half.ts';
export { decodePytorch, isPytorch, type PytorchFile, stateDictOf } from './pytorch/decode.ts';
export { encodePytorch } from './pytorch/encode.ts';
export * from './safetensors.ts';
