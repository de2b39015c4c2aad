import { ConfigError, ScopeError, ShapeError, UnrolledError } from '../../errors.ts';
import { formatShape, sameShape } from '../../shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { Cell, CellState, CellStep } from './cell.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Tensor);

/**
 * Runs one step of a cell and checks what it returns. Errors name the cell and the step.
 * @param when  such as 'step 3'
 * @throws ShapeError or ConfigError if the step loses, renames or reshapes a part of the state, or has no output; and
 *   whatever the step throws, with the cell's name in front
 */
export function checkedStep<State extends CellState>(
  cell: Cell<State>,
  x: Tensor,
  state: State,
  when: string,
): CellStep<State> {
  const place = `cell '${cell.config.cell}', ${when}`;
  const result: unknown = naming(place, () => cell.step(x, state));
  const rows = x.shape[0];
  if (!isRecord(result) || !isRecord(result.state)) {
    throw new ConfigError(`${place}: it must return { output, state } with tensors, received ${describe(result)}`);
  }
  const { output, state: next } = result;
  if (!(output instanceof Tensor) || output.rank !== 2 || output.shape[0] !== rows) {
    throw new ShapeError(`${place}: output must be a tensor [${rows}, width], received ${describe(output)}`, {
      received: output instanceof Tensor ? output.shape : output,
    });
  }
  for (const [name, before] of Object.entries(state)) {
    const after = next[name];
    if (!(after instanceof Tensor)) {
      const names = Object.keys(next).map((part) => `'${part}'`);
      throw new ConfigError(
        `${place}: state part '${name}' is ${after === undefined ? 'missing' : describe(after)} after it; it had shape ` +
          `${formatShape(before.shape)} before, and the step returned ${names.join(', ') || 'no parts'}`,
        { part: name, returned: Object.keys(next) },
      );
    }
    if (!sameShape(after.shape, before.shape)) {
      throw new ShapeError(
        `${place}: state part '${name}' has shape ${formatShape(before.shape)} before it and ` +
          `${formatShape(after.shape)} after it; a step must keep every shape`,
        { part: name, before: before.shape, after: after.shape },
      );
    }
  }
  const added = Object.keys(next).find((name) => !Object.hasOwn(state, name));
  if (added !== undefined) {
    throw new ConfigError(
      `${place}: state part '${added}' was not in the state before it; give it a first value in initialState`,
      { part: added, expected: Object.keys(state) },
    );
  }
  return result as unknown as CellStep<State>;
}

/** Runs a part of a cell; errors keep their class and name where they were thrown. */
export function naming<Result>(place: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    const message = `${place}: ${error instanceof Error ? error.message : String(error)}`;
    if (!(error instanceof UnrolledError)) throw new ConfigError(message, {}, { cause: error });
    const Kind = error.constructor as new (...args: ConstructorParameters<typeof UnrolledError>) => UnrolledError;
    const outside = error instanceof ScopeError || /live on two devices/.test(error.message);
    const fix = outside ? '. A step must compute from x, its state and its parameters alone, and keep nothing' : '';
    throw new Kind(message + fix, { ...error.details }, { cause: error });
  }
}

function describe(value: unknown): string {
  if (value instanceof Tensor) return formatShape(value.shape);
  if (isRecord(value)) return `{ ${Object.keys(value).join(', ')} }`;
  return value === undefined ? 'nothing' : String(value);
}
