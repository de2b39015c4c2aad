import type { PointOperation } from '../../backend/scan.ts';

/** A node of the graph of one step: numbers `[B, width]` and how they are computed. */
export type Value = Input | Leaf | Before | Point | Product | Slice | Concat;

interface Base {
  /** Inputs of a value have smaller numbers. */
  readonly id: number;
  readonly width: number;
  /** Whether it depends on the state. */
  readonly recurrent: boolean;
}

/** Known at every step before the recurrence begins. */
export interface Input extends Base {
  readonly kind: 'input';
  readonly name: string;
}

/** The same at every step: a parameter, a constant. */
export interface Leaf extends Base {
  readonly kind: 'leaf';
  /** Its place in the list of leaves. */
  readonly index: number;
}

/** Part `state` of the previous state. */
export interface Before extends Base {
  readonly kind: 'before';
  readonly state: number;
}

/** An elementwise operation; inputs have the same width, or width 1. */
export interface Point extends Base {
  readonly kind: 'point';
  readonly operation: PointOperation;
  readonly inputs: readonly Value[];
}

export interface Factor {
  readonly left: Value;
  /** Its place in the list of matrices. */
  readonly matrix: number;
  /** left · matrixᵀ, for a matrix stored `[width, left.width]`. */
  readonly transposed: boolean;
}

/** The sum of matrix products. */
export interface Product extends Base {
  readonly kind: 'product';
  readonly factors: readonly Factor[];
  /** A row that is added, if the product is computed for all steps at once. */
  readonly bias: Leaf | null;
}

/** Columns of an input, a leaf, the previous state or a product; other values are sliced through their inputs. */
export interface Slice extends Base {
  readonly kind: 'slice';
  readonly of: Value;
  readonly start: number;
}

export interface Concat extends Base {
  readonly kind: 'concat';
  readonly parts: readonly Value[];
}

export function inputsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'point':
      return value.inputs;
    case 'product':
      return value.factors.map(({ left }) => left);
    case 'concat':
      return value.parts;
    case 'slice':
      return [value.of];
    default:
      return [];
  }
}

/** All values that these depend on, in topological order; the inputs of values in `stop` are not visited. */
export function behind(values: Iterable<Value>, stop: (value: Value) => boolean = () => false): Value[] {
  const found = new Set<Value>();
  const stack = [...values];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (found.has(value)) continue;
    found.add(value);
    if (!stop(value)) stack.push(...inputsOf(value));
  }
  return [...found].sort((a, b) => a.id - b.id);
}

/** Creates values; equal requests return the same value (common subexpressions). */
export class Graph {
  readonly #known = new Map<string, Value>();
  #count = 0;

  input(name: string, width: number): Value {
    return this.#make(`input ${name}`, { kind: 'input', name, width, recurrent: false });
  }

  leaf(index: number, width: number): Value {
    return this.#make(`leaf ${index}`, { kind: 'leaf', index, width, recurrent: false });
  }

  before(state: number, width: number): Value {
    return this.#make(`before ${state}`, { kind: 'before', state, width, recurrent: true });
  }

  point(operation: PointOperation, inputs: readonly Value[], width: number): Value {
    const recurrent = inputs.some((input) => input.recurrent);
    return this.#make(`${operation} ${ids(inputs)} ${width}`, { kind: 'point', operation, inputs, width, recurrent });
  }

  /** A part of the next state; a node of its own, so that its gradient is separate from that of its source. */
  after(state: number, of: Value): Value {
    const fields = { kind: 'point', operation: 'copy', inputs: [of], width: of.width, recurrent: true } as const;
    return this.#make(`after ${state}`, fields);
  }

  product(factors: readonly Factor[], width: number, bias: Leaf | null = null): Value {
    const terms = factors.map(({ left, matrix, transposed }) => `${left.id}·${matrix}${transposed ? 'ᵀ' : ''}`);
    const recurrent = factors.some(({ left }) => left.recurrent);
    const key = `product ${terms.join('+')} ${bias?.id}`;
    return this.#make(key, { kind: 'product', factors, bias, width, recurrent });
  }

  /** Columns start … start + width; slices of elementwise operations become operations on slices. */
  slice(of: Value, start: number, width: number): Value {
    if (start === 0 && width === of.width) return of;
    switch (of.kind) {
      case 'point': {
        const inputs = of.inputs.map((input) => (input.width === 1 ? input : this.slice(input, start, width)));
        return this.point(of.operation, inputs, width);
      }
      case 'slice':
        return this.slice(of.of, of.start + start, width);
      case 'concat': {
        const parts: Value[] = [];
        let position = 0;
        for (const part of of.parts) {
          const from = Math.max(start, position);
          const to = Math.min(start + width, position + part.width);
          if (from < to) parts.push(this.slice(part, from - position, to - from));
          position += part.width;
        }
        return this.concat(parts);
      }
      default:
        return this.#make(`slice ${of.id} ${start} ${width}`, {
          kind: 'slice',
          of,
          start,
          width,
          recurrent: of.recurrent,
        });
    }
  }

  /** Concatenates values along columns. */
  concat(given: readonly Value[]): Value {
    const parts: Value[] = [];
    for (const part of given.flatMap((one) => (one.kind === 'concat' ? one.parts : [one]))) {
      const joined = this.#join(parts.at(-1), part);
      if (joined === null) parts.push(part);
      else parts[parts.length - 1] = joined;
    }
    if (parts.length === 1) return parts[0];
    const width = parts.reduce((sum, part) => sum + part.width, 0);
    const recurrent = parts.some((part) => part.recurrent);
    return this.#make(`concat ${ids(parts)}`, { kind: 'concat', parts, width, recurrent });
  }

  /** Adjacent slices of one value as one slice; null if they are not adjacent. */
  #join(a: Value | undefined, b: Value): Value | null {
    if (a?.kind !== 'slice' || b.kind !== 'slice' || a.of !== b.of || a.start + a.width !== b.start) return null;
    return this.slice(a.of, a.start, a.width + b.width);
  }

  #make(key: string, fields: Unnumbered): Value {
    let value = this.#known.get(key);
    if (value === undefined) {
      value = { ...fields, id: this.#count++ } as Value;
      this.#known.set(key, value);
    }
    return value;
  }
}

type Unnumbered = Value extends infer One ? (One extends Value ? Omit<One, 'id'> : never) : never;

const ids = (values: readonly Value[]): string => values.map(({ id }) => id).join(',');
