import type { Backend, BackendDescription, Dtype, FloatType, MemoryUse, Storage } from '../backend/backend.ts';
import { shown } from '../checks.ts';
import { ConfigError, MemoryError, ScopeError, ShapeError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../shape.ts';
import { givenNumbers, type NestedNumbers } from './given-numbers.ts';
import type { TensorOperations } from './operations.ts';
import { Allocation, Memory, Scope } from './scope.ts';
import { Tensor } from './tensor.ts';
import { type Numbers, numbersOf, tensorsIn } from './tensors-in.ts';

/** Operations on which tensors are recorded. */
type Recorded = 'nothing' | 'tracked' | 'all';

/**
 * A device to compute on: creates tensors and owns their memory.
 *
 * Memory follows scopes. What is allocated inside `device.scope(…)` is released when the scope ends, except what
 * the function returns; memory allocated outside of any scope lives as long as it is referenced.
 */
export class Device {
  readonly backend: Backend;
  /** What the methods of its tensors call. */
  readonly operations: TensorOperations;
  #scope: Scope | null = null;
  #recording: Recorded = 'tracked';
  /** Number of transfers between JavaScript and the device: shows whether a function read or wrote numbers. */
  transfers = 0;
  #closed = false;
  #unreferenced: FinalizationRegistry<Memory>;

  /** `createDevice(backend)` calls this with the library's operations. */
  constructor(backend: Backend, operations: TensorOperations) {
    this.backend = backend;
    this.operations = operations;
    this.#unreferenced = new FinalizationRegistry((memory) => this.#give(memory));
  }

  /** The floating-point type of this device's tensors. */
  get float(): FloatType {
    return this.backend.float;
  }

  describe(): BackendDescription {
    return this.backend.describe();
  }

  memory(): MemoryUse {
    return this.backend.memory();
  }

  /** Closes the device and releases everything on it. */
  close(): void {
    this.#closed = true;
    this.backend.close();
  }

  // ── making tensors ──────────────────────────────────────────────────────────────────────────────────────

  /**
   * A tensor of numbers, given nested (`[[1, 2], [3, 4]]`) or flat with a shape.
   * @throws ShapeError if the numbers do not fill the shape, or nested rows differ in length; DataError if a value is not a
   *   number
   */
  tensor(values: NestedNumbers | ArrayLike<number>, shape?: Shape, dtype: Dtype = this.float): Tensor {
    const { flat, shape: wanted } = givenNumbers(values, shape, dtype);
    const result = this.empty(wanted, dtype);
    if (dtype === 'int32') result.allocation.numbers = new Int32Array(flat);
    this.backend.write(result, result.allocation.numbers ?? flat);
    this.transfers++;
    return result;
  }

  /** Whole numbers, such as token ids. @throws DataError if a value is not a whole number from −2³¹ to 2³¹ − 1 */
  ids(values: NestedNumbers | ArrayLike<number>, shape?: Shape): Tensor {
    return this.tensor(values, shape, 'int32');
  }

  zeros(shape: Shape): Tensor {
    return this.full(shape, 0);
  }

  ones(shape: Shape): Tensor {
    return this.full(shape, 1);
  }

  full(shape: Shape, value: number): Tensor {
    const result = this.empty(shape);
    this.backend.fill(result, value);
    result.fill = value;
    return result;
  }

  /** A tensor with undefined content, for operations that overwrite all of it. */
  empty(shape: Shape, dtype: Dtype = this.float): Tensor {
    for (const extent of shape) {
      if (!Number.isInteger(extent) || extent < 0) {
        throw new ShapeError(`tensor: shape ${formatShape(shape)} has an extent that is not a whole number ≥ 0`, {
          shape,
        });
      }
    }
    const size = sizeOf(shape);
    return new Tensor(this, this.#own(new Memory(this.#allocate(dtype, size), size)), 0, shape);
  }

  /**
   * A flat tensor that begins with the numbers of x and has `more` undefined ones after them. Where nothing has been put behind x
   * yet, and there is room, it shares the memory of x; else x is copied to where there is room for half as much again. Each of
   * the two lives as long as its own scope.
   */
  extend(x: Tensor, more: number): Tensor {
    const { memory } = x.allocation;
    const size = x.size + more;
    const end = x.offset + x.size;
    if (memory.used === end && end + more <= x.storage.length) {
      memory.used += more;
      memory.owners++;
      return new Tensor(this, this.#own(memory), x.offset, [size]);
    }
    const longer = this.empty([Math.ceil(1.5 * size)], x.dtype);
    longer.allocation.memory.used = size;
    this.backend.copy(x, longer.view(x.shape));
    return longer.view([size]);
  }

  #own(memory: Memory): Allocation {
    const allocation = new Allocation(memory, this.#scope);
    if (this.#scope === null) this.#unreferenced.register(allocation, memory, allocation);
    else this.#scope.allocations.add(allocation);
    return allocation;
  }

  #allocate(dtype: Dtype, length: number): Storage {
    try {
      return this.backend.allocate(dtype, length);
    } catch (error) {
      if (!(error instanceof MemoryError) || this.#scope !== null) throw error;
      throw new MemoryError(
        `${error.message}. Tensors made outside of a scope stay until garbage is collected: run each step in ` +
          'device.scope(() => …)',
        error.details,
        { cause: error },
      );
    }
  }

  // ── scopes ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Runs `body`; everything it allocated is released at the end, except tensors in what it returns (a tensor, or
   * arrays and plain objects with tensors in them), which then belong to the surrounding scope.
   *
   * @example
   * const loss = device.scope(() => model.loss(batch).item());
   * @throws ScopeError if `body` is async: a scope ends when its function returns
   */
  scope<Result>(body: () => Result): Result {
    const scope = new Scope(this.#scope);
    this.#scope = scope;
    try {
      const result = body();
      requireSynchronous('scope', result);
      for (const tensor of tensorsIn(result)) this.#move(tensor.allocation, scope, scope.parent);
      return result;
    } finally {
      this.#scope = scope.parent;
      for (const allocation of scope.allocations) this.#release(allocation);
    }
  }

  /**
   * Runs `body` in a scope and reads the tensors in what it returns (a tensor, or arrays and plain objects with tensors in
   * them): each becomes a typed array of its numbers, row-major. Works on every device, whether it answers at once or later.
   *
   * @example
   * const [logits] = await device.read(() => [model.apply(xs)]);
   * @throws ScopeError if `body` is async
   */
  async read<Result>(body: () => Result): Promise<Numbers<Result>> {
    let pending: unknown;
    // What is read is the content at this moment, so it may be released at once.
    this.scope(() => {
      const result = body();
      requireSynchronous('read', result);
      pending = numbersOf(result);
    });
    return (await pending) as Numbers<Result>;
  }

  /**
   * A scope for one step of a loop that carries tensors, such as a hidden state: runs `body` with the carried tensors (null
   * before the first step) and releases them at the end, except those returned again. With `scope` the states of all
   * steps would stay in memory until garbage is collected.
   *
   * @example
   * let state: { h: Tensor } | null = null;
   * for (const xs of chunks) {
   *   state = device.carry(state, (before) => ({ h: unroll(cell, xs, before).state.h.detach() }));
   * }
   */
  carry<State>(carried: State | null, body: (carried: State | null) => State): State {
    const result = this.scope(() => body(carried));
    this.#releaseAll(carried, result);
    return result;
  }

  /**
   * `carry` and `read` in one, for a loop that carries tensors from step to step and reads numbers at each, such as
   * generation. The carried tensors outlive scopes; `release` the last ones.
   * @param body  returns what is carried on, and what is read
   *
   * @example
   * let state: StackState | null = null;
   * for (const ids of chunks) {
   *   let losses: TypedArray;
   *   [state, losses] = await device.carryAndRead(state, (before) => {
   *     const run = model.losses(ids, …, { state: before });
   *     return [run.state, run.losses];
   *   });
   * }
   * device.release(state);
   */
  async carryAndRead<State, Result>(
    carried: State | null,
    body: (carried: State | null) => readonly [State, Result],
  ): Promise<[State, Numbers<Result>]> {
    let reading: Promise<Numbers<Result>> | undefined;
    const state = this.carry<State>(carried, (before) => {
      const [next, result] = body(before);
      reading = this.read(() => result);
      return next;
    });
    this.keep(state);
    return [state, await reading!];
  }

  /** Releases kept tensors now, rather than when garbage is collected. */
  release(value: unknown): void {
    this.#releaseAll(value, null);
  }

  #releaseAll(value: unknown, except: unknown): void {
    const kept = new Set(Array.from(tensorsIn(except), ({ allocation }) => allocation));
    for (const { allocation } of tensorsIn(value)) {
      if (kept.has(allocation)) continue;
      if (allocation.scope === null) this.#unreferenced.unregister(allocation);
      else allocation.scope.allocations.delete(allocation);
      this.#release(allocation);
    }
  }

  /** Detaches tensors from all scopes: they live as long as they are referenced. Returns its argument. */
  keep<Value>(value: Value): Value {
    for (const { allocation } of tensorsIn(value)) {
      if (allocation.scope !== null && !allocation.released) this.#move(allocation, allocation.scope, null);
    }
    return value;
  }

  #move(allocation: Allocation, from: Scope, to: Scope | null): void {
    if (!from.allocations.delete(allocation)) return;
    allocation.scope = to;
    if (to === null) this.#unreferenced.register(allocation, allocation.memory, allocation);
    else to.allocations.add(allocation);
  }

  #release(allocation: Allocation): void {
    if (allocation.released) return;
    allocation.released = true;
    this.#give(allocation.memory);
  }

  /** Closing released all memory at once; tensors that are finalised later must not release theirs again. */
  #give(memory: Memory): void {
    memory.owners--;
    if (memory.owners === 0 && !this.#closed) this.backend.release(memory.storage);
  }

  // ── recording ───────────────────────────────────────────────────────────────────────────────────────────

  /** Whether operations on tracked tensors are being recorded for gradients. */
  get recording(): boolean {
    return this.#recording !== 'nothing';
  }

  /** Whether operations on tensors that are not tracked are recorded, too. */
  get recordingAll(): boolean {
    return this.#recording === 'all';
  }

  /** Runs `body` without recording gradients, as for evaluation and sampling. */
  withoutGradients<Result>(body: () => Result): Result {
    return this.#whileRecording('nothing', body);
  }

  /** Runs `body` with recording, even inside `withoutGradients`, for results that are themselves gradients. */
  withGradients<Result>(body: () => Result): Result {
    return this.#whileRecording('tracked', body);
  }

  /** Like `withGradients`, but records every operation, tracked or not, to trace a function. */
  recordAll<Result>(body: () => Result): Result {
    return this.#whileRecording('all', body);
  }

  #whileRecording<Result>(what: Recorded, body: () => Result): Result {
    const before = this.#recording;
    this.#recording = what;
    try {
      const result = body();
      requireSynchronous('recording', result);
      return result;
    } finally {
      this.#recording = before;
    }
  }
}

