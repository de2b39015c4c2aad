import { ConfigError, ShapeError } from '../errors.ts';
import { reshape, select, stack, tap, unstack } from '../ops/index.ts';
import { formatShape } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Cell, CellSequence, CellState } from './cells/cell.ts';
import { checkedStep } from './cells/checked-step.ts';
import { type HeldUnit, withHeldUnits } from './held-units.ts';
import { activeSteps, replacePadding } from './lengths.ts';
import { requireState } from './state-check.ts';
import { Untraceable } from './traced/trace.ts';
import { tracedSequence } from './traced/traced-sequence.ts';

/** Observes the states and gates of a cell while it is unrolled. Without a probe nothing is copied. */
export interface Probe<State extends CellState = CellState> {
  /** Receives state and gates after step t, in the order in which the steps run. */
  step?(t: number, seen: { readonly state: State; readonly gates: Readonly<Record<string, Tensor>> }): void;
  /** Receives ∂L/∂state of step t, through all later steps; called in the backward pass, last step first. */
  gradient?(t: number, gradient: State): void;
}

export interface UnrollOptions<State extends CellState = CellState> {
  /** The number of steps of each row, `[B]`; later steps change neither state nor gradient, and their output is 0. */
  readonly lengths?: readonly number[] | null;
  /** Run from the last step to the first. Default false. */
  readonly reverse?: boolean;
  readonly probe?: Probe<State>;
  /** Units clamped to a value at every step; see `withHeldUnits`. Default: none. */
  readonly hold?: readonly HeldUnit[];
  /**
   * How to run the cell; all forms compute the same.
   *
   * - 'fused': the backend's layer for this cell;
   * - 'traced': a program compiled from the cell's step, run over the whole sequence as one operation;
   * - 'steps': the step itself, called once per time step.
   *
   * Default: the first of these that the cell supports.
   */
  readonly form?: UnrollForm;
}

export type UnrollForm = 'fused' | 'traced' | 'steps';

export interface Unrolled<State extends CellState = CellState> {
  /** `[T, B, H]` (H: the cell's width), always in the order of time. */
  readonly outputs: Tensor;
  /** The state after the last step that ran. */
  readonly state: State;
}

/**
 * Applies a cell along a sequence: xs `[T, B, F]` → outputs `[T, B, H]`, with the same weights at every step.
 *
 * @param state  before the first step. Default: the cell's initial state
 * @throws ShapeError if xs is not `[T, B, F]`, or lengths or the state do not fit it; ConfigError if the cell does
 *   not support `form`, or has no unit that `hold` names
 *
 * @example
 * const { outputs, state } = unroll(cell, xs);
 * const next = unroll(cell, moreXs, state);     // continues from the final state
 */
export function unroll<State extends CellState>(
  cell: Cell<State>,
  xs: Tensor,
  state?: State | null,
  options: UnrollOptions<State> = {},
): Unrolled<State> {
  if (xs.rank !== 3) {
    throw new ShapeError(`unroll: the input must be [T, B, F], received ${formatShape(xs.shape)}`, { xs: xs.shape });
  }
  const [T, B] = xs.shape;
  const lengths = options.lengths ?? null;
  if (lengths !== null && (lengths.length !== B || lengths.some((n) => !Number.isInteger(n) || n < 0 || n > T))) {
    throw new ShapeError(
      `unroll: lengths must be ${B} whole numbers from 0 to ${T} for input ${formatShape(xs.shape)}, received [${lengths}]`,
      { lengths, xs: xs.shape },
    );
  }
  const initial = state ?? cell.initialState(B, xs.device);
  if (state) requireState(cell, state, B);
  const { hold = [] } = options;
  if (hold.length > 0) {
    return unroll(withHeldUnits(cell, hold, initial), xs, initial, { ...options, hold: undefined });
  }
  // A NaN in the padding would reach gradients as 0 · NaN. 1 is the safest replacement: x / |x| and log x are defined there.
  const inputs = lengths === null ? xs : replacePadding(xs, lengths, 1);
  return unrollForm(cell, inputs, initial, lengths, options);
}

function unrollForm<State extends CellState>(
  cell: Cell<State>,
  xs: Tensor,
  initial: State,
  lengths: readonly number[] | null,
  options: UnrollOptions<State>,
): Unrolled<State> {
  const [T] = xs.shape;
  const { form = null } = options;
  if (T === 0 || form === 'steps') return unrollSteps(cell, xs, initial, lengths, options);
  if (form === 'fused' && !cell.sequence) {
    throw new ConfigError(`unroll: cell '${cell.config.cell}' has no fused form; use form 'traced'`, { form });
  }
  if (cell.sequence && form !== 'traced') return unrollFused(cell, xs, initial, lengths, options);
  // Tracing costs more than it saves on a single step.
  if (form === null && T === 1) return unrollSteps(cell, xs, initial, lengths, options);
  try {
    return unrollTraced(cell, xs, initial, lengths, options);
  } catch (error) {
    if (!(error instanceof Untraceable)) throw error;
    if (form === null) return unrollSteps(cell, xs, initial, lengths, options);
    throw new ConfigError(
      `unroll: the step of cell '${cell.config.cell}' cannot be traced: ${error.message}; use form 'steps'`,
      { form },
      { cause: error },
    );
  }
}

