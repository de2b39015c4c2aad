import { type BinaryOperation, type UnaryOperation, unaryOperations } from '../backend.ts';
import type { PointInstruction, PointOperation, Scan, ScanPlace, ScanPointwise, ScanProduct } from '../scan.ts';
import { binaryRules, unaryRules } from './elementwise.ts';
import type { Floats } from './memory.ts';

/** `Scan` with its blocks as arrays. */
export interface ScanArrays {
  readonly scan: Scan;
  readonly arrays: readonly Floats[];
  readonly matrices: readonly Floats[];
}

export function scan(given: ScanArrays): void {
  const { steps, rows, reverse, program } = given.scan;
  for (let s = 0; s < steps; s++) {
    const t = reverse ? steps - 1 - s : s;
    for (const instruction of program) {
      for (let row = 0; row < rows; row++) {
        if (instruction.kind === 'product') product(given, instruction, t, row);
        else pointwise(given, instruction, t, row);
      }
    }
  }
}

/** Offset of a row's first column in a place. */
function position({ scan: { arrays, rows } }: ScanArrays, { array, shift, column }: ScanPlace, t: number, row: number) {
  const { shape } = arrays[array];
  if (shape.length === 1) return column;
  const [slots, , n] = shape;
  return (((t + shift) % slots) * rows + row) * n + column;
}

function product(given: ScanArrays, instruction: ScanProduct, t: number, row: number): void {
  const { left, matrix, transposed, out, accumulate } = instruction;
  const [first, second] = given.scan.matrices[matrix].shape;
  const [k, n] = transposed ? [second, first] : [first, second];
  const weights = given.matrices[matrix];
  const from = position(given, left, t, row);
  const to = position(given, out, t, row);
  for (let j = 0; j < n; j++) {
    let sum = accumulate ? given.arrays[out.array][to + j] : 0;
    for (let i = 0; i < k; i++) {
      sum += given.arrays[left.array][from + i] * weights[transposed ? j * k + i : i * n + j];
    }
    given.arrays[out.array][to + j] = sum;
  }
}

function pointwise(given: ScanArrays, { width, code }: ScanPointwise, t: number, row: number): void {
  const registers: number[] = [];
  for (let j = 0; j < width; j++) {
    const at = (place: ScanPlace): number => {
      const single = given.scan.arrays[place.array].shape.at(-1) === 1;
      return position(given, place, t, row) + (single ? 0 : j);
    };
    const read = (operand: PointInstruction['out']): number =>
      'register' in operand ? registers[operand.register] : given.arrays[operand.array][at(operand)];
    for (const { operation, inputs, out } of code) {
      const value = point(operation, inputs.map(read));
      if ('register' in out) registers[out.register] = value;
      else given.arrays[out.array][at(out)] = value;
    }
  }
}

function point(operation: PointOperation, [a, b, c]: readonly number[]): number {
  if (operation === 'copy') return a;
  if (operation === 'select') return a !== 0 ? b : c;
  if (operation.endsWith('Grad')) {
    // Only one of x and y is read.
    return b * unaryRules[operation.slice(0, -4) as UnaryOperation].slope(a, a);
  }
  const isUnary = (unaryOperations as readonly string[]).includes(operation);
  return isUnary ? unaryRules[operation as UnaryOperation].value(a) : binaryRules[operation as BinaryOperation](a, b);
}