/** @throws ConfigError when tensors of two devices meet */
export function commonDevice(operation: string, tensors: readonly (Tensor | null)[]): Device {
  let device: Device | null = null;
  for (const tensor of tensors) {
    if (tensor === null) continue;
    if (device !== null && tensor.device !== device) {
      throw new ConfigError(`${operation}: its tensors live on two devices; make them on one`, { operation });
    }
    device = tensor.device;
  }
  if (device === null) throw new ConfigError(`${operation}: needs at least one tensor`, { operation });
  return device;
}

/**
 * @throws ScopeError if the result of a function is a promise or another thenable: what it computes later would run when
 *   the scope has ended
 */
function requireSynchronous(operation: string, result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  // Nobody awaits it: its rejection must not terminate the process.
  if (Object.prototype.toString.call(result) === '[object Promise]')
    (result as Promise<unknown>).then(nothing, nothing);
  throw new ScopeError(`${operation}: the function is async; await outside of it and compute inside`);
}

const nothing = (): void => {};

/** @throws ConfigError unless this is a device; a promise of one is named as such */
export function requireDevice(operation: string, device: unknown): void {
  if (device instanceof Device) return;
  const isPromise = typeof (device as PromiseLike<unknown> | null | undefined)?.then === 'function';
  throw new ConfigError(
    `${operation}: ${isPromise ? 'the device is a promise; use await openDevice()' : `needs a device from openDevice(), received ${shown(device)}`}`,
    { operation },
  );
}
