import { type Device, openDevice } from 'unrolled';
import type { OnnxValue } from 'unrolled/onnx';
import { taskNamed } from 'unrolled/tasks';
import { encodeModel, type ModelFile, taskOf } from 'unrolled/train';
import { Failure } from '../failure.ts';
import type { InspectedRow, ModelFormat } from './format.ts';

const shapeOf = (shape: OnnxValue['shape']): InspectedRow['shape'] =>
  shape?.map((n) => (typeof n === 'number' ? n : null)) ?? null;

/** Loaded on demand. */
const library = () => import('unrolled/onnx');

/** Graphs of nodes. They run with `openOnnx`, and have no layers that could be imported. */
export const onnx: ModelFormat = {
  name: 'ONNX',
  endings: ['.onnx'],
  /** The version of the format, which every writer puts first. */
  fits: (bytes) => bytes[0] === 8 && bytes[1] > 0 && bytes[1] < 32 && bytes.length > 8,
  instead: 'an ONNX file has no layers to import; open it with openOnnx of unrolled/onnx',
  async inspect({ bytes }) {
    const { inspectOnnx } = await library();
    const device = await openDevice('wasm', { threads: 1 });
    try {
      const { producer, version, inputs, outputs, nodes, weights, shapes, problems } = inspectOnnx(device, bytes);
      const value =
        (kind: string) =>
        ({ name, type, shape }: OnnxValue): InspectedRow => ({
          name,
          kind: `${kind}, ${type}`,
          shape: shapeOf(shape),
          parameters: 0,
          refused: null,
        });
      const rest = [...problems];
      const rows = nodes.map(({ label, operation, outputs: [first] }): InspectedRow => {
        const at = rest.findIndex(({ details }) => details.node === label);
        const [problem] = at < 0 ? [] : rest.splice(at, 1);
        const known = Object.hasOwn(shapes, first) ? shapes[first] : null;
        return {
          name: first ?? '',
          kind: operation,
          shape: shapeOf(known),
          parameters: 0,
          refused: problem?.message ?? null,
        };
      });
      return {
        what: `ONNX of ${producer || 'an unnamed program'}, operator set ${version}`,
        rows: [
          ...inputs.map(value('input')),
          ...weights.map((weight) => ({ ...value('weight')(weight), parameters: sizeOf(weight.shape) })),
          ...rows,
          ...outputs.map(value('output')),
        ],
        problems: rest.map(({ message }) => message),
      };
    } finally {
      device.close();
    }
  },
  rightPadded: true,
  async export(stored, name, { rightPadded }) {
    const device = await openDevice('wasm', { threads: 1 });
    try {
      return { [name]: await written(device, stored, rightPadded) };
    } finally {
      device.close();
    }
  },
};

async function written(device: Device, stored: ModelFile, rightPadded: boolean): Promise<Uint8Array> {
  const name = taskOf(stored);
  if (name === 'keras') {
    const { toOnnx } = await library();
    const { loadModel } = await import('unrolled/keras');
    return toOnnx(loadModel(encodeModel(stored), { device, compile: false }), { rightPadded });
  }
  const task = await taskNamed(name);
  if (task.toOnnx) return task.toOnnx(task.open(device, stored));
  throw new Failure(`it is a model of task '${name}', which has no form in ONNX: it is more than one network run once`);
}

const sizeOf = (shape: OnnxValue['shape']): number => (shape ?? []).reduce((all: number, n) => all * Number(n), 1);
