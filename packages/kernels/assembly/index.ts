/** Everything the kernels export; each file is one subject. */
export { gemm, gemmScratchSize } from './gemm';
export { heapBase } from './memory';
export { packRight, packedSize } from './pack';
