/**
 * Gradient flow, spectra of weights and Jacobians, gate statistics, and what single units follow; what convolutional networks
 * look at.
 * @module
 */

export * from './decay.ts';
export * from './decomposition.ts';
export * from './gates.ts';
export * from './gradient-flow.ts';
export { type Inspected, inspectRecurrent, type Probes } from './inspected.ts';
export * from './jacobian.ts';
export * from './properties/index.ts';
export * from './units/index.ts';
export * from './vision/index.ts';
export * from './weights.ts';
