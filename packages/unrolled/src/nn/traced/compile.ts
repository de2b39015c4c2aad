import type { PointInstruction, PointOperand, ScanInstruction } from '../../backend/scan.ts';
import { behind, type Point, type Product, type Value } from './value.ts';

/** Columns of a named array. */
export interface Place {
  readonly array: string;
  readonly shift: 0 | 1;
  readonly column: number;
}

/** A value to compute and its destination. */
export type Store = readonly [value: Value, place: Place];

export interface Program {
  /** Arrays by the number that instructions use for them. */
  readonly arrays: readonly string[];
  /** Widths of the temporary arrays `[1, B, width]` between instructions, by name. */
  readonly temporaries: ReadonlyMap<string, number>;
  readonly instructions: readonly ScanInstruction[];
}

/**
 * Compiles instructions that compute values and store them in places.
 *
 * Products are scheduled as early as possible, elementwise operations as late as possible and fused into as few
 * instructions as possible: values used within one instruction stay in registers, others pass through an array.
 *
 * @param given  values that are already stored when the step starts, including leaves
 */
export function compile(stores: readonly Store[], given: (value: Value) => Place | undefined): Program {
  return new Compiler(given).compile(stores);
}

/** Start columns of consecutive parts. */
export function runOf(
  [first, ...others]: readonly Value[],
  places: { get(value: Value): Place | undefined },
): Place | undefined {
  const start = places.get(first);
  if (start === undefined) return undefined;
  let column = start.column + first.width;
  for (const part of others) {
    const place = places.get(part);
    if (place?.array !== start.array || place.shift !== start.shift || place.column !== column) return undefined;
    column += part.width;
  }
  return start;
}

/** Elementwise operations of one width that form one instruction, and its phase. */
interface Group {
  readonly phase: number;
  readonly depth: number;
  readonly width: number;
  readonly points: Point[];
}

class Compiler {
  readonly #given: (value: Value) => Place | undefined;
  readonly #homes = new Map<Value, Place>();
  /** Copies to second places, by the value after whose instruction they run; null: at the start. */
  readonly #copies = new Map<Value | null, { readonly from: Value; readonly to: Place }[]>();
  readonly #temporaries = new Map<string, number>();
  readonly #arrays: string[] = [];

  constructor(given: (value: Value) => Place | undefined) {
    this.#given = given;
  }

