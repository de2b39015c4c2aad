import { elementKind } from '../../io/onnx/tensor-data.ts';
import { equal, sub } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node, Operator } from '../node.ts';
import { numbersOf, onDevice, onHost, tensorOf, type Value } from '../value.ts';

/** A converted copy; towards 0 where it becomes whole numbers. */
export function converted(x: Tensor, dtype: 'int32' | 'float', device: Device): Tensor {
  const y = device.empty(x.shape, dtype === 'float' ? device.float : dtype);
  device.backend.copy(x, y);
  return y;
}

const castOperator: Operator = {
  inputs: [1, 1],
  build: (node) => {
    const kind = elementKind(node.integer('to', 0), `the result of ${node.label}`);
    node.integer('saturate', 1);
    return ([x]) => [cast(x!, kind, node)];
  },
};

function cast(x: Value, kind: Value['kind'], node: Node): Value {
  if (kind === x.kind) return x;
  if (x.numbers) {
    const convert = { float: Math.fround, integer: Math.trunc, boolean: (n: number) => Number(n !== 0) }[kind];
    return onHost(kind, x.shape, Float64Array.from(x.numbers, convert));
  }
  const { device } = node;
  const tensor = x.tensor!;
  const isWhole = tensor.dtype === 'int32';
  if (kind === 'integer') return onDevice(isWhole ? tensor : converted(tensor, 'int32', device), kind);
  const floats = isWhole ? converted(tensor, 'float', device) : tensor;
  return onDevice(kind === 'float' ? floats : sub(1, equal(floats, 0)), kind);
}

const constantOperator: Operator = {
  inputs: [0, 0],
  build: (node) => {
    const tensor = node.tensor('value');
    if (tensor) {
      const value = onHost(tensor.kind, tensor.shape, tensor.numbers);
      return () => [tensor.kind === 'float' ? { ...value, tensor: tensorOf(value, node.device) } : value];
    }
    const [ints, floats] = [node.integers('value_ints'), node.floats('value_floats')];
    if (ints) return () => [onHost('integer', [ints.length], ints)];
    if (node.hasAttribute('value_floats')) return () => [onHost('float', [floats.length], floats)];
    if (node.hasAttribute('value_float')) {
      const number = node.float('value_float', 0);
      return () => [onHost('float', [], [number])];
    }
    if (!node.hasAttribute('value_int')) throw node.refusal('has no tensor or numbers as its value; text is not read');
    const number = node.integer('value_int', 0);
    return () => [onHost('integer', [], [number])];
  },
};

const ifOperator: Operator = {
  inputs: [1, 1],
  // A branch sees values around it, which may not be constant where its condition is.
  folds: false,
  build: (node) => {
    const known = node.constants[0]?.numbers?.[0];
    const names = ['then_branch', 'else_branch'];
    for (const name of names) node.skipGraph(name);
    const branches = names.map((name, i) =>
      known !== undefined && (known === 0) === (i === 0) ? null : node.graph(name),
    );
    for (const branch of branches) {
      if (branch && branch.outputs !== node.outputs.length) {
        throw node.refusal(
          `has ${node.outputs.length} outputs, and a branch with ${branch.outputs}; the file is damaged`,
        );
      }
    }
    return ([condition], scope) => {
      const which = numbersOf(condition!, `the condition of ${node.label}`)[0] ? 0 : 1;
      return branches[which]!.run(scope);
    };
  },
};

export const control: Readonly<Record<string, Operator>> = {
  Cast: castOperator,
  Constant: constantOperator,
  If: ifOperator,
};