function unrollTraced<State extends CellState>(
  cell: Cell<State>,
  xs: Tensor,
  initial: State,
  lengths: readonly number[] | null,
  { reverse = false, probe }: UnrollOptions<State>,
): Unrolled<State> {
  const { device } = xs;
  const [T, B] = xs.shape;
  const { outputs, state, at } = tracedSequence(cell, xs, initial, {
    reverse,
    active: lengths && activeSteps(lengths, T, device).view([T, B, 1]),
    observed: probe?.step !== undefined,
    onGradient: probe?.gradient?.bind(probe),
  });
  show(probe, T, reverse, device, at);
  return { outputs, state };
}

/** Calls the probe for all steps, in the order in which they run. */
function show<State extends CellState>(
  probe: Probe<State> | undefined,
  T: number,
  reverse: boolean,
  device: Device,
  at: CellSequence<State>['at'],
): void {
  if (!probe?.step) return;
  for (const t of walk(T, reverse)) {
    probe.step(
      t,
      device.withoutGradients(() => at(t)),
    );
  }
}

function unrollFused<State extends CellState>(
  cell: Cell<State>,
  xs: Tensor,
  initial: State,
  lengths: readonly number[] | null,
  { reverse = false, probe }: UnrollOptions<State>,
): Unrolled<State> {
  const { device } = xs;
  const [T] = xs.shape;
  const { outputs, state, at } = cell.sequence!(xs, initial, {
    reverse,
    lengths: lengths && device.ids(lengths),
    onGradient: probe?.gradient?.bind(probe),
  });
  show(probe, T, reverse, device, at);
  return { outputs: lengths ? replacePadding(outputs, lengths, 0) : outputs, state };
}

function unrollSteps<State extends CellState>(
  cell: Cell<State>,
  xs: Tensor,
  initial: State,
  lengths: readonly number[] | null,
  { reverse = false, probe }: UnrollOptions<State>,
): Unrolled<State> {
  const { device } = xs;
  const [T, B] = xs.shape;
  const inputs = unstack(xs);
  const active = lengths && unstack(activeSteps(lengths, T, device).view([T, B, 1]));
  const outputs = new Array<Tensor>(T);
  let state = initial;
  for (const t of walk(T, reverse)) {
    const step = checkedStep(cell, inputs[t], state, `step ${t}`);
    let { output, state: next } = step;
    if (active) {
      const before = state;
      next = mapState(next, (part, name) => {
        const mask = reshape(active[t], [B, ...part.shape.slice(1).fill(1)]);
        return select(mask, part, before[name]);
      });
      output = select(active[t], output, 0);
    }
    if (probe?.gradient) {
      const watched = watch(next, output, (gradient) => probe.gradient!(t, gradient));
      next = watched.state;
      // Where the output is a part of the state, the layer must output the watched part.
      const same = Object.keys(next).find((name) => step.state[name] === step.output);
      if (same === undefined) output = watched.output;
      else output = active ? select(active[t], next[same], 0) : next[same];
    }
    probe?.step?.(t, { state: next, gates: step.gates ?? {} });
    outputs[t] = output;
    state = next;
  }
  return { outputs: T > 0 ? stack(outputs) : device.zeros([0, B, cell.width]), state };
}

function* walk(T: number, reverse: boolean): Generator<number> {
  for (let i = 0; i < T; i++) yield reverse ? T - 1 - i : i;
}

function mapState<State extends CellState>(state: State, change: (part: Tensor, name: string) => Tensor): State {
  return Object.fromEntries(Object.entries(state).map(([name, part]) => [name, change(part, name)])) as State;
}

/** State and output of a step; `onGradient` is called with the state's gradient in the backward pass. */
function watch<State extends CellState>(
  state: State,
  output: Tensor,
  onGradient: (gradient: State) => void,
): { state: State; output: Tensor } {
  const names = Object.keys(state);
  const named = (parts: readonly Tensor[]): State =>
    Object.fromEntries(names.map((name, index) => [name, parts[index]])) as State;
  const tapped = tap([...Object.values(state), output], (gradients) => onGradient(named(gradients)));
  return { state: named(tapped), output: tapped[names.length] };
}
