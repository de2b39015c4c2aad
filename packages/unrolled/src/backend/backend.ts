/**
 * The interface of a backend: what another device must provide.
 * @module backend
 */

import type { Shape } from '../shape.ts';
import type { AttentionBackward, AttentionForward } from './attention.ts';
import type {
  Activation,
  BatchNormAffine,
  BatchNormBackward,
  BatchNormForward,
  ConvolutionForward,
  ConvolutionInputGrad,
  ConvolutionWeightGrad,
  PoolBackward,
  PoolForward,
} from './convolution.ts';
import type { Scan } from './scan.ts';

/**
 * What a backend must have: memory, and operations of which all others can be composed. A backend owns memory and computes,
 * and has no notion of tensors, gradients or layers. All arrays are contiguous and row-major; results are written to blocks
 * that the caller allocated and do not overlap inputs unless an operation allows it. The caller checks shapes, and those ids
 * that it knows: ids that the device has computed may be out of range, and then reach no memory outside of the table.
 */
export interface CoreBackend {
  readonly name: string;
  /** The floating-point type of every non-integer array on this backend. */
  readonly float: FloatType;
  /** Whether `readSync` works; false where reads are asynchronous only, as on a GPU. */
  readonly readsAtOnce: boolean;

  /** A description of this backend for people: name, SIMD, threads, and what limits them. */
  describe(): BackendDescription;
  /** Stops workers and frees memory. Using the backend afterwards is an error. */
  close(): void;

  // ── memory ──────────────────────────────────────────────────────────────────────────────────────────────
  /** `length` elements of undefined content. @throws MemoryError with `details.bytesNeeded` */
  allocate(dtype: Dtype, length: number): Storage;
  release(storage: Storage): void;
  /** Bytes in use, the peak, and the limit. */
  memory(): MemoryUse;
  write(out: Block, values: ArrayLike<number>): void;
  /** A copy of the block's content as it is when this is called, whatever is computed or released afterwards. */
  read(x: Block): Promise<TypedArray>;
  /** Synchronous `read`. @throws DeviceError unless `readsAtOnce` */
  readSync(x: Block): TypedArray;

  // ── moving ──────────────────────────────────────────────────────────────────────────────────────────────
  fill(out: Block, value: number): void;
  /** out ← x, same number of elements; converted between int32 (towards 0) and float where the types differ. */
  copy(x: Block, out: Block): void;
  /**
   * out[Σ i·outStrides] ← (or += where `accumulate`) x[Σ i·xStrides] for every index i below `extents`. Strides in
   * elements, 0 or negative allowed for x; starts count from the blocks' first element. Serves transpose, slice,
   * concatenation, flip and broadcast, forward and backward.
   */
  stridedCopy(
    x: Block,
    xView: StridedView,
    out: Block,
    outView: StridedView,
    extents: Shape,
    accumulate: boolean,
  ): void;

  // ── computing ───────────────────────────────────────────────────────────────────────────────────────────
  unary(operation: UnaryOperation, x: Block, out: Block): void;
  /** out ← a ∘ b with NumPy broadcasting to out's shape. */
  binary(operation: BinaryOperation, a: Block, b: Block, out: Block): void;
  /** out ← condition ≠ 0 ? a : b; all of one shape; a, b and out of one type, int32 too. */
  select(condition: Block, a: Block, b: Block, out: Block): void;
  /** x read as [outer, n, inner] → out [outer, inner]. */
  reduce(operation: ReduceOperation, x: Block, out: Block, outer: number, n: number, inner: number): void;
  /** out [batch, m, n] ← (+=) op(a) · op(b); a is [batch, m, k] or, transposed, [batch, k, m]. */
  matmul(a: Block, b: Block, out: Block, product: MatrixProduct): void;
  /** out[i, :] ← table[ids[i], :], NaN where the id is not in the table. */
  gather(table: Block, ids: Block, out: Block): void;
  /** dTable[ids[i], :] += dOut[i, :], in order of i; nothing where the id is not in the table. */
  scatterAdd(dOut: Block, ids: Block, dTable: Block): void;
}

/**
 * Operations that a backend may have to be faster, or more exact. Those that it lacks are composed of its core
 * (`backend/composed`), on the device: nothing is read.
 */
