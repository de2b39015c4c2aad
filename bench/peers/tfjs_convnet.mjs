/**
 * Times inference of a convolutional network in TensorFlow.js's WebAssembly backend: a layer's configuration, its parameters,
 * the shape of the images, warmup and runs as JSON on the standard input. In Node that backend has no threads.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { graphOf } from './graph.mjs';
import { timeTfjs } from './tfjs.mjs';

const { network, values, images, ...options } = JSON.parse(readFileSync(0));
setWasmPaths(new URL('node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname);
await tf.setBackend('wasm');
console.log(JSON.stringify(await timeTfjs(tf, graphOf(network, images, values), images, options)));
