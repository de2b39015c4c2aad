/** Times a network in onnxruntime-web within a page. */
import { graphOf } from './graph.mjs';
import * as ort from './node_modules/onnxruntime-web/dist/ort.wasm.min.mjs';
import { onnxModel } from './onnx.mjs';
import { timeOrt } from './ort.mjs';

export function time({ network, values, images }, options) {
  return timeOrt(ort, onnxModel(graphOf(network, images, values), images), images, options);
}
