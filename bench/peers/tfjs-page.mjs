/** Times a network in TensorFlow.js's WebAssembly backend within a page. */
import { graphOf } from './graph.mjs';
import { timeTfjs } from './tfjs.mjs';

const packages = '/peers/node_modules/@tensorflow';

function load(src) {
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement('script'), { src, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

export async function time({ network, values, images }, { threads, ...options }) {
  await load(`${packages}/tfjs/dist/tf.min.js`);
  await load(`${packages}/tfjs-backend-wasm/dist/tf-backend-wasm.min.js`);
  const { tf } = globalThis;
  tf.wasm.setWasmPaths(`${packages}/tfjs-backend-wasm/dist/`);
  if (threads === 1) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  else tf.wasm.setThreadsCount(threads);
  await tf.setBackend('wasm');
  return timeTfjs(tf, graphOf(network, images, values), images, options);
}
