import { ShapeError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import { commonDevice, type Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Inputs of an operation; null: an optional input that is absent. */
export type Inputs = readonly (Tensor | null)[];

/**
 * A differentiable operation: forward and gradient together; without a gradient it does not compile.
 * Both compute with the backend or with unrecorded tensors.
 */
export interface Operation<In extends Inputs, Options, Saved> {
  readonly name: string;
  /** Whether inputs may be int32: where numbers are only moved or looked up. Default false. */
  readonly integers?: boolean;
  /** Computes the outputs, and what the gradient needs of them. */
  forward(inputs: In, options: Options, device: Device): { outputs: readonly Tensor[]; saved: Saved };
  /**
   * ∂L/∂inputs from ∂L/∂outputs (null: that output was not used). Only those for which `wanted` is true need be
   * computed; null means no gradient.
   */
  backward(call: BackwardCall<In, Options, Saved>, device: Device): readonly (Tensor | null)[];
}

export interface BackwardCall<In extends Inputs, Options, Saved> {
  readonly inputs: In;
  readonly options: Options;
  readonly saved: Saved;
  readonly gradients: readonly (Tensor | null)[];
  readonly wanted: readonly boolean[];
}

/** One call of an operation that gradients may flow back through. */
export class Recording {
  static #count = 0;
  /** Later recordings have greater numbers: the backward pass runs in descending order. */
  readonly order = Recording.#count++;
  /** The order of the next recording. */
  static get next(): number {
    return Recording.#count;
  }
  readonly name: string;
  /** What was called, and how: for those who read a recording as a program. */
  readonly operation: object;
  readonly options: unknown;
  readonly inputs: Inputs;
  readonly outputCount: number;
  readonly backward: Backward;
  consumed = false;

  constructor(call: Call, outputCount: number, backward: Backward) {
    this.name = call.name;
    this.operation = call.operation;
    this.options = call.options;
    this.inputs = call.inputs;
    this.outputCount = outputCount;
    this.backward = backward;
  }
}

interface Call {
  readonly name: string;
  readonly operation: object;
  readonly options: unknown;
  readonly inputs: Inputs;
}

type Backward = (gradients: readonly (Tensor | null)[], wanted: readonly boolean[]) => readonly (Tensor | null)[];

/** Runs an operation and records it where a tracked tensor takes part. */
export function run<In extends Inputs, Options, Saved>(
  operation: Operation<In, Options, Saved>,
  inputs: In,
  options: Options,
): { outputs: readonly Tensor[]; saved: Saved } {
  // Families of operations state which member this is.
  const name = typeof options === 'string' ? options : operation.name;
  const device = commonDevice(name, inputs);
  if (!operation.integers) requireFloats(name, inputs, device);
  const result = operation.forward(inputs, options, device);
  const { outputs, saved } = result;
  const tracked = inputs.some((input) => input?.tracked);
  if (device.recordingAll || (device.recording && tracked)) {
    const record = new Recording({ name, operation, options, inputs }, outputs.length, (gradients, wanted) =>
      operation.backward({ inputs, options, saved, gradients, wanted }, device),
    );
    outputs.forEach((output, index) => {
      output.origin = { record, output: index };
      output.tracked = tracked;
    });
  }
  return result;
}

function requireFloats(name: string, inputs: Inputs, { float }: Device): void {
  for (const input of inputs) {
    if (input?.dtype === 'int32') {
      throw new ShapeError(
        `${name}: computes with ${float} numbers, received int32 ${formatShape(input.shape)}; ` +
          'make a tensor of its data() without a dtype, or give the ids to an embedding',
        { operation: name, dtype: input.dtype, shape: input.shape },
      );
    }
  }
}

/** The outputs of `run`. */
export function applyAll<In extends Inputs, Options, Saved>(
  operation: Operation<In, Options, Saved>,
  inputs: In,
  options: Options,
): readonly Tensor[] {
  return run(operation, inputs, options).outputs;
}

/** The output of an operation that has one. */
export function apply<In extends Inputs, Options, Saved>(
  operation: Operation<In, Options, Saved>,
  inputs: In,
  options: Options,
): Tensor {
  return run(operation, inputs, options).outputs[0];
}