export interface FusedOperations {
  // ── element-wise ────────────────────────────────────────────────────────────────────────────────────────
  /** dx ← dy ⊙ f′(x), with y = f(x) given. */
  unaryGrad(operation: UnaryOperation, x: Block, y: Block, dy: Block, dx: Block): void;
  /** out ← activation(a + b), all of one shape. */
  addActivated(a: Block, b: Block, out: Block, activation: Activation): void;
  /** y ← y + αx, same number of elements. */
  axpy(alpha: number, x: Block, y: Block): void;
  /**
   * Inverted dropout: out ← kept ? x/(1−rate) : 0, where element i is kept when
   * mix32(mix32(i) + seed) ≥ rate·2³². Its own gradient. out may be x.
   */
  dropout(x: Block, out: Block, rate: number, seed: number): void;

  // ── reductions and rows ─────────────────────────────────────────────────────────────────────────────────
  /** Index of the first maximum; out is int32. */
  argmax(x: Block, out: Block, outer: number, n: number, inner: number): void;
  /** out[0] ← √Σ x²; the sum does not overflow where its root is a float32. */
  norm(x: Block, out: Block): void;
  /** Over the last axis, n wide. */
  softmax(x: Block, out: Block, n: number): void;
  logSoftmax(x: Block, out: Block, n: number): void;
  softmaxGrad(y: Block, dy: Block, dx: Block, n: number): void;
  logSoftmaxGrad(y: Block, dy: Block, dx: Block, n: number): void;
  /**
   * logits [R, V], targets int32 [R] → losses [R] = log Σ exp(logits) − logits[target], in nats; 0 where the target is
   * negative, NaN where it is not below V. Keeps the log-normaliser [R] for the gradient.
   */
  crossEntropy(logits: Block, targets: Block, losses: Block, logNormaliser: Block): void;
  /** dLogits ← dLoss · (softmax(logits) − onehot(target)) in each row: 0 where the target is negative, NaN where not below V. */
  crossEntropyGrad(logits: Block, targets: Block, logNormaliser: Block, dLosses: Block, dLogits: Block): void;
  /** y = gain ⊙ (x − mean)/√(variance + ε) + bias over the last axis; gain and bias may be absent. */
  layerNorm(n: LayerNormForward): void;
  /** Overwrites dx; adds to dGain and dBias where given. */
  layerNormGrad(n: LayerNormBackward): void;

  // ── images ──────────────────────────────────────────────────────────────────────────────────────────────
  convolution(convolution: ConvolutionForward): void;
  convolutionInputGrad(convolution: ConvolutionInputGrad): void;
  convolutionWeightGrad(convolution: ConvolutionWeightGrad): void;
  pool(pool: PoolForward): void;
  poolGrad(pool: PoolBackward): void;
  batchNorm(norm: BatchNormForward): void;
  batchNormGrad(norm: BatchNormBackward): void;
  batchNormAffine(norm: BatchNormAffine): void;

  // ── attention ───────────────────────────────────────────────────────────────────────────────────────────
  attention(given: AttentionForward): void;
  attentionGrad(given: AttentionBackward): void;

  // ── recurrence ──────────────────────────────────────────────────────────────────────────────────────────
  /** A whole recurrent layer over all its time steps. */
  recurrent(layer: RecurrentForward): void;
  /** Backpropagation through time over the same layer. Consumes `gates` and `extra`. */
  recurrentGrad(layer: RecurrentBackward): void;
  /**
   * A step program over all its time steps. Different arrays do not overlap; an instruction does not read what it writes,
   * except elementwise.
   */
  scan(scan: Scan): void;

  // ── learning ────────────────────────────────────────────────────────────────────────────────────────────
  /** One update of a flat parameter buffer, which changes nothing where the norm or the loss is not finite. */
  optimize(update: OptimizerUpdate): void;
}

/** A backend with every operation, its own or composed: what a device computes on. */
export interface Backend extends CoreBackend, FusedOperations {}

/** A backend as it is written: its core, and any of the fused operations. */
export type PartialBackend = CoreBackend & Partial<FusedOperations>;

