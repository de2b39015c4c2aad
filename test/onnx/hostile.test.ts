import { type Device, openDevice, Random, type Tensor, UnrolledError } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import { inspectOnnx, openOnnx } from 'unrolled/onnx';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeModel } from '../../packages/unrolled/src/io/onnx/messages.ts';
import type { Draft, GraphProto, ModelProto, NodeProto } from '../../packages/unrolled/src/io/onnx/schema.ts';
import { attempt } from '../damage/attempt.ts';
import { formats, openAndRun } from '../damage/formats.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('wasm', { threads: 1 });
  useDevice(device);
});
afterAll(() => device.close());

const file = (graph: Draft<GraphProto>, rest: Draft<ModelProto> = {}): Uint8Array =>
  encodeModel({
    irVersion: 8,
    opsets: [{ domain: '', version: 17 }],
    graph: { name: 'g', outputs: [{ name: 'y' }], ...graph },
    ...rest,
  });
const x = { name: 'x', type: { tensor: { type: 1, shape: { dims: [{ value: 2 }] } } } };
const node = (
  operation: string,
  inputs: string[],
  output: string,
  attributes: Draft<NodeProto>['attributes'] = [],
) => ({ operation, inputs, outputs: [output], attributes });
const whole = (name: string, ...numbers: number[]) => ({ name, dims: [numbers.length], type: 7, int64s: numbers });

/** A graph within a graph, and so on. */
const nested = (depth: number): Draft<GraphProto> => ({
  name: 'g',
  outputs: [{ name: 'y' }],
  nodes:
    depth === 0
      ? [node('Neg', ['x'], 'y')]
      : [
          node(
            'If',
            ['c'],
            'y',
            ['then_branch', 'else_branch']
              .slice(0, depth > 9 ? 1 : 2)
              .map((name) => ({ name, type: 5, graph: nested(depth - 1) })),
          ),
        ],
});

/** The graph of an attribute of a node of a graph, and so on, as bytes. */
function nestedBytes(depth: number): Uint8Array {
  // From the inside: each message is a tag, the length of what is inside, and that.
  const tags = [[0x32], [0x2a], [0x0a]]; // attribute.graph, node.attributes, graph.nodes
  const parts: number[][] = [];
  let length = 0;
  const wrap = (tag: readonly number[]): void => {
    const varint: number[] = [];
    for (let rest = length; ; rest >>>= 7) {
      varint.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    parts.push([...tag, ...varint]);
    length += tag.length + varint.length;
  };
  for (let i = 0; i < depth; i++) wrap(tags[i % 3]);
  wrap([0x3a]); // model.graph
  return Uint8Array.from(parts.reverse().flat());
}

const hostile: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  'no file': [new Uint8Array(0), /no graph/],
  'a text': [new TextEncoder().encode('{"model": "no"}'), /onnx: at byte \d+/],
  'no operator set': [file({}, { opsets: [] }), /no version/],
  'an output that nothing computes': [file({ inputs: [x] }), /'y', an output of the graph/],
  'a circle': [
    file({ inputs: [x], nodes: [node('Add', ['x', 'z'], 'y'), node('Neg', ['y'], 'z')] }),
    /'z', an input of a node Add.*cyclic/,
  ],
  'two values of one name': [
    file({ inputs: [x], nodes: [node('Neg', ['x'], 'y'), node('Abs', ['x'], 'y')] }),
    /two values are named 'y'/,
  ],
  'an unknown operation': [file({ inputs: [x], nodes: [node('Einsum', ['x'], 'y')] }), /a node Einsum.*not read/],
  'an operation of another domain': [
    file({ inputs: [x], nodes: [{ ...node('Gelu', ['x'], 'y'), domain: 'com.microsoft' }] }),
    /com\.microsoft\.Gelu.*not read/,
  ],
  'an unknown attribute': [
    file({ inputs: [x], nodes: [node('Neg', ['x'], 'y', [{ name: 'fast', type: 2, integer: 1 }])] }),
    /Neg.*'fast'/,
  ],
  'an attribute of another type': [
    file({ inputs: [x], nodes: [node('Softmax', ['x'], 'y', [{ name: 'axis', type: 3, text: 'last' }])] }),
    /Softmax.*axis.*not of type integer/,
  ],
  'an input that is left out': [
    file({ inputs: [x], nodes: [node('Add', ['x', ''], 'y')] }),
    /Add.*leaves out its input 1/,
  ],
  'numbers in another file': [
    file({
      initializers: [
        { name: 'y', dims: [2], type: 1, location: 1, external: [{ key: 'location', value: '/etc/passwd' }] },
      ],
    }),
    /'y' lies in another file, '\/etc\/passwd'/,
  ],
  'fewer numbers than the shape says': [
    file({ initializers: [{ name: 'y', dims: [2 ** 40, 2 ** 40], type: 1, floats: [1] }] }),
    /'y'.*damaged/,
  ],
  'a shape that overflows': [
    file({ initializers: [{ name: 'y', dims: Array(40).fill(2 ** 52), type: 1, floats: [1] }] }),
    /'y'.*damaged/,
  ],
  'a negative extent': [file({ initializers: [{ name: 'y', dims: [-1, -1], type: 1, floats: [1] }] }), /'y'.*damaged/],
  text: [file({ initializers: [{ name: 'y', dims: [1], type: 8 }] }), /'y'.*string/],
  'sparse numbers': [file({ sparse: [{ dims: [2] }] }), /sparse/],
  'a constant of 2⁶⁰ elements': [
    file({ initializers: [whole('s', 2 ** 30, 2 ** 30)], nodes: [node('ConstantOfShape', ['s'], 'y')] }),
    /ConstantOfShape.*at most/,
  ],
  'a product of constants that grow': [
    file({
      initializers: [whole('s', 1, 2 ** 19), whole('t', 2 ** 19, 1)],
      nodes: [node('ConstantOfShape', ['s'], 'a'), node('ConstantOfShape', ['t'], 'b'), node('Mul', ['a', 'b'], 'y')],
    }),
    /Mul.*at most/,
  ],
  'graphs within each other': [file({ ...nested(40), inputs: [x] }), /deep/],
  'messages within each other, 21,000 deep': [nestedBytes(21_000), /deep/],
};

