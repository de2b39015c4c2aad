/**
 * Times inference of a convolutional network in onnxruntime-web: a layer's configuration, its parameters, the shape of the
 * images, threads, warmup and runs as JSON on the standard input.
 */
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import { graphOf } from './graph.mjs';
import { onnxModel } from './onnx.mjs';
import { timeOrt } from './ort.mjs';

const { network, values, images, ...options } = JSON.parse(readFileSync(0));
const model = onnxModel(graphOf(network, images, values), images);
console.log(JSON.stringify(await timeOrt(ort, model, images, options)));
// Its threads would keep the program running.
process.exit();
