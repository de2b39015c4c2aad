/** Models written to ONNX, with inputs and what they compute here. */
import type { Device, Tensor } from 'unrolled';
import { type OnnxModel, toOnnx } from 'unrolled/onnx';
import { type Case, cases, type Numbers } from './models.ts';
import { nnCases } from './nn-models.ts';
import { transformerCases } from './transformer-models.ts';

export interface Written {
  readonly bytes: Uint8Array;
  /** In the order of the graph's inputs. */
  readonly inputs: readonly Numbers[];
  /** In the order of the graph's outputs; null where an output shows only in the runs that continue. */
  readonly expected: readonly (ArrayLike<number> | null)[];
  /** Runs that continue: each has these inputs, and then the outputs of the run before it but the first. */
  readonly then?: readonly Continued[];
}

interface Continued {
  readonly inputs: readonly Numbers[];
  readonly expected: Written['expected'];
  /** How many of the last steps, axis 1, of what the run before gave are passed on. Default: all. */
  readonly keep?: number | undefined;
}

export const tensorOf = (device: Device, { shape, data }: Numbers): Tensor =>
  device.tensor(data, shape, data instanceof Int32Array ? 'int32' : undefined);

/** Inputs by the names that the file has for them. */
export const namedInputs = (device: Device, model: OnnxModel, inputs: readonly Numbers[]): Record<string, Tensor> =>
  Object.fromEntries(model.inputs.map(({ name }, i) => [name, tensorOf(device, inputs[i])]));

async function written(device: Device, { model, inputs, options }: Case): Promise<Written> {
  const given = inputs.map((one) => tensorOf(device, one));
  const result: unknown = await model.predict((given.length === 1 ? given[0] : given) as never);
  const expected = (Array.isArray(result) ? result : [result]).map(({ data }: { data: ArrayLike<number> }) => data);
  return { bytes: await toOnnx(model, options), inputs, expected };
}

/** Of `unrolled/keras`, of `unrolled/nn`, and of tasks. */
export const writtenModels: Readonly<Record<string, (device: Device) => Promise<Written>>> = {
  ...Object.fromEntries(
    Object.entries(cases).map(([name, make]) => [name, (device: Device) => written(device, make())]),
  ),
  ...nnCases,
  ...transformerCases,
};

/**
 * The greatest difference of any output of any run.
 * @param run  inputs to outputs, in the order of the graph
 */
export async function differenceOf(
  { inputs, expected, then = [] }: Written,
  run: (inputs: readonly Numbers[]) => Promise<readonly Numbers[]>,
): Promise<number> {
  let outputs = await run(inputs);
  let most = greatestDifference(outputs, expected);
  for (const next of then) {
    outputs = await run([...next.inputs, ...outputs.slice(1).map((one) => lastSteps(one, next.keep))]);
    most = Math.max(most, greatestDifference(outputs, next.expected));
  }
  return most;
}

function lastSteps(given: Numbers, keep: number | undefined): Numbers {
  const { shape, data } = given;
  if (keep === undefined) return given;
  const [B, S, W] = shape;
  const rows = Array.from({ length: B }, (_, b) => Array.from(data).slice((b * S + S - keep) * W, (b + 1) * S * W));
  return { shape: [B, keep, W], data: Float32Array.from(rows.flat()) };
}

/** @throws Error if there are other numbers of outputs or elements */
function greatestDifference(outputs: readonly Numbers[], expected: Written['expected']): number {
  if (outputs.length !== expected.length) throw new Error(`${outputs.length} outputs in place of ${expected.length}`);
  let most = 0;
  outputs.forEach(({ data }, i) => {
    const wanted = expected[i];
    if (wanted === null) return;
    if (data.length !== wanted.length) {
      throw new Error(`output ${i} has ${data.length} numbers in place of ${wanted.length}`);
    }
    for (let j = 0; j < data.length; j++) {
      const distance = Math.abs(data[j] - wanted[j]);
      most = Math.max(most, Number.isNaN(distance) ? Infinity : distance);
    }
  });
  return most;
}
