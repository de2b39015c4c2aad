import { shown } from '../checks.ts';
import { ConfigError, DataError, FormatError, ShapeError } from '../errors.ts';
import { requireBytes } from '../io/bytes.ts';
import { decodeModel } from '../io/onnx/messages.ts';
import type { GraphProto, ModelProto, ValueProto } from '../io/onnx/schema.ts';
import { type ElementKind, elementKind, elementTypeName } from '../io/onnx/tensor-data.ts';
import { mul } from '../ops/index.ts';
import { formatShape, sizeOf } from '../shape.ts';
import { type Device, requireDevice } from '../tensor/device.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Room } from './node.ts';
import { Program } from './program.ts';
import { numbersOf, onDevice, onHost, tensorOf, type Value } from './value.ts';

/** An input or output of a model. */
export interface OnnxValue {
  readonly name: string;
  /** ONNX's name of the element type, such as 'float' or 'int64'. */
  readonly type: string;
  /** A number, the name of an extent that may be any, or null for one without a name; null where the file does not say. */
  readonly shape: readonly (number | string | null)[] | null;
}

/** A model of an ONNX file on a device. */
export class OnnxModel {
  readonly device: Device;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly #program: Program;
  readonly #kinds: ReadonlyMap<string, ElementKind>;
  readonly #kept: readonly unknown[];
  readonly #room: Room;
  readonly #parameters: number;

  /** `openOnnx` calls this. @param kept  what it has on the device */
  constructor(device: Device, graph: GraphProto, program: Program, kept: readonly unknown[], room: Room) {
    this.device = device;
    this.#kept = kept;
    this.#room = room;
    this.#parameters = graph.initializers.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
    this.#program = program;
    const given = graph.inputs.filter(({ name }) => program.inputs.includes(name));
    this.inputs = given.map(described);
    this.outputs = graph.outputs.map(described);
    this.#kinds = new Map(
      given.map(({ name, type }) => [name, elementKind(type?.tensor?.type || 1, `the input '${name.slice(0, 80)}'`)]),
    );
  }

  /**
   * The outputs for these inputs, by name. Inputs of whole numbers (int64, int32, …) are made with `device.ids`, truth values as
   * 0 and 1. What is computed between belongs to a scope of its own; gradients are not recorded. Outputs of whole numbers are
   * int32. Results share no memory with inputs or weights.
   * @throws ConfigError on an input that is missing or unknown; ShapeError where one does not have the shape that the file
   *   states; DataError where the model asks for what the reader does not do
   */
  run(inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    const { device } = this;
    return device.scope(() =>
      device.withoutGradients(() => {
        const values = this.#values(inputs);
        this.#room.allow(Object.values(values).reduce((sum, { shape }) => sum + sizeOf(shape), this.#parameters));
        const results = this.#program.run(null, values);
        return Object.fromEntries(
          this.outputs.map(({ name }, i) => {
            const value = results[i];
            // A copy: the value may be an input, or a weight, and results are the caller's to release.
            if (value.kind === 'integer')
              return [name, device.ids(numbersOf(value, `the output '${name}'`), value.shape)];
            return [name, mul(tensorOf(value, device), 1)];
          }),
        );
      }),
    );
  }

  /** Releases its weights now, rather than when garbage is collected. It cannot run afterwards. */
  close(): void {
    this.device.release(this.#kept);
  }

  #values(inputs: Readonly<Record<string, Tensor>>): Record<string, Value> {
    const names = this.inputs.map(({ name }) => name);
    const unknown = Object.keys(inputs).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new ConfigError(`onnx: the model has no input ${shown(unknown)}; its inputs are ${names.join(', ')}`, {
        names,
      });
    }
    return Object.fromEntries(
      this.inputs.map(({ name, shape, type }) => {
        const tensor = inputs[name];
        if (!(tensor instanceof Tensor)) {
          throw new ConfigError(`onnx: the input '${name}' must be a tensor, received ${shown(tensor)}`, { name });
        }
        const fits =
          shape === null ||
          (shape.length === tensor.rank && shape.every((n, i) => typeof n !== 'number' || n === tensor.shape[i]));
        if (!fits) {
          throw new ShapeError(
            `onnx: the input '${name}' must be ${shown(shape)}, received ${formatShape(tensor.shape)}`,
            {
              name,
              expected: shape,
              received: tensor.shape,
            },
          );
        }
        const kind = this.#kinds.get(name)!;
        if (kind === 'integer' && tensor.dtype !== 'int32') {
          throw new ConfigError(`onnx: the input '${name}' is of ${type}; make it with device.ids(…)`, { name, type });
        }
        const whole = tensor.ids;
        return [name, whole ? onHost(kind, tensor.shape, whole) : onDevice(tensor, kind)];
      }),
    );
  }
}

