/**
 * ONNX files: models of other programs run here, and models made here run elsewhere.
 * @module
 */

export { inspectOnnx, type OnnxDescription, type OnnxModel, type OnnxValue, openOnnx } from './open.ts';
export { type LayerOnnxOptions, layerToOnnx } from './write/layer-to-onnx.ts';
export { type OnnxOptions, toOnnx } from './write/to-onnx.ts';
