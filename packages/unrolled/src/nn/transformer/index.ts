export * from './decoder.ts';
export * from './encoder.ts';
export { type BlockOptions, feedForwardActivations, normKinds, positionKinds, type StackOptions } from './options.ts';
export * from './transformer.ts';
