import { sizeOf } from '../../shape.ts';
import type { BinaryOperation, UnaryOperation } from '../backend.ts';
import type { PointInstruction, PointOperand, PointOperation, Scan, ScanPlace } from '../scan.ts';
import { Binary, type Kernels, Unary } from './generated/kernels.ts';
import type { ParametersOf } from './jobs/job.ts';
import type { scanJob } from './jobs/scan.ts';
import type { LinearMemory } from './linear-memory.ts';

/** Columns in a panel of a right side, as the kernel packs it. */
const PANEL = 8;

/** Words as in kernels/assembly/scan.ts. */
const Code = { product: 0, pointwise: 1, end: 2, binary: 16, gradient: 32, select: 48, copy: 49, none: -1 } as const;

type ScanParameters = ParametersOf<typeof scanJob>;

/** A program encoded for the kernels, and its scratch space. */
export function scanParameters(scan: Scan, memory: LinearMemory, kernels: Kernels, threads: number): ScanParameters {
  const { steps, rows, reverse } = scan;
  const writer = new Writer(scan, memory, kernels);
  const { code, places, matrices, registers } = writer.write();
  const words = [...places, ...matrices, ...code];
  const program = memory.scratch('scan program', words.length * 4);
  memory.ints(program, words.length).set(words);
  const [placeCount, matrixCount] = [places.length / 6, matrices.length / 6];
  const workBytes = kernels.scanWorkSize(placeCount, registers);
  return {
    steps,
    rows,
    reverse: reverse ? 1 : 0,
    places: program,
    placeCount,
    matrices: program + places.length * 4,
    matrixCount,
    code: program + (places.length + matrices.length) * 4,
    work: memory.scratch('scan work', threads * workBytes),
    workBytes,
  };
}

/** Approximate floating-point operations of a program, at the speed of matrix products. */
export function scanWork({ steps, rows, program, matrices }: Scan, perElement: number): number {
  const perRow = program.map((instruction) =>
    instruction.kind === 'product'
      ? 2 * sizeOf(matrices[instruction.matrix].shape)
      : instruction.width * instruction.code.length * perElement,
  );
  return steps * rows * perRow.reduce((sum, one) => sum + one, 0);
}

class Writer {
  readonly #scan: Scan;
  readonly #memory: LinearMemory;
  readonly #kernels: Kernels;
  readonly #places: number[] = [];
  readonly #placeAt = new Map<string, number>();
  readonly #matrices: number[] = [];
  readonly #packedAt = new Map<string, number>();
  /** Arrays that the program writes. */
  readonly #written: ReadonlySet<number>;

  constructor(scan: Scan, memory: LinearMemory, kernels: Kernels) {
    this.#scan = scan;
    const outs = scan.program.flatMap((one) => (one.kind === 'product' ? [one.out] : one.code.map(({ out }) => out)));
    this.#written = new Set(outs.flatMap((out) => ('array' in out ? [out.array] : [])));
    this.#memory = memory;
    this.#kernels = kernels;
  }

  write() {
    const { program } = this.#scan;
    // Places are counted first: registers have the numbers after them.
    for (const instruction of program) {
      const places =
        instruction.kind === 'product'
          ? [instruction.left, instruction.out]
          : instruction.code.flatMap(({ inputs, out }) => [...inputs, out]).filter((one) => 'array' in one);
      for (const place of places) this.#place(place);
    }
    this.#packAll();
    const code: number[] = [];
    let registers = 0;
    for (const instruction of program) {
      if (instruction.kind === 'product') {
        const { left, out, matrix, transposed, accumulate } = instruction;
        const [first, second] = this.#scan.matrices[matrix].shape;
        const [k, n] = transposed ? [second, first] : [first, second];
        const packed = this.#packedAt.get(`${matrix} ${transposed}`)!;
        code.push(Code.product, this.#place(left), this.#place(out), packed, k, n, accumulate ? 1 : 0);
      } else {
        const { width, code: own } = instruction;
        const count = 1 + Math.max(-1, ...own.flatMap(({ inputs, out }) => [...inputs, out].map(registerOf)));
        const written = own.flatMap((one) => this.#point(one, width, count));
        registers = Math.max(registers, count + 3);
        code.push(Code.pointwise, width, written.length, ...written.flat());
      }
    }
    code.push(Code.end);
    return { code, places: this.#places, matrices: this.#matrices, registers };
  }

  /** Only binary operations and copies broadcast a column; others read a copy in a spare register. */
  #point({ operation, inputs, out }: PointInstruction, width: number, spare: number): number[][] {
    const broadcasts = operation === 'copy' || operation in Binary;
    const before: number[][] = [];
    const operands = inputs.map((input, index) => {
      if (broadcasts || width === 1 || !this.#isSingle(input)) return this.#operand(input);
      const copy = this.#placeCount + spare + index;
      before.push([Code.copy, this.#operand(input), Code.none, Code.none, copy]);
      return copy;
    });
    const [a, b = Code.none, c = Code.none] = operands;
    return [...before, [codeOf(operation), a, b, c, this.#operand(out)]];
  }

  get #placeCount(): number {
    return this.#places.length / 6;
  }

  #isSingle(operand: PointOperand): boolean {
    return 'array' in operand && this.#scan.arrays[operand.array].shape.at(-1) === 1;
  }

  #operand(operand: PointOperand): number {
    return 'register' in operand ? this.#placeCount + operand.register : this.#place(operand);
  }

  #place({ array, shift, column }: ScanPlace): number {
    const key = `${array} ${shift} ${column}`;
    let index = this.#placeAt.get(key);
    if (index === undefined) {
      const block = this.#scan.arrays[array];
      const n = block.shape.at(-1)!;
      const first = this.#written.has(array) ? this.#memory.address(block) : this.#memory.input(block);
      const base = first + column * 4;
      const [slots, slotBytes, rowBytes] =
        block.shape.length === 1 ? [1, 0, 0] : [block.shape[0], this.#scan.rows * n * 4, n * 4];
      index = this.#placeCount;
      this.#places.push(base, slots, shift, slotBytes, rowBytes, n === 1 ? 0 : 1);
      this.#placeAt.set(key, index);
    }
    return index;
  }

  /** All right sides, consecutive in one scratch space. */
  #packAll(): void {
    let size = 0;
    for (const instruction of this.#scan.program) {
      if (instruction.kind !== 'product') continue;
      const { matrix, transposed } = instruction;
      const key = `${matrix} ${transposed}`;
      if (this.#packedAt.has(key)) continue;
      const block = this.#scan.matrices[matrix];
      const [first, second] = block.shape;
      const [k, n] = transposed ? [second, first] : [first, second];
      this.#packedAt.set(key, size);
      this.#matrices.push(this.#memory.input(block), second, transposed ? 1 : 0, k, n, size);
      size += this.#kernels.packedSize(k, n, PANEL) * 4;
    }
    const room = this.#memory.scratch('scan matrices', size);
    for (let i = 5; i < this.#matrices.length; i += 6) this.#matrices[i] += room;
    for (const [key, offset] of this.#packedAt) this.#packedAt.set(key, room + offset);
  }
}

const registerOf = (operand: PointOperand): number => ('register' in operand ? operand.register : -1);

function codeOf(operation: PointOperation): number {
  if (operation === 'copy' || operation === 'select') return Code[operation];
  if (operation.endsWith('Grad')) return Code.gradient + Unary[operation.slice(0, -4) as UnaryOperation];
  return operation in Binary ? Code.binary + Binary[operation as BinaryOperation] : Unary[operation as UnaryOperation];
}
