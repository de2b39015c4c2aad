/** Writes the steps of a network (graph.mjs) as an ONNX model, with images in ONNX's layout [B, C, H, W]. */

const FLOAT = 1;
const joined = (parts) => {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};
const varint = (value) => (value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]);

/** Fields of a Protocol Buffers message: a number, or content with its length. */
const number = (field, value) => Uint8Array.from([...varint(field * 8), ...varint(value)]);
const content = (field, ...parts) => {
  const inner = joined(parts);
  return joined([Uint8Array.from([...varint(field * 8 + 2), ...varint(inner.length)]), inner]);
};
const text = (field, value) => content(field, new TextEncoder().encode(value));

const tensor = (name, dims, values) => {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return content(5, ...dims.map((n) => number(1, n)), number(2, FLOAT), text(8, name), content(9, raw));
};
const int = (name, value) => content(5, text(1, name), number(3, value), number(20, 2));
const ints = (name, values) => content(5, text(1, name), ...values.map((value) => number(8, value)), number(20, 7));
const node = (operation, inputs, output, ...attributes) =>
  content(1, ...inputs.map((name) => text(1, name)), text(2, output), text(4, operation), ...attributes);
const value = (field, name, dims) => {
  const shape = content(2, ...dims.map((n) => content(1, number(1, n))));
  return content(field, text(1, name), content(2, content(1, number(1, FLOAT), shape)));
};

const window = ({ kernel, stride = kernel, padding = 0 }) => [
  ints('kernel_shape', [kernel, kernel]),
  ints('strides', [stride, stride]),
  ints('pads', Array(4).fill(padding)),
];
/** Nodes of a step; `constant` names an initialiser. */
const nodes = {
  convolution: (step, inputs, output, constant) => {
    const { channels, share, kernel, groups, weight, bias } = step;
    const parameters = [
      constant('weight', [channels, share, kernel, kernel], weight),
      constant('bias', [channels], bias),
    ];
    return node('Conv', [...inputs, ...parameters], output, ...window(step), int('group', groups));
  },
  linear: ({ units, rows, weight, bias }, inputs, output, constant) => {
    const parameters = [constant('weight', [units, rows], weight), constant('bias', [units], bias)];
    return node('Gemm', [...inputs, ...parameters], output, int('transB', 1));
  },
  relu: (_, inputs, output) => node('Relu', inputs, output),
  relu6: (_, inputs, output, constant) =>
    node('Clip', [...inputs, ...[0, 6].map((end) => constant(`end${end}`, [], Float32Array.of(end)))], output),
  add: (_, inputs, output) => node('Add', inputs, output),
  flatten: (_, inputs, output) => node('Flatten', inputs, output),
  maxPool: (step, inputs, output) => node('MaxPool', inputs, output, ...window(step)),
  mean: (_, inputs, output) =>
    joined([node('GlobalAveragePool', inputs, `${output}mean`), node('Flatten', [`${output}mean`], output)]),
};

export function onnxModel(steps, [B, H, W, C]) {
  const initialisers = [];
  const written = steps.map((step, i) => {
    const inputs = step.inputs.map((at) => (at < 0 ? 'images' : `step${at}`));
    const constant = (name, dims, values) => {
      initialisers.push(tensor(`${name}${i}`, dims, values));
      return `${name}${i}`;
    };
    return nodes[step.op](step, inputs, `step${i}`, constant);
  });
  const ends = [value(11, 'images', [B, C, H, W]), value(12, `step${steps.length - 1}`, [B, steps.at(-1).shape.C])];
  const graph = content(7, ...written, text(2, 'network'), ...initialisers, ...ends);
  const [version, operators] = [8, 17];
  return joined([number(1, version), graph, content(8, number(2, operators))]);
}
