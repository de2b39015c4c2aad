export { drawIds } from '../draw-ids.ts';
export * from './bridge.ts';
export * from './decoder.ts';
export type { Encoded, EncodedShapes, Encoder, StateShapes } from './encoded.ts';
export * from './encoder-decoder.ts';
export * from './feature-encoder.ts';
export * from './loss.ts';
export * from './recurrent-encoder.ts';
export * from './transformer-reader.ts';
