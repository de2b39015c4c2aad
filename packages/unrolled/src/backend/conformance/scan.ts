import { Random } from '../../random.ts';
import { type Block, binaryOperations, unaryOperations } from '../backend.ts';
import type { PointInstruction, PointOperand, PointOperation, Scan, ScanInstruction, ScanPlace } from '../scan.ts';
import type { Case, Lab } from './lab.ts';

/** Operations that leave float32, or magnify what two backends round differently, unless their input is within (0, 1). */
const wild: ReadonlySet<string> = new Set(['exp', 'log', 'sqrt', 'reciprocal', 'div', 'square']);

const operations: readonly PointOperation[] = [
  'copy',
  'select',
  ...unaryOperations,
  ...binaryOperations,
  ...unaryOperations.map((operation) => `${operation}Grad` as const),
];

/** A random program over random arrays: any instruction there is, states, temporary arrays, rows and single columns. */
export function scanCase(seed: number): Case {
  return {
    name: `program ${seed}`,
    tolerance: 1e-4,
    run: (lab) => {
      const { scan, results } = new ProgramMaker(lab, new Random(seed)).make();
      lab.backend.scan(scan);
      return results;
    },
  };
}

class ProgramMaker {
  readonly #lab: Lab;
  readonly #random: Random;
  readonly #T: number;
  readonly #B: number;
  readonly #arrays: Block[] = [];
  readonly #matrices: Block[] = [];

  constructor(lab: Lab, random: Random) {
    this.#lab = lab;
    this.#random = random;
    this.#T = this.#one([0, 1, 2, 3, 5]);
    this.#B = this.#one([0, 1, 2, 5, 7, 61]);
  }

  make(): { scan: Scan; results: Record<string, Block> } {
    const widths = [this.#one([1, 2, 3, 4, 5]), this.#one([7, 8, 17]), this.#one([16, 33, 64, 300])];
    for (const width of widths) {
      for (const slots of [this.#T + 1, this.#T, 2, 1]) this.#arrays.push(this.#lab.normal([slots, this.#B, width]));
      this.#arrays.push(this.#lab.normal([width]));
    }
    // A sequence has a slot for every step, and there must be one even if there are no steps.
    const usable = this.#arrays.map((_, index) => index).filter((index) => this.#arrays[index].shape[0] > 0);
    this.#arrays.push(this.#lab.normal([1]), this.#lab.normal([Math.max(1, this.#T), this.#B, 1]));
    const program = Array.from({ length: 2 + this.#below(5) }, () =>
      this.#random.uniform() < 0.4 ? this.#product(usable) : this.#pointwise(usable),
    );
    const scan = {
      steps: this.#T,
      rows: this.#B,
      reverse: this.#random.uniform() < 0.5,
      arrays: this.#arrays,
      matrices: this.#matrices,
      program,
    };
    return { scan, results: Object.fromEntries(this.#arrays.map((block, index) => [`array ${index}`, block])) };
  }

  #below(n: number): number {
    return Math.floor(this.#random.uniform() * n);
  }

  #one<One>(list: readonly One[]): One {
    return list[this.#below(list.length)];
  }

  #widthOf(array: number): number {
    return this.#arrays[array].shape.at(-1)!;
  }

  /** Some columns of an array; of one with several slots, this step's or the next. */
  #place(array: number, width: number): ScanPlace {
    const { shape } = this.#arrays[array];
    const several = shape.length === 3 && shape[0] > 1;
    const column = this.#widthOf(array) === 1 ? 0 : this.#below(this.#widthOf(array) - width + 1);
    return { array, shift: several && this.#random.uniform() < 0.5 ? 1 : 0, column };
  }

  #writable(usable: readonly number[]): number {
    return this.#one(usable.filter((array) => this.#arrays[array].shape.length === 3));
  }

  #product(usable: readonly number[]): ScanInstruction {
    const target = this.#writable(usable);
    const left = this.#one(usable.filter((array) => array !== target));
    const [k, n] = [1 + this.#below(this.#widthOf(left)), 1 + this.#below(this.#widthOf(target))];
    const transposed = this.#random.uniform() < 0.5;
    this.#matrices.push(this.#lab.normal(transposed ? [n, k] : [k, n], 1 / Math.sqrt(k)));
    return {
      kind: 'product',
      left: this.#place(left, k),
      matrix: this.#matrices.length - 1,
      transposed,
      out: this.#place(target, n),
      // Else what is added up from step to step would grow.
      accumulate: this.#T < 3 && this.#random.uniform() < 0.3,
    };
  }

  /** A chain of instructions whose results stay within (−1, 1) where they are written. */
  #pointwise(usable: readonly number[]): ScanInstruction {
    const target = this.#writable(usable);
    const width = 1 + this.#below(this.#widthOf(target));
    const singles = this.#arrays.map((_, index) => index).filter((array) => this.#widthOf(array) === 1);
    const sources = usable.filter((array) => array !== target && this.#widthOf(array) >= width);
    const code: PointInstruction[] = [];
    let registers = 0;
    const put = (operation: PointOperation, ...inputs: PointOperand[]): PointOperand => {
      const out = { register: registers++ };
      code.push({ operation, inputs, out });
      return out;
    };
    const any = (): PointOperand => {
      const draw = this.#random.uniform();
      if (registers > 0 && draw < 0.6) return { register: this.#below(registers) };
      const from = draw < 0.8 || sources.length === 0 ? singles : sources;
      const array = this.#one(from.filter((one) => one !== target && this.#arrays[one].shape[0] > 0));
      return this.#place(array, width);
    };
    for (let length = 1 + this.#below(6); length > 0; length--) {
      const operation = this.#one(operations);
      const tame = wild.has(operation.replace('Grad', ''))
        ? (x: PointOperand) => put('sigmoid', x)
        : (x: PointOperand) => x;
      const inputs = [tame(any()), tame(any()), any()];
      put(operation, ...inputs.slice(0, countOf(operation)));
    }
    const out = this.#place(target, width);
    const last: PointOperand = { register: registers - 1 };
    code.push({ operation: 'tanh', inputs: [last], out });
    // The same place may be read again, and written in place.
    if (this.#random.uniform() < 0.5)
      code.push({ operation: 'mul', inputs: [out, last], out }, { operation: 'tanh', inputs: [out], out });
    return { kind: 'pointwise', width, code };
  }
}

function countOf(operation: PointOperation): number {
  if (operation === 'select') return 3;
  return (binaryOperations as readonly string[]).includes(operation) || operation.endsWith('Grad') ? 2 : 1;
}

export const scanCases: readonly Case[] = Array.from({ length: 60 }, (_, index) => scanCase(index + 1));
