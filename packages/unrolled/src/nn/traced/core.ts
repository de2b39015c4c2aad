import type { UnaryOperation } from '../../backend/backend.ts';
import type { PointOperation } from '../../backend/scan.ts';
import { compile, type Place, type Program, type Store } from './compile.ts';
import { differentiate, type Gradients } from './differentiate.ts';
import { type ArraySpec, Shelf } from './shelf.ts';
import { behind, type Factor, type Graph, inputsOf, type Value } from './value.ts';

/** The recurrent part of a step: values on the path from state to state, which must run step by step. */
export interface Recurrence {
  readonly graph: Graph;
  readonly reverse: boolean;
  /** Values known for all steps before the first one runs. */
  readonly inputs: readonly Value[];
  readonly states: readonly { readonly before: Value; readonly after: Value }[];
  /** Values to return for every step. */
  readonly exports: readonly Value[];
  /** Whether gradients are requested, by number. */
  readonly tracked: {
    readonly inputs: readonly boolean[];
    readonly leaves: readonly boolean[];
    readonly matrices: readonly boolean[];
  };
  /** The leaf that holds a number. */
  readonly number: (value: number) => Value;
}

/** A program and the arrays it needs besides its inputs. */
export interface Plan {
  readonly program: Program;
  readonly arrays: ReadonlyMap<string, ArraySpec>;
}

export interface ForwardPlan extends Plan {
  /** Where the exports are, by number. */
  readonly exports: readonly Place[];
  /** Places of the values that the backward pass reads. */
  readonly kept: ReadonlyMap<Value, Place>;
}

export interface BackwardPlan extends Plan {
  /** Places of the gradients of all steps: of inputs, of leaves, and at products, together with the left factors. */
  readonly inputs: readonly (Place | null)[];
  readonly leaves: readonly { readonly index: number; readonly place: Place; readonly width: number }[];
  readonly products: readonly {
    readonly factor: Factor;
    readonly left: Place;
    readonly gradient: Place;
    readonly width: number;
  }[];
}

/** Values stored for all steps because recomputing them would be expensive. */
const expensive: ReadonlySet<PointOperation> = new Set<UnaryOperation | 'div'>([
  ...(['exp', 'log', 'sqrt', 'tanh', 'sigmoid', 'softplus', 'reciprocal', 'div'] as const),
]);

/** A value without the copies made of it. */
function bare(value: Value): Value {
  if (value.kind !== 'point' || value.operation !== 'copy' || value.inputs[0].width !== value.width) return value;
  return bare(value.inputs[0]);
}

/** Shifts of the slots that a step reads before and writes after, by direction. */
export const slots = (reverse: boolean): { readonly before: 0 | 1; readonly after: 0 | 1 } =>
  reverse ? { before: 1, after: 0 } : { before: 0, after: 1 };

/** The programs of a recurrence and of its gradient, compiled on demand. */
export class Core {
  readonly recurrence: Recurrence;
  readonly #wanted = new Map<Value, boolean>();
  readonly #plans = new Map<string, ForwardPlan | BackwardPlan>();

  constructor(recurrence: Recurrence) {
    this.recurrence = recurrence;
  }

  /** @param keep  whether there will be a backward pass */
  forward(keep: boolean): ForwardPlan {
    return this.#once(`forward ${keep}`, () => this.#forward(keep));
  }

  /**
   * @param given  which exports have gradients
   * @param watch  whether the gradients of the states are requested at every step
   */
  backward(given: readonly boolean[], watch: boolean): BackwardPlan {
    return this.#once(`backward ${given} ${watch}`, () => this.#backward(given, watch));
  }

  #once<P extends ForwardPlan | BackwardPlan>(key: string, make: () => P): P {
    const plan = (this.#plans.get(key) as P | undefined) ?? make();
    this.#plans.set(key, plan);
    return plan;
  }

