/**
 * A network of ours as the steps that other engines run in inference: convolutions with the batch norm after them folded in,
 * activations, pools, sums and products. `network` is a layer's configuration, `values` all its parameters in the order of
 * declaration, batch norms having the initial running statistics 0 and 1. Every step is { op, inputs, channels, … }, its
 * inputs numbers of earlier steps, −1 the images [B, H, W, C].
 */
export function graphOf(network, [, H, W, C], values) {
  const steps = [];
  let taken = 0;
  const take = (n) => {
    taken += n;
    return Float32Array.from(values.slice(taken - n, taken));
  };
  const shapeOf = (at) => (at < 0 ? { H, W, C } : steps[at].shape);
  const add = (step) => steps.push(step) - 1;

  const convolution = (at, { channels, kernel, stride = 1, padding = 0, bias = true, groups = 1 }) => {
    const { H, W, C } = shapeOf(at);
    const share = C / groups;
    const extent = (n) => Math.floor((n + 2 * padding - kernel) / stride) + 1;
    const weight = take(channels * share * kernel * kernel);
    const options = { channels, share, kernel, stride, padding, groups, weight };
    const shape = { H: extent(H), W: extent(W), C: channels };
    return add({
      op: 'convolution',
      inputs: [at],
      shape,
      ...options,
      bias: bias ? take(channels) : new Float32Array(channels),
    });
  };
  const batchNorm = (at, { epsilon = 1e-5 }) => {
    const { channels, weight, bias } = steps[at];
    const [gains, shifts] = [take(channels), take(channels)];
    for (let o = 0; o < channels; o++) {
      const scale = gains[o] / Math.sqrt(1 + epsilon);
      for (let i = 0; i < weight.length / channels; i++) weight[(o * weight.length) / channels + i] *= scale;
      bias[o] = bias[o] * scale + shifts[o];
    }
    return at;
  };
  const invertedResidual = (at, { channels, expansion = 6, stride = 1, kernel = 3 }) => {
    const C = shapeOf(at).C;
    const hidden = Math.round(C * expansion);
    const relu6 = { layer: 'activation', kind: 'relu6' };
    const norm = { layer: 'batchNorm' };
    const wide = [{ layer: 'conv2d', channels: hidden, kernel: 1, bias: false }, norm, relu6];
    const depthwise = { layer: 'depthwiseConv2d', kernel, stride, padding: (kernel - 1) / 2, bias: false };
    const narrow = { layer: 'conv2d', channels, kernel: 1, bias: false };
    const y = sequence(at, [...(expansion === 1 ? [] : wide), depthwise, norm, relu6, narrow, norm]);
    return stride === 1 && channels === C ? add({ op: 'add', inputs: [at, y], shape: shapeOf(y) }) : y;
  };
  const residual = (at, { body, shortcut, activation = 'none' }) => {
    const y = visit(at, body);
    const other = shortcut ? visit(at, shortcut) : at;
    const sum = add({ op: 'add', inputs: [y, other], shape: shapeOf(y) });
    return activation === 'none' ? sum : add({ op: activation, inputs: [sum], shape: shapeOf(sum) });
  };
  const linear = (at, { units }) => {
    const inputs = shapeOf(at).C;
    return add({
      op: 'linear',
      inputs: [at],
      shape: { C: units },
      weight: take(units * inputs),
      bias: take(units),
      rows: inputs,
      units,
    });
  };
  const kinds = {
    sequential: (at, { layers }) => sequence(at, Object.values(layers)),
    conv2d: convolution,
    depthwiseConv2d: (at, options) => convolution(at, { ...options, channels: shapeOf(at).C, groups: shapeOf(at).C }),
    batchNorm,
    invertedResidual,
    residual,
    linear,
    activation: (at, { kind }) => add({ op: kind, inputs: [at], shape: shapeOf(at) }),
    maxPool2d: (at, { kernel }) => {
      const { H, W, C } = shapeOf(at);
      return add({
        op: 'maxPool',
        inputs: [at],
        kernel,
        shape: { H: Math.floor(H / kernel), W: Math.floor(W / kernel), C },
      });
    },
    globalAveragePool: (at) => add({ op: 'mean', inputs: [at], shape: { C: shapeOf(at).C } }),
    flatten: (at) => {
      const { H, W, C } = shapeOf(at);
      return add({ op: 'flatten', inputs: [at], shape: { C: H * W * C } });
    },
  };
  const visit = (at, config) => {
    if (!(config.layer in kinds)) throw new Error(`graph: no step for layer ${config.layer}`);
    return kinds[config.layer](at, config);
  };
  const sequence = (at, layers) => layers.reduce(visit, at);
  visit(-1, network);
  if (taken !== values.length) throw new Error(`graph: ${values.length} parameters given, ${taken} taken`);
  return steps;
}

/** The images that everyone computes with, [B, H, W, C]: exact in float32. */
export function imagesOf(shape) {
  const n = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: n }, (_, i) => ((31 * i * i + 7919 * i) % 65537) / 32768 - 1);
}

/** Times `infer`, which returns or resolves to the outputs. */
export async function timeInference(infer, warmup, runs) {
  const milliseconds = [];
  let outputs = null;
  for (let run = 0; run < warmup + runs; run++) {
    const start = performance.now();
    outputs = await infer();
    if (run >= warmup) milliseconds.push(performance.now() - start);
  }
  return { milliseconds, outputs: [...outputs.slice(0, 20)] };
}