function described({ name, type }: ValueProto): OnnxValue {
  const tensor = type?.tensor;
  const shape = tensor?.shape?.dims.map(({ value, name: free }) => (free !== '' ? free : value > 0 ? value : null));
  return { name, type: tensor ? elementTypeName(tensor.type) : 'not a tensor', shape: shape ?? null };
}

/** The version of ONNX's own operator set, and the graph. */
function partsOf(bytes: unknown): { readonly model: ModelProto; readonly graph: GraphProto; readonly version: number } {
  const model = decodeModel(requireBytes('openOnnx', bytes));
  const version = model.opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  if (model.graph === null || model.graph.outputs.length === 0) {
    throw new FormatError('onnx: the file has no graph with an output; it is empty or not an ONNX file');
  }
  if (version === undefined || !(version >= 1)) {
    throw new FormatError(`onnx: the file states no version of ONNX's operators (opset_import); it is damaged`, {
      version,
    });
  }
  return { model, graph: model.graph, version };
}

/**
 * Opens a model in the ONNX format on a device, whose operations run it. Constants are computed, and weights put into the layout
 * of their operation, once.
 *
 * Read are RNN, LSTM and GRU with all their attributes, convolutions, pooling, norms, products, activations, arithmetic, and what
 * moves and picks elements (docs/onnx.md lists all). Whole numbers are computed on the host; shapes and branches may depend
 * on them, and on shapes, but not on floating-point numbers that are computed on the device.
 *
 * @throws FormatError if the file is cut off or altered; DataError naming the node, its operation and what of it is not read
 *
 * @example
 * const model = await openOnnx(device, readFileSync('model.onnx'));
 * const { output } = model.run({ input: device.tensor(values, [1, 16, 8]) });
 */
export async function openOnnx(device: Device, bytes: Uint8Array | ArrayBuffer): Promise<OnnxModel> {
  requireDevice('openOnnx', device);
  const { graph, version } = partsOf(bytes);
  const kept: unknown[] = [];
  const room = new Room();
  try {
    const program = Program.compile(graph, { device, version, folded: 0, room, kept });
    return new OnnxModel(device, graph, program, kept, room);
  } catch (error) {
    device.release(kept);
    throw error;
  }
}

/** What is in an ONNX file. */
export interface OnnxDescription {
  readonly producer: string;
  /** Version of ONNX's operator set. */
  readonly version: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Nodes, those of branches among them: what each is, and its outputs. */
  readonly nodes: readonly {
    readonly label: string;
    readonly operation: string;
    readonly outputs: readonly string[];
  }[];
  /** Initializers. */
  readonly weights: readonly OnnxValue[];
  /** Shapes that the file states, by the name of the value. */
  readonly shapes: Readonly<Record<string, OnnxValue['shape']>>;
  /** Why the model would not open; empty if it does. */
  readonly problems: readonly DataError[];
}

/**
 * Says what an ONNX file holds, and everything in it that would not open.
 * @throws FormatError if the file is cut off or altered
 */
export function inspectOnnx(device: Device, bytes: Uint8Array | ArrayBuffer): OnnxDescription {
  requireDevice('inspectOnnx', device);
  const { model, graph, version } = partsOf(bytes);
  const problems: DataError[] = [];
  const nodes: OnnxDescription['nodes'][number][] = [];
  const initial = new Set(graph.initializers.map(({ name }) => name));
  const kept: unknown[] = [];
  const room = new Room();
  try {
    Program.compile(graph, { device, version, folded: 0, room, kept, problems, nodes });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problems.push(error);
  } finally {
    device.release(kept);
  }
  return {
    producer: [model.producer, model.producerVersion].filter((text) => text !== '').join(' '),
    version,
    inputs: graph.inputs.filter(({ name }) => !initial.has(name)).map(described),
    outputs: graph.outputs.map(described),
    nodes,
    weights: graph.initializers.map(({ name, type, dims }) => ({ name, type: elementTypeName(type), shape: dims })),
    shapes: Object.fromEntries(graph.values.map(described).map(({ name, shape }) => [name, shape])),
    problems,
  };
}