  #forward(keep: boolean): ForwardPlan {
    const { states, exports, reverse } = this.recurrence;
    const shelf = new Shelf();
    const slot = slots(reverse);
    const results = states.map((state) => bare(state.after));
    states.forEach(({ before }, k) => {
      shelf.array(`state ${k}`, 'turns', before.width);
    });
    const keepOne = (value: Value): Place => this.#given(bare(value)) ?? placeOf(value);
    const placeOf = (value: Value): Place => {
      const own = bare(value);
      const k = states.findIndex(({ before }, index) => own === before || own === results[index]);
      if (k >= 0) {
        const place = shelf.array(`state ${k}`, 'T+1', own.width);
        shelf.put(states[k].before, { ...place, shift: slot.before });
        shelf.put(results[k], { ...place, shift: slot.after });
        return shelf.places.get(own)!;
      }
      if (own.kind === 'slice') {
        const whole = keepOne(own.of);
        return { ...whole, column: whole.column + own.start };
      }
      return shelf.keep(own, 'kept');
    };
    // Even a state that is a copy of an input: outputs must be new arrays.
    const exported = exports.map(placeOf);
    if (keep) this.#keepForBackward(shelf, keepOne);
    const stores = results.map((result, k): Store => [result, { array: `state ${k}`, shift: slot.after, column: 0 }]);
    const program = compile([...stores, ...shelf.stores], (value) =>
      value.kind === 'before' ? { array: `state ${value.state}`, shift: slot.before, column: 0 } : this.#given(value),
    );
    return { program, arrays: shelf.arrays, exports: exported, kept: shelf.places };
  }

  /** Stores what the backward pass reads and cannot cheaply recompute from values that are stored anyway. */
  #keepForBackward(shelf: Shelf, keepOne: (value: Value) => Place): void {
    const { exports, states, tracked } = this.recurrence;
    const gradients = this.#differentiate(exports.map(() => true));
    const forward = new Set(behind([...exports, ...states.map(({ after }) => after)]));
    const roots = [...gradients.of.values(), ...gradients.ofSingles.map(({ gradient }) => gradient)];
    const read = behind(roots, (value) => forward.has(value)).filter((value) => forward.has(value));
    for (const { factor } of gradients.products) if (tracked.matrices[factor.matrix]) keepOne(factor.left);
    const isThere = (value: Value): boolean => {
      if (this.#given(value) !== undefined || shelf.places.has(bare(value))) return true;
      if (value.kind === 'before') return shelf.arrays.get(`state ${value.state}`)!.steps === 'T+1';
      if (value.kind === 'slice') return isThere(value.of);
      return value.kind === 'point' && !expensive.has(value.operation) && value.inputs.every(isThere);
    };
    const cheap: Value[] = [];
    for (const value of read) {
      if (value.kind === 'point' && !expensive.has(value.operation)) cheap.push(value);
      else keepOne(value);
    }
    for (const value of cheap) if (!isThere(value)) keepOne(value);
  }

  #backward(given: readonly boolean[], watch: boolean): BackwardPlan {
    const { graph, inputs, states, reverse, tracked, number } = this.recurrence;
    const gradients = this.#differentiate(given);
    const slot = slots(!reverse);
    const shelf = new Shelf();
    const { kept } = this.forward(true);
    const wantedLeaves = [
      ...gradients.of,
      ...gradients.ofSingles.map(({ leaf, gradient }) => [leaf, gradient] as const),
    ].flatMap(([leaf, gradient]) => (leaf.kind === 'leaf' ? [{ index: leaf.index, gradient }] : []));
    const wantedProducts = gradients.products.filter(({ factor }) => tracked.matrices[factor.matrix]);
    const wantedInputs = inputs.map((input, i) => (tracked.inputs[i] ? (gradients.of.get(input) ?? null) : null));
    shelf.keepAll(
      [
        ...wantedInputs,
        ...wantedLeaves.map(({ gradient }) => gradient),
        ...wantedProducts.map(({ gradient }) => gradient),
      ].filter((value) => value !== null),
      'gradient',
    );
    const zero = (width: number): Value => graph.point('copy', [number(0)], width);
    const stores: Store[] = [...shelf.stores];
    states.forEach(({ before, after }, k) => {
      const place = shelf.array(`carry ${k}`, 'turns', before.width);
      stores.push([gradients.of.get(before) ?? zero(before.width), { ...place, shift: slot.after }]);
      if (!watch) return;
      stores.push([
        gradients.of.get(after) ?? graph.input(`carry ${k}`, after.width),
        shelf.array(`total ${k}`, 'T', after.width),
      ]);
    });
    const program = compile(stores, (value) => {
      if (value.kind !== 'input') return this.#given(value) ?? kept.get(bare(value));
      if (value.name.startsWith('carry')) return { array: value.name, shift: slot.before, column: 0 };
      return this.#given(value) ?? { array: value.name, shift: 0, column: 0 };
    });
    return {
      program,
      arrays: shelf.arrays,
      inputs: wantedInputs.map((value) => value && shelf.places.get(value)!),
      leaves: wantedLeaves.map(({ index, gradient }) => ({
        index,
        place: shelf.places.get(gradient)!,
        width: gradient.width,
      })),
      products: wantedProducts.map(({ factor, gradient }) => ({
        factor,
        left: this.#given(factor.left) ?? placeIn(kept, factor.left),
        gradient: shelf.places.get(gradient)!,
        width: gradient.width,
      })),
    };
  }

  #differentiate(given: readonly boolean[]): Gradients {
    const { graph, exports, states, inputs, number } = this.recurrence;
    const seeds = [
      ...exports.flatMap((value, i) => (given[i] ? [[value, graph.input(`d export ${i}`, value.width)] as const] : [])),
      ...states.map(({ after }, k) => [after, graph.input(`carry ${k}`, after.width)] as const),
    ];
    const ends = new Set([...inputs, ...states.map(({ before }) => before)]);
    return differentiate(graph, seeds, ends, (value) => this.#isWanted(value), number);
  }

  #isWanted(value: Value): boolean {
    let wanted = this.#wanted.get(value);
    if (wanted === undefined) {
      const { inputs, tracked } = this.recurrence;
      const input = inputs.indexOf(value);
      if (input >= 0) wanted = tracked.inputs[input];
      else if (value.kind === 'leaf') wanted = tracked.leaves[value.index] ?? false;
      else if (value.kind === 'before') wanted = true;
      else if (value.kind === 'product')
        wanted = value.factors.some(({ left, matrix }) => tracked.matrices[matrix] || this.#isWanted(left));
      else wanted = inputsOf(value).some((one) => this.#isWanted(one));
      this.#wanted.set(value, wanted);
    }
    return wanted;
  }

  /** Places of inputs and leaves. */
  #given(value: Value): Place | undefined {
    const input = this.recurrence.inputs.indexOf(value);
    if (input >= 0) return { array: `input ${input}`, shift: 0, column: 0 };
    return value.kind === 'leaf' ? { array: `leaf ${value.index}`, shift: 0, column: 0 } : undefined;
  }
}

/** The place of a stored value, or of the whole that it is part of. */
function placeIn(kept: ReadonlyMap<Value, Place>, value: Value): Place {
  const own = bare(value);
  const place = kept.get(own);
  if (place !== undefined || own.kind !== 'slice') return place!;
  const whole = placeIn(kept, own.of);
  return { ...whole, column: whole.column + own.start };
}
