import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Device, Tensor } from 'unrolled';
import { type OnnxModel, openOnnx } from 'unrolled/onnx';
import { decodeTensor } from '../../packages/unrolled/src/io/onnx/messages.ts';
import { numbersOfTensor } from '../../packages/unrolled/src/io/onnx/tensor-data.ts';
import { readNpz } from './npz.ts';

interface Recorded {
  readonly shape: readonly number[];
  readonly numbers: ArrayLike<number>;
  readonly isWhole: boolean;
}
interface Case {
  readonly inputs: Record<string, Recorded>;
  readonly outputs: Record<string, Recorded>;
}

function recordedOf(file: string, model: OnnxModel): Case | null {
  const sets = join(dirname(file), 'test_data_set_0');
  if (existsSync(sets)) {
    const read = (kind: string, values: readonly { name: string }[]): Record<string, Recorded> =>
      Object.fromEntries(
        values.map(({ name }, i) => {
          const {
            shape,
            numbers,
            kind: type,
          } = numbersOfTensor(decodeTensor(readFileSync(join(sets, `${kind}_${i}.pb`))), name);
          return [name, { shape, numbers, isWhole: type === 'integer' }];
        }),
      );
    return { inputs: read('input', model.inputs), outputs: read('output', model.outputs) };
  }
  const archive = ['.io.npz', '.ort.npz'].map((end) => file.replace(/\.onnx$/, end)).find((path) => existsSync(path));
  if (!archive) return null;
  const arrays = Object.entries(readNpz(readFileSync(archive)));
  const part = (prefix: string, values: readonly { name: string }[]): Record<string, Recorded> => {
    const own = arrays.filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(
      own.map(([name, array]) => {
        const bare = name.slice(prefix.length).replace(/^[:_]/, '');
        return [
          values.find((value) => value.name === bare || value.name === name)?.name ??
            values[Number(bare)]?.name ??
            bare,
          array,
        ];
      }),
    );
  };
  return { inputs: part('in', model.inputs), outputs: part('out', model.outputs) };
}

/**
 * The greatest difference from what another program computed: beside `model.onnx` lie ONNX's `test_data_set_0/*.pb`, or beside
 * `name.onnx` a NumPy archive `name.io.npz` (names with in or out before them). Null where nothing is recorded.
 */
export async function onnxDifference(device: Device, file: string): Promise<number | null> {
  const model = await openOnnx(device, readFileSync(file));
  const recorded = recordedOf(file, model);
  if (recorded === null) return null;
  const inputs: Record<string, Tensor> = {};
  for (const [name, { shape, numbers, isWhole }] of Object.entries(recorded.inputs)) {
    if (!model.inputs.some((input) => input.name === name)) continue;
    inputs[name] = isWhole ? device.ids(numbers, shape) : device.tensor(numbers, shape);
  }
  const outputs = model.run(inputs);
  let most = 0;
  for (const [name, { shape, numbers }] of Object.entries(recorded.outputs)) {
    const y = outputs[name];
    if (y.shape.join() !== shape.join()) throw new Error(`${name} has shape [${y.shape}] in place of [${shape}]`);
    const own = y.data();
    for (let i = 0; i < own.length; i++) {
      const distance =
        own[i] === numbers[i] || (Number.isNaN(own[i]) && Number.isNaN(numbers[i])) ? 0 : Math.abs(own[i] - numbers[i]);
      most = Math.max(most, Number.isNaN(distance) ? Infinity : distance);
    }
  }
  return most;
}
