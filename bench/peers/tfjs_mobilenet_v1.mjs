/** TensorFlow.js on the weights of Keras' MobileNet v1: a folder and inputs [B, 224, 224, 3] as JSON on the standard input; logits. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';

const { folder, inputs } = JSON.parse(readFileSync(0));
await tf.setBackend('cpu');
const { weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json')));
const bytes = weightsManifest.map(({ paths }) => Buffer.concat(paths.map((path) => readFileSync(join(folder, path)))));
const weights = {};
weightsManifest.forEach((group, i) => {
  Object.assign(weights, tf.io.decodeWeights(new Uint8Array(bytes[i]).buffer, group.weights));
});

const activated = (x, name) => {
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(
    (part) => weights[`${name}_bn/${part}`],
  );
  return tf.batchNorm(x, mean, variance, beta, gamma, 1e-3).clipByValue(0, 6);
};
const logits = tf.tidy(() => {
  const x = tf.tensor(inputs.data, inputs.shape);
  let y = activated(tf.conv2d(x, weights['conv1/kernel'], 2, 'same'), 'conv1');
  for (let block = 1; block <= 13; block++) {
    const stride = [2, 4, 6, 12].includes(block) ? 2 : 1;
    const [filter, mix] = [`conv_dw_${block}`, `conv_pw_${block}`];
    y = activated(tf.depthwiseConv2d(y, weights[`${filter}/depthwise_kernel`], stride, 'same'), filter);
    y = activated(tf.conv2d(y, weights[`${mix}/kernel`], 1, 'same'), mix);
  }
  const [kernel, bias] = ['kernel', 'bias'].map((part) => weights[`conv_preds/${part}`]);
  return y
    .mean([1, 2])
    .matMul(kernel.reshape([y.shape[3], -1]))
    .add(bias);
});
console.log(JSON.stringify({ logits: Array.from(logits.dataSync()), version: tf.version.tfjs }));