export type FloatType = 'float32' | 'float64';
export type Dtype = FloatType | 'int32';
export type TypedArray = Float32Array | Float64Array | Int32Array;

/** Memory of one backend, opaque to all others. */
export interface Storage {
  readonly dtype: Dtype;
  readonly length: number;
}

/** A contiguous row-major part of a storage: what every operation reads and writes. */
export interface Block {
  readonly storage: Storage;
  /** First element, counted from the storage's start. */
  readonly offset: number;
  readonly shape: Shape;
}

export interface StridedView {
  readonly start: number;
  readonly strides: readonly number[];
}

export interface BackendDescription {
  readonly name: string;
  readonly float: FloatType;
  readonly threads: number;
  /** A description for people, such as "WebAssembly, relaxed SIMD (fused multiply-add)". */
  readonly notes: readonly string[];
  /** The same as data: what was chosen, and why. The keys depend on the backend. */
  readonly details?: Readonly<Record<string, string | null>>;
}

export interface MemoryUse {
  readonly bytes: number;
  readonly peakBytes: number;
  readonly limitBytes: number;
}

export const unaryOperations = [
  'neg',
  'exp',
  'log',
  'sqrt',
  'abs',
  'square',
  'reciprocal',
  'sign',
  'tanh',
  'sigmoid',
  'relu',
  'softplus',
  'relu6',
  'gelu',
  'geluTanh',
  'silu',
] as const;
export type UnaryOperation = (typeof unaryOperations)[number];

export const binaryOperations = [
  'add',
  'sub',
  'mul',
  'div',
  'min',
  'max',
  'greater',
  'greaterEqual',
  'equal',
  'less',
  'lessEqual',
] as const;
export type BinaryOperation = (typeof binaryOperations)[number];

export const reduceOperations = ['sum', 'max', 'min'] as const;
export type ReduceOperation = (typeof reduceOperations)[number];

export interface MatrixProduct {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly accumulate: boolean;
  /** One right side [k, n] for all products of the batch, which then counts as rows. */
  readonly sharedB: boolean;
}

export interface LayerNormForward {
  readonly x: Block;
  readonly gain: Block | null;
  readonly bias: Block | null;
  readonly y: Block;
  /** False: the mean counts as 0, which is RMS norm (Zhang & Sennrich 2019). */
  readonly centred: boolean;
  /** One per row, stored for the gradient, as is 1/√(variance + ε). */
  readonly mean: Block;
  readonly inverseDeviation: Block;
  readonly epsilon: number;
}

export interface LayerNormBackward {
  readonly x: Block;
  readonly gain: Block | null;
  readonly mean: Block;
  readonly inverseDeviation: Block;
  readonly centred: boolean;
  readonly dy: Block;
  readonly dx: Block;
  readonly dGain: Block | null;
  readonly dBias: Block | null;
}

/**
 * The recurrences a backend runs as one operation. Gate order: LSTM i f g o, GRU r z n.
 *
 * - rnn:  h = φ(W_ih x + b_ih + W_hh h₋ + b_hh)
 * - lstm: i,f,o = σ(…), g = tanh(…) of W_ih x + b_ih + W_hh h₋ + b_hh;  c = f⊙c₋ + i⊙g;  h = o⊙tanh(c)
 * - gru:  r,z = σ(W_ih x + b_ih + W_hh h₋ + b_hh);
 *   reset 'after':  n = tanh(W_in x + b_in + r⊙(W_hn h₋ + b_hn));
 *   reset 'before': n = tanh(W_in x + b_in + W_hn (r⊙h₋) + b_hn);
 *   update 'keep':    h = z⊙h₋ + (1−z)⊙n   (z: share of the old state that is kept; Cho 2014, PyTorch, Keras);
 *   update 'replace': h = (1−z)⊙h₋ + z⊙n   (z: share that is replaced; Chung 2014)
 */
export type RecurrentCell =
  | { readonly kind: 'rnn'; readonly activation: 'tanh' | 'relu' | 'sigmoid' }
  | { readonly kind: 'lstm' }
  | { readonly kind: 'gru'; readonly reset: 'after' | 'before'; readonly update: 'keep' | 'replace' };

/** Rows of `weightIh` and `weightHh` per hidden unit. */
export const gatesOf: Record<RecurrentCell['kind'], number> = { rnn: 1, lstm: 4, gru: 3 };

