/** Runs the steps of a network (graph.mjs) in TensorFlow.js, with its fused operations; also in a page. */
import { imagesOf, timeInference } from './graph.mjs';

/** Weights [channels, share, kernel, kernel] as [kernel, kernel, share, channels], depthwise [kernel, kernel, channels, 1]. */
function filterOf(tf, { channels, share, kernel, groups, weight }) {
  const stored = tf.tensor4d(weight, [channels, share, kernel, kernel]);
  return tf.transpose(stored, groups > 1 ? [2, 3, 0, 1] : [2, 3, 1, 0]);
}

function activationAfter(steps, i) {
  const users = steps.filter(({ inputs }) => inputs.includes(i));
  return users.length === 1 && ['relu', 'relu6'].includes(users[0].op) ? users[0].op : 'linear';
}

export async function timeTfjs(tf, steps, images, { warmup, runs }) {
  const constants = steps.map((step) => {
    if (step.op === 'convolution') return { filter: filterOf(tf, step), bias: tf.tensor1d(step.bias) };
    if (step.op !== 'linear') return null;
    return { weight: tf.transpose(tf.tensor2d(step.weight, [step.units, step.rows])), bias: tf.tensor1d(step.bias) };
  });
  const x = tf.tensor4d(imagesOf(images), images);
  const apply = (values, step, i) => {
    const [a, b] = step.inputs.map((at) => (at < 0 ? x : values[at]));
    const activation = activationAfter(steps, i);
    switch (step.op) {
      case 'convolution': {
        const convolve = step.groups > 1 ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
        return convolve({ x: a, ...constants[i], strides: step.stride, pad: step.padding, activation });
      }
      case 'linear':
        return tf.fused.matMul({ a, b: constants[i].weight, bias: constants[i].bias, activation });
      case 'add':
        return tf.add(a, b);
      case 'maxPool':
        return tf.maxPool(a, step.kernel, step.kernel, 'valid');
      case 'mean':
        return tf.mean(a, [1, 2]);
      case 'flatten':
        return tf.reshape(tf.transpose(a, [0, 3, 1, 2]), [images[0], step.shape.C]);
      default: {
        // An activation that the step before has applied.
        const [before] = step.inputs;
        const isFused =
          ['convolution', 'linear'].includes(steps[before]?.op) && activationAfter(steps, before) === step.op;
        return isFused ? a : tf[step.op](a);
      }
    }
  };
  const infer = () => {
    const y = tf.tidy(() => {
      const values = [];
      for (const [i, step] of steps.entries()) values.push(apply(values, step, i));
      return values.at(-1);
    });
    const outputs = y.dataSync();
    y.dispose();
    return outputs;
  };
  return timeInference(infer, warmup, runs);
}