test.each(Object.entries(hostile))('a file with %s is refused by name', async (_, [bytes, message]) => {
  const given = [device.ones([2])];
  const before = device.memory().bytes;
  const { error } = await attempt(() => openAndRun(device, bytes, given));
  expect(error).toBeInstanceOf(UnrolledError);
  expect(error!.message).toMatch(message);
  expect(device.memory().bytes).toBeLessThanOrEqual(before);
});

test('what is damaged is refused: it neither ends the program nor fills memory', async () => {
  const random = new Random(11);
  const samples = (await formats.onnx.samples(device)).filter((_, i) => i % 6 === 0);
  const before = device.memory().bytes;
  const counts = { opened: 0, refused: 0, crashed: 0 };
  for (let i = 0; i < 1500; i++) {
    const { kind, error } = await attempt(samples[i % samples.length].damage(random));
    counts[kind]++;
    if (kind === 'crashed') throw new Error(`not refused by name: ${error!.message}`, { cause: error });
  }
  expect(counts.refused).toBeGreaterThan(400);
  expect(counts.opened).toBeGreaterThan(100);
  expect(device.memory().bytes).toBeLessThanOrEqual(before);
});

test('inspection lists every node that would not open', async () => {
  const bytes = file({
    inputs: [x],
    nodes: [node('Einsum', ['x'], 'a'), node('Relu', ['a'], 'b'), node('Loop', ['b'], 'c'), node('Neg', ['c'], 'y')],
  });
  const { problems, nodes, inputs, outputs } = inspectOnnx(device, bytes);
  expect(problems.map(({ details }) => details.operation)).toEqual(['Einsum', 'Loop']);
  expect(nodes.map(({ operation }) => operation)).toEqual(['Einsum', 'Relu', 'Loop', 'Neg']);
  expect(inputs).toEqual([{ name: 'x', type: 'float', shape: [2] }]);
  expect(outputs.map(({ name }) => name)).toEqual(['y']);
});

test.each<[string, Draft<GraphProto>]>([
  ['an input', { inputs: [x], nodes: [node('Identity', ['x'], 'y')] }],
  [
    'a view of an input',
    { inputs: [x], nodes: [node('Unsqueeze', ['x', 'axes'], 'y')], initializers: [whole('axes', 0)] },
  ],
  ['a weight', { initializers: [{ name: 'y', dims: [2], type: 1, floats: [3, 5] }] }],
])('a result that is %s may be released, and the model runs again', async (_, graph) => {
  const model = await openOnnx(device, file(graph));
  const inputs: Record<string, Tensor> = graph.inputs ? { x: device.tensor([3, 5]) } : {};
  for (let run = 0; run < 2; run++) {
    const result = model.run(inputs);
    expect(Array.from(result.y.data())).toEqual([3, 5]);
    device.release(result);
  }
  model.close();
});
