/** Models written to ONNX, with inputs and what they compute here. */
import type { Device, Tensor } from 'unrolled';
import { type OnnxModel, toOnnx } from 'unrolled/onnx';
import { type Case, cases, type Numbers } from './models.ts';
import { nnCases } from './nn-models.ts';

export interface Written {
  readonly bytes: Uint8Array;
  /** In the order of the graph's inputs. */
  readonly inputs: readonly Numbers[];
  /** In the order of the graph's outputs. */
  readonly expected: readonly ArrayLike<number>[];
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
};

/** The greatest difference of any output. @throws Error if there are other numbers of outputs or elements */
export function greatestDifference(
  outputs: readonly ArrayLike<number>[],
  expected: readonly ArrayLike<number>[],
): number {
  if (outputs.length !== expected.length) throw new Error(`${outputs.length} outputs in place of ${expected.length}`);
  let most = 0;
  outputs.forEach((numbers, i) => {
    if (numbers.length !== expected[i].length)
      throw new Error(`output ${i} has ${numbers.length} numbers in place of ${expected[i].length}`);
    for (let j = 0; j < numbers.length; j++) {
      const distance = Math.abs(numbers[j] - expected[i][j]);
      most = Math.max(most, Number.isNaN(distance) ? Infinity : distance);
    }
  });
  return most;
}