/**
 * Time-major: T steps, B rows, F inputs, H hidden units, G = gatesOf(cell). A row b is active at step t while
 * t < lengths[b]; at other steps its state is carried unchanged and contributes no gradient. `reverse` runs
 * t = T−1 … 0, so the final state is at t = 0; h₋ at the first step that runs is h0.
 *
 * Where `ids` are given, inputs are rows of a table of V vectors, and `x` is W_ih times that table, [V, G·H]: a row of it
 * stands for W_ih x, and `weightIh` is null.
 */
export interface RecurrentForward {
  readonly cell: RecurrentCell;
  readonly reverse: boolean;
  readonly x: Block; // [T, B, F], or [V, G·H]
  readonly ids: Block | null; // int32 [T, B], in [0, V)
  readonly h0: Block; // [B, H]
  readonly c0: Block | null; // [B, H], LSTM only
  readonly weightIh: Block | null; // [G·H, F]
  readonly weightHh: Block; // [G·H, H]
  readonly biasIh: Block | null; // [G·H]
  readonly biasHh: Block | null; // [G·H]
  readonly lengths: Block | null; // int32 [B]
  /** Out: the state after each step (carried through inactive ones). */
  readonly h: Block; // [T, B, H]
  readonly c: Block | null; // [T, B, H], LSTM only
  /** Out: activated gates; 0 where inactive. RNN: not used (φ′ follows from h), a block of no elements. */
  readonly gates: Block; // [T, B, G·H]
  /** Out: GRU only: W_hn h₋ + b_hn (reset 'after') or r⊙h₋ (reset 'before'). */
  readonly extra: Block | null; // [T, B, H]
}

export interface RecurrentBackward extends RecurrentForward {
  /** ∂L/∂h_t from outside the recurrence, for every step; absent where only the final state is used. */
  readonly dh: Block | null; // [T, B, H]
  /** ∂L/∂ of the final state. */
  readonly dhFinal: Block | null; // [B, H]
  readonly dcFinal: Block | null; // [B, H]
  /** Out, each written (not added to) where given. */
  readonly dx: Block | null;
  readonly dh0: Block | null;
  readonly dc0: Block | null;
  readonly dWeightIh: Block | null;
  readonly dWeightHh: Block | null;
  readonly dBiasIh: Block | null;
  readonly dBiasHh: Block | null;
  /**
   * Optional outputs: ∂L/∂(h_t, c_t), the state after step t, directly and through all later steps; h_t and c_t count as
   * independent, so dcTotal does not include the path from c_t through h_t.
   */
  readonly dhTotal: Block | null; // [T, B, H]
  readonly dcTotal: Block | null; // [T, B, H]
}

/**
 * w ← update(w, g) with PyTorch's formulas. The gradient is first scaled by min(1, clipNorm / (norm + 10⁻⁶)) (clipNorm 0:
 * not), then clamped to ±clipValue (0: not). `decay` adds decay·w to the gradient, except in adamw, where w shrinks by
 * lr·decay. If norm or loss is NaN or infinite, weights, states and the number of steps stay as they are.
 */
export type OptimizerUpdate = {
  readonly weights: Block;
  readonly gradients: Block;
  readonly learningRate: number;
  readonly decay: number;
  readonly clipValue: number;
  readonly clipNorm: number;
  /** The gradient's norm, one element. */
  readonly norm: Block;
  /** One element. */
  readonly loss: Block | null;
  /** The number of updates so far, one element, which this one increments. */
  readonly steps: Block;
} & OptimizerMethod;

/** The method's constants and its state per parameter, updated in place; Adam's bias correction follows from `steps`. */
export type OptimizerMethod =
  | { readonly method: 'sgd'; readonly velocity: Block | null; readonly momentum: number; readonly nesterov: boolean }
  | { readonly method: 'adagrad'; readonly sumOfSquares: Block; readonly epsilon: number }
  | { readonly method: 'rmsprop'; readonly meanSquare: Block; readonly alpha: number; readonly epsilon: number }
  | {
      readonly method: 'adam' | 'adamw';
      readonly mean: Block;
      readonly variance: Block;
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
    };