  compile(stores: readonly Store[]): Program {
    for (const [value, place] of stores) this.#settle(value, place);
    const needed = behind(
      stores.map(([value]) => value),
      (value) => this.#given(value) !== undefined,
    ).filter((value) => this.#given(value) === undefined);
    const products = needed.filter((value) => value.kind === 'product');
    for (const product of products) {
      if (!this.#homes.has(product)) this.#settle(product, this.#temporary(product.width));
      for (const { left } of product.factors) this.#inMemory(left);
    }
    const phases = phasesOf(needed);
    const groups = this.#group(needed, phases);
    const instructions: ScanInstruction[] = [];
    const last = Math.max(0, ...phases.values());
    const copyBehind = (value: Value | null): void => {
      for (const { from, to } of this.#copies.get(value) ?? []) {
        instructions.push({ kind: 'pointwise', width: from.width, code: [this.#copy(from, to)] });
      }
    };
    copyBehind(null);
    for (let phase = 0; phase <= last; phase++) {
      for (const product of products) {
        if (phases.get(product) !== phase) continue;
        instructions.push(...this.#products(product));
        copyBehind(product);
      }
      for (const group of groups) if (group.phase === phase) instructions.push(this.#pointwise(group));
    }
    return { arrays: this.#arrays, temporaries: this.#temporaries, instructions };
  }

  /** Assigns the value to a place, or schedules a copy if it already has one. */
  #settle(value: Value, place: Place): void {
    const isGiven = this.#given(value) !== undefined;
    if (value.kind === 'concat' && !isGiven) {
      if (!this.#homes.has(value)) this.#homes.set(value, place);
      let { column } = place;
      for (const part of value.parts) {
        this.#settle(part, { ...place, column });
        column += part.width;
      }
      return;
    }
    const computed = !isGiven && (value.kind === 'point' || value.kind === 'product');
    if (computed && !this.#homes.has(value)) {
      this.#homes.set(value, place);
      return;
    }
    const root = !isGiven && value.kind === 'slice' ? value.of : value;
    const origin = this.#given(root) === undefined ? root : null;
    this.#copies.set(origin, [...(this.#copies.get(origin) ?? []), { from: value, to: place }]);
  }

  #copy(from: Value, to: Place): PointInstruction {
    return { operation: 'copy', inputs: [this.#operand(this.#inMemory(from))], out: this.#operand(to) };
  }

  /** The place of a value; a temporary one if it had none. */
  #inMemory(value: Value): Place {
    const known = this.#given(value) ?? this.#homes.get(value);
    if (known !== undefined) return known;
    if (value.kind === 'slice') {
      const whole = this.#inMemory(value.of);
      return { ...whole, column: whole.column + value.start };
    }
    const run = value.kind === 'concat' ? runOf(value.parts, this.#homes) : undefined;
    const place = run ?? this.#temporary(value.width);
    if (run !== undefined) this.#homes.set(value, run);
    else this.#settle(value, place);
    return place;
  }

  #temporary(width: number): Place {
    const array = `temporary ${this.#temporaries.size}`;
    this.#temporaries.set(array, width);
    return { array, shift: 0, column: 0 };
  }

  #operand({ array, shift, column }: Place): { array: number; shift: 0 | 1; column: number } {
    let index = this.#arrays.indexOf(array);
    if (index < 0) index = this.#arrays.push(array) - 1;
    return { array: index, shift, column };
  }

  #products(product: Product): ScanInstruction[] {
    const out = this.#operand(this.#inMemory(product));
    return product.factors.map(({ left, matrix, transposed }, index) => ({
      kind: 'product',
      left: this.#operand(this.#inMemory(left)),
      matrix,
      transposed,
      out,
      accumulate: index > 0,
    }));
  }

  /** Groups of elementwise operations in execution order, and places for values that cross groups. */
  #group(needed: readonly Value[], phases: ReadonlyMap<Value, number>): Group[] {
    const depths = new Map<Value, number>();
    const groups = new Map<string, Group>();
    const groupOf = new Map<Value, Group>();
    for (const value of needed) {
      // A slice of a concatenation must be read after its parts were written.
      const inputs = value.kind === 'point' ? value.inputs : value.kind === 'concat' ? value.parts : [];
      const step = value.kind === 'concat' ? 1 : 0;
      const samePhase = inputs.filter((input) => value.kind === 'concat' || phases.get(input) === phases.get(value));
      depths.set(value, Math.max(0, ...samePhase.map((input) => (depths.get(input) ?? 0) + step)));
      if (value.kind !== 'point') continue;
      const [phase, depth, width] = [phases.get(value)!, depths.get(value)!, value.width];
      const key = `${phase} ${depth} ${width}`;
      if (!groups.has(key)) groups.set(key, { phase, depth, width, points: [] });
      groups.get(key)!.points.push(value);
      groupOf.set(value, groups.get(key)!);
    }
    for (const [value, group] of groupOf) {
      for (const input of (value as Point).inputs) {
        if (input.kind !== 'point' || groupOf.get(input) !== group) this.#inMemory(input);
      }
    }
    return [...groups.values()].sort((a, b) => a.phase - b.phase || a.depth - b.depth);
  }

  #pointwise({ width, points }: Group): ScanInstruction {
    const registers = new Map<Value, number>();
    const free: number[] = [];
    let used = 0;
    const lastUse = new Map<Value, Value>();
    for (const point of points) for (const input of point.inputs) lastUse.set(input, point);
    const code = points.flatMap((point): PointInstruction[] => {
      const inputs = point.inputs.map((input): PointOperand => {
        const register = registers.get(input);
        return register === undefined ? this.#operand(this.#inMemory(input)) : { register };
      });
      // A register read for the last time may hold the result: each element is read before it is written.
      for (const input of new Set(point.inputs)) {
        if (registers.has(input) && lastUse.get(input) === point) free.push(registers.get(input)!);
      }
      const home = this.#homes.get(point);
      if (home !== undefined) {
        const copies = (this.#copies.get(point) ?? []).map(({ from, to }) => this.#copy(from, to));
        return [{ operation: point.operation, inputs, out: this.#operand(home) }, ...copies];
      }
      const register = free.pop() ?? used++;
      registers.set(point, register);
      return [{ operation: point.operation, inputs, out: { register } }];
    });
    return { kind: 'pointwise', width, code };
  }
}

/**
 * Schedules values in phases: in each, products run first, then elementwise operations. Products run as early as possible;
 * elementwise operations wait for their first reader.
 */
function phasesOf(needed: readonly Value[]): Map<Value, number> {
  const phases = new Map<Value, number>();
  const latest = (values: readonly Value[]) => Math.max(-1, ...values.map((value) => phases.get(value) ?? -1));
  for (const value of needed) {
    if (value.kind === 'product') phases.set(value, latest(value.factors.map(({ left }) => left)) + 1);
    else if (value.kind === 'point') phases.set(value, Math.max(0, latest(value.inputs)));
    else if (value.kind === 'slice') phases.set(value, latest([value.of]));
    else if (value.kind === 'concat') phases.set(value, latest(value.parts));
  }
  const due = new Map<Value, number>();
  const waitFor = (value: Value, phase: number) => due.set(value, Math.min(due.get(value) ?? phase, phase));
  for (const value of [...needed].reverse()) {
    const own = value.kind === 'product' ? phases.get(value)! : (due.get(value) ?? phases.get(value)!);
    if (value.kind === 'product') {
      for (const { left } of value.factors) waitFor(left, own - 1);
    } else if (value.kind === 'point') {
      phases.set(value, own);
      for (const input of value.inputs) waitFor(input, own);
    } else if (value.kind === 'slice') {
      waitFor(value.of, own);
    } else if (value.kind === 'concat') {
      phases.set(value, own);
      for (const part of value.parts) waitFor(part, own);
    }
  }
  return phases;
}
