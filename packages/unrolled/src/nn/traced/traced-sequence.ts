import { applyAll } from '../../autodiff/operation.ts';
import { at } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Cell, CellSequence, CellState, SequenceOptions } from '../cells/cell.ts';
import { Core } from './core.ts';
import { type ScanCall, scanOperation } from './operation.ts';
import { Sequences } from './sequence.ts';
import { indexIn, type Trace, trace } from './trace.ts';
import { behind, inputsOf, type Value } from './value.ts';

export interface TracedOptions<State extends CellState> extends Omit<SequenceOptions<State>, 'lengths'> {
  /** `[T, B, 1]`: 1 where a row has a step, 0 where its state is carried; null: all rows have all. */
  readonly active: Tensor | null;
  /** Whether `at` will be called for states and gates. */
  readonly observed: boolean;
}

/**
 * Runs a cell over a sequence by a program compiled from its step: values that do not depend on the state are computed for
 * all steps at once, the rest step by step in one operation of the backend, forward and backward. Outputs are 0 beyond a
 * row's length.
 *
 * @throws Untraceable if the step cannot be compiled
 */
export function tracedSequence<State extends CellState>(
  cell: Cell<State>,
  xs: Tensor,
  initial: State,
  { reverse, active, observed, onGradient }: TracedOptions<State>,
): CellSequence<State> {
  const { device } = xs;
  const [T, B, F] = xs.shape;
  const traced = trace(cell as unknown as Cell, xs.view([B, F], reverse ? (T - 1) * B * F : 0), initial);
  const step = masked(traced, active !== null);
  const { graph, leaves, matrices, states } = traced;
  const isLate = lateness(step.states);
  const wanted = [step.output, ...(observed ? [...step.states, ...step.gates] : [])];
  const exports = [...new Set(wanted.flatMap((value) => exportsFor(value, isLate)))];

  const isKnown = (value: Value): boolean => !value.recurrent && (value.kind === 'input' || value.kind === 'product');
  const inputs = behind([...step.states, ...exports], isKnown).filter(isKnown);
  const known = new Map<Value, Tensor>([[graph.input('x', F), xs]]);
  if (active !== null) known.set(graph.input('active', 1), active);
  const sequences = new Sequences(xs, known, leaves, matrices);
  const inputTensors = inputs.map((value) => sequences.of(value));
  const leafTensors = leaves.filter((leaf) => typeof leaf !== 'number');
  const operands = [...inputTensors, ...leafTensors, ...matrices, ...Object.values(initial)];
  const core = new Core({
    graph,
    reverse,
    inputs,
    states: states.map(({ before }, k) => ({ before, after: step.states[k] })),
    exports,
    tracked: {
      inputs: inputTensors.map(({ tracked }) => tracked),
      leaves: leaves.map((leaf) => typeof leaf !== 'number' && leaf.tracked),
      matrices: matrices.map(({ tracked }) => tracked),
    },
    number: (value) => graph.leaf(indexIn(leaves, value), 1),
  });
  const named = (parts: readonly Tensor[]): State =>
    Object.fromEntries(states.map(({ name }, k) => [name, parts[k]])) as State;
  const call: ScanCall = {
    core,
    steps: T,
    rows: B,
    keep: device.recording && operands.some(({ tracked }) => tracked),
    leaves,
    matrixCount: matrices.length,
    onGradient:
      onGradient &&
      ((totals) => {
        for (let s = T - 1; s >= 0; s--) {
          const t = reverse ? T - 1 - s : s;
          onGradient(t, named(totals.map((total) => at(total, t))));
        }
      }),
  };
  const results = applyAll(scanOperation, operands, call);
  exports.forEach((value, i) => {
    known.set(value, results[i]);
  });
  const seen = (values: readonly Value[], t: number) => values.map((value) => at(sequences.of(value), t));
  return {
    outputs: sequences.of(step.output),
    state: named(results.slice(exports.length)),
    at: (t) => {
      const gates = seen(step.gates, t);
      return {
        state: named(seen(step.states, t)),
        gates: Object.fromEntries(traced.gates.map(({ name }, i) => [name, gates[i]])),
      };
    },
  };
}

/** The step with masking: a row that has ended carries its state and outputs 0. */
function masked({ graph, output, outputState, states, gates, leaves }: Trace, isMasked: boolean) {
  const active = graph.input('active', 1);
  const choose = (value: Value, other: Value): Value =>
    isMasked ? graph.point('select', [active, value, other], value.width) : value;
  const after = states.map((state, k) => graph.after(k, choose(state.after, state.before)));
  // Where the output is part of the state, output the next state's part.
  const given = outputState < 0 ? output : after[outputState];
  const zero = graph.leaf(indexIn(leaves, 0), 1);
  return { output: choose(given, zero), states: after, gates: gates.map(({ value }) => value) };
}

/** Whether a value needs a product that the next state does not depend on: it is faster for all steps at once. */
function lateness(states: readonly Value[]): (value: Value) => boolean {
  const onTheWay = new Set(behind(states));
  const known = new Map<Value, boolean>();
  const isLate = (value: Value): boolean => {
    let late = known.get(value);
    if (late === undefined) {
      late = value.recurrent && ((value.kind === 'product' && !onTheWay.has(value)) || inputsOf(value).some(isLate));
      known.set(value, late);
    }
    return late;
  };
  return isLate;
}

/** The recurrent values that the recurrence must export to compute a value. */
function exportsFor(value: Value, isLate: (value: Value) => boolean): Value[] {
  if (!value.recurrent) return [];
  return isLate(value) ? inputsOf(value).flatMap((input) => exportsFor(input, isLate)) : [value];
}
