import {
  type BinaryOperation,
  type Block,
  type CoreBackend,
  type UnaryOperation,
  unaryOperations,
} from '../backend.ts';
import type { PointOperand, PointOperation, Scan, ScanPlace, ScanPointwise, ScanProduct } from '../scan.ts';
import { gradientRules } from './elementwise.ts';
import { reshaped, Workspace } from './workspace.ts';

export function scan(core: CoreBackend, given: Scan): void {
  const { steps, rows, reverse, program } = given;
  if (rows === 0) return;
  for (let s = 0; s < steps; s++) {
    const t = reverse ? steps - 1 - s : s;
    for (const instruction of program) {
      Workspace.during(core, (w) => {
        if (instruction.kind === 'product') product(w, given, instruction, t);
        else pointwise(w, given, instruction, t);
      });
    }
  }
}

/** The slot of an array that a place is in at step t: all its columns, `[B, n]`, or `[1, n]` for all rows. */
function slotOf({ arrays, rows }: Scan, { array, shift }: ScanPlace, t: number): Block {
  const { shape } = arrays[array];
  if (shape.length === 1) return reshaped(arrays[array], [1, shape[0]]);
  const [slots, , n] = shape;
  return reshaped(arrays[array], [rows, n], ((t + shift) % slots) * rows * n);
}

/** The columns of a place, `[B, width]`. */
function load(w: Workspace, given: Scan, place: ScanPlace, t: number, width: number): Block {
  const slot = slotOf(given, place, t);
  const single = slot.shape[1] === 1;
  const columns = w.columns(slot, place.column, single ? 1 : width);
  return w.spread(columns, [given.rows, width]);
}

function product(w: Workspace, given: Scan, instruction: ScanProduct, t: number): void {
  const { left, matrix, transposed, out, accumulate } = instruction;
  const weights = given.matrices[matrix];
  const [k, n] = transposed ? [weights.shape[1], weights.shape[0]] : weights.shape;
  const result = w.product(load(w, given, left, t, k), weights, { transposeB: transposed });
  const before = accumulate ? w.columns(slotOf(given, out, t), out.column, n) : null;
  w.putColumns(before ? w.add(before, result) : result, slotOf(given, out, t), out.column);
}

function pointwise(w: Workspace, given: Scan, { width, code }: ScanPointwise, t: number): void {
  const registers: Block[] = [];
  const read = (operand: PointOperand): Block =>
    'register' in operand ? registers[operand.register] : load(w, given, operand, t, width);
  for (const { operation, inputs, out } of code) {
    const value = point(w, operation, inputs.map(read));
    if ('register' in out) registers[out.register] = value;
    else w.putColumns(value, slotOf(given, out, t), out.column);
  }
}

function point(w: Workspace, operation: PointOperation, [a, b, c]: readonly Block[]): Block {
  if (operation === 'copy') return a;
  if (operation === 'select') return w.select(a, b, c, a.shape);
  // Only one of x and y is read.
  if (operation.endsWith('Grad')) return gradientRules[operation.slice(0, -4) as UnaryOperation](w, a, a, b);
  const isUnary = (unaryOperations as readonly string[]).includes(operation);
  return isUnary ? w.unary(operation as UnaryOperation, a) : w.binary(operation as BinaryOperation, a, b);
}
