import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../shape.ts';
import type {
  BackendDescription,
  BinaryOperation,
  Block,
  Dtype,
  LayerNormBackward,
  LayerNormForward,
  MatrixProduct,
  MemoryUse,
  OptimizerUpdate,
  PartialBackend,
  RecurrentBackward,
  RecurrentForward,
  ReduceOperation,
  Storage,
  StridedView,
  TypedArray,
  UnaryOperation,
} from '../backend.ts';
import type {
  BatchNormBackward,
  BatchNormForward,
  ConvolutionForward,
  ConvolutionInputGrad,
  ConvolutionWeightGrad,
  PoolBackward,
  PoolForward,
} from '../convolution.ts';
import type { Scan } from '../scan.ts';
import type { Context } from './convolution/context.ts';
import { convolution, convolutionInputGrad } from './convolution/sums.ts';
import { convolutionWeightGrad } from './convolution/weight-grad.ts';
import { Binary, type Kernels, Reduction, Unary } from './generated/kernels.ts';
import { batchNormGradParameters, batchNormParameters, poolGradParameters, poolParameters } from './images.ts';
import * as elementwise from './jobs/elementwise.ts';
import * as images from './jobs/images.ts';
import { alone, type Job, type JobParameters, LINE } from './jobs/job.ts';
import { batchedMatmulJob, FEW_ROWS, matmulJob, type Products, rowsOfPart } from './jobs/products.ts';
import { recurrentBackwardJob } from './jobs/recurrent-backward.ts';
import { recurrentFewRowsJob } from './jobs/recurrent-few-rows.ts';
import { recurrentForwardJob } from './jobs/recurrent-forward.ts';
import * as rows from './jobs/rows.ts';
import { scanJob } from './jobs/scan.ts';
import type { LinearMemory } from './linear-memory.ts';
import { optimize } from './optimize.ts';
import { keptRoom } from './packed.ts';
import type { Pool } from './pool.ts';
import { backwardParameters, fewRowsParameters, forwardParameters, hasFewRows, workOf } from './recurrent.ts';
import { scanParameters, scanWork } from './scan.ts';
import { describeParts, mergeAxes } from './views.ts';

/** Measured cost of an element, in floating-point operations at the speed of a matrix product. */
const COPY = 6;
const EXPONENTIAL = 40;
const UPDATE = 50;

/** Every operation as a job, or as a single kernel where a sum keeps it from being split. */
export class WasmBackend implements PartialBackend {
  readonly name = 'wasm';
  readonly float = 'float32';
  readonly readsAtOnce = true;
  readonly #memory: LinearMemory;
  readonly #kernels: Kernels;
  readonly #products: Products;
  readonly #pool: Pool | null;
  readonly #parallelFrom: number;
  readonly #notes: readonly string[];
  readonly #details: Readonly<Record<string, string | null>>;
  readonly #context: Context;

  constructor(
    memory: LinearMemory,
    kernels: Kernels,
    products: Products,
    pool: Pool | null,
    parallelFrom: number,
    notes: readonly string[],
    details: Readonly<Record<string, string | null>>,
  ) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#products = products;
    this.#pool = pool;
    this.#parallelFrom = parallelFrom;
    this.#notes = notes;
    this.#details = details;
    this.#context = {
      memory,
      kernels,
      partsFor: (work) => this.#partsFor(work),
      run: (job, parameters, work) => this.#run(job, parameters, work),
    };
  }

  describe(): BackendDescription {
    return { name: this.name, float: this.float, threads: this.#threads, notes: this.#notes, details: this.#details };
  }

  close(): void {
    this.#pool?.close();
    this.#memory.close();
  }

  // ── memory ──

  allocate(dtype: Dtype, length: number): Storage {
    return this.#memory.allocate(dtype, length);
  }

  release(storage: Storage): void {
    this.#memory.release(storage);
  }

  memory(): MemoryUse {
    return this.#memory.use();
  }

  write(out: Block, values: ArrayLike<number>): void {
    this.#memory.view(out).set(values);
  }

  async read(x: Block): Promise<TypedArray> {
    return this.readSync(x);
  }

  readSync(x: Block): TypedArray {
    // Made by length: a slice of shared memory would be shared too.
    const view = this.#memory.inputView(x);
    return view instanceof Int32Array ? Int32Array.from(view) : new Float32Array(view);
  }

  fill(out: Block, value: number): void {
    this.#memory.view(out).fill(value);
  }

  copy(x: Block, out: Block): void {
    this.#memory.view(out).set(this.#memory.inputView(x));
  }

  stridedCopy(
    x: Block,
    xView: StridedView,
    out: Block,
    outView: StridedView,
    extents: Shape,
    accumulate: boolean,
  ): void {
    const size = sizeOf(extents);
    if (size === 0) return;
    const walk = mergeAxes(extents, [xView.strides, outView.strides]);
    const parts = this.#partsFor(size * COPY);
    const { outer, rank, views } = describeParts(walk, parts, 1, this.#memory);
    const parameters = {
      x: this.#in(x) + xView.start * 4,
      out: this.#at(out) + outView.start * 4,
      rank,
      views,
      outer,
      xStep: walk.strides[0][0],
      outStep: walk.strides[1][0],
      accumulate: accumulate ? 1 : 0,
    };
    this.#run(elementwise.stridedCopyJob, parameters, size * COPY);
  }

  // ── element-wise ──

  unary(operation: UnaryOperation, x: Block, out: Block): void {
    const n = sizeOf(x.shape);
    const parameters = { operation: Unary[operation], x: this.#in(x), out: this.#at(out), n };
    this.#run(elementwise.unaryJob, parameters, n * EXPONENTIAL);
  }

  unaryGrad(operation: UnaryOperation, x: Block, y: Block, dy: Block, dx: Block): void {
    const n = sizeOf(x.shape);
    const arrays = { x: this.#in(x), y: this.#in(y), dy: this.#in(dy), dx: this.#at(dx) };
    this.#run(elementwise.unaryGradJob, { operation: Unary[operation], ...arrays, n }, n * COPY);
  }

  binary(operation: BinaryOperation, a: Block, b: Block, out: Block): void {
    const size = sizeOf(out.shape);
    if (size === 0) return;
    const strides = [broadcastStrides(a.shape, out.shape), broadcastStrides(b.shape, out.shape), stridesOf(out.shape)];
    const walk = mergeAxes(out.shape, strides);
    const parts = this.#partsFor(size * COPY);
    const { outer, rank, views } = describeParts(walk, parts, LINE, this.#memory);
    const parameters = {
      operation: Binary[operation],
      a: this.#in(a),
      b: this.#in(b),
      out: this.#at(out),
      rank,
      views,
      outer,
      aStep: walk.strides[0][0],
      bStep: walk.strides[1][0],
      outStep: walk.strides[2][0],
    };
    this.#run(elementwise.binaryJob, parameters, size * COPY);
  }

  select(condition: Block, a: Block, b: Block, out: Block): void {
    const n = sizeOf(out.shape);
    const arrays = { condition: this.#in(condition), a: this.#in(a), b: this.#in(b), out: this.#at(out) };
    this.#run(elementwise.selectJob, { ...arrays, n }, n * COPY);
  }

  axpy(alpha: number, x: Block, y: Block): void {
    const n = sizeOf(x.shape);
    this.#run(elementwise.axpyJob, { alpha, x: this.#in(x), y: this.#at(y), n }, n * COPY);
  }

  dropout(x: Block, out: Block, rate: number, seed: number): void {
    const n = sizeOf(x.shape);
    this.#run(elementwise.dropoutJob, { x: this.#in(x), out: this.#at(out), n, seed, rate }, n * COPY);
  }

  // ── reductions ──

  reduce(operation: ReduceOperation, x: Block, out: Block, outer: number, n: number, inner: number): void {
    const parameters = { operation: Reduction[operation], x: this.#in(x), out: this.#at(out), outer, n, inner };
    this.#run(rows.reduceJob, parameters, outer * n * inner * COPY);
  }

  argmax(x: Block, out: Block, outer: number, n: number, inner: number): void {
    this.#run(rows.argmaxJob, { x: this.#in(x), out: this.#at(out), outer, n, inner }, outer * n * inner * COPY);
  }

  norm(x: Block, out: Block): void {
    this.#memory.view(out)[0] = Math.sqrt(this.#kernels.sumOfSquares(this.#in(x), sizeOf(x.shape)));
  }

  // ── products ──

  matmul(a: Block, b: Block, out: Block, product: MatrixProduct): void {
    const { k, n, transposeA, transposeB, accumulate, sharedB } = product;
    // With one right side for all, the batch counts as rows, unless the left side is transposed.
    const merged = sharedB && !(transposeA && product.batch > 1);
    if (!merged && product.batch !== 1) {
      this.#batchedMatmul(a, b, out, product);
      return;
    }
    const m = merged ? product.batch * product.m : product.m;
    const parts = this.#partsFor(2 * m * n * k);
    const side = { transposed: transposeB, k, n, rows: rowsOfPart(m, parts) };
    const kept = keptRoom(this.#memory, this.#products, b, side);
    const direct = kept === null && m <= FEW_ROWS && transposeB && !transposeA;
    const bytes = direct ? 0 : this.#products.packedBytes(side.rows, k, n);
    const place = kept ?? { packed: this.#memory.scratch('right', bytes), ready: 0 };
    const scratchBytes = direct ? 0 : this.#kernels.gemmScratchSize(transposeA ? 1 : 0, m, n, k) * 4;
    const scratch = this.#memory.scratch('parts', parts * scratchBytes);
    const flags = {
      transposeA: Number(transposeA),
      transposeB: Number(transposeB),
      accumulate: Number(accumulate),
      direct: Number(direct),
    };
    const arrays = { a: this.#in(a), b: this.#in(b), out: this.#at(out) };
    this.#run(matmulJob, { ...arrays, m, k, n, ...flags, ...place, scratch, scratchBytes }, 2 * m * n * k);
  }

  #batchedMatmul(a: Block, b: Block, out: Block, product: MatrixProduct): void {
    const { batch, m, k, n, transposeA, transposeB, accumulate, sharedB } = product;
    const work = 2 * batch * m * n * k;
    const parts = this.#partsFor(work);
    const direct = m <= FEW_ROWS && transposeB && !transposeA;
    const packedBytes = direct ? 0 : this.#products.packedBytes(m, k, n);
    const scratchBytes = direct ? 0 : this.#kernels.gemmScratchSize(transposeA ? 1 : 0, m, n, k) * 4;
    const parameters = {
      a: this.#in(a),
      b: this.#in(b),
      out: this.#at(out),
      batch,
      m,
      k,
      n,
      transposeA: Number(transposeA),
      transposeB: Number(transposeB),
      accumulate: Number(accumulate),
      shared: Number(sharedB),
      direct: Number(direct),
      packed: this.#memory.scratch('right', parts * packedBytes),
      packedBytes,
      scratch: this.#memory.scratch('parts', parts * scratchBytes),
      scratchBytes,
    };
    this.#run(batchedMatmulJob, parameters, work);
  }

  // ── rows ──

  softmax(x: Block, out: Block, n: number): void {
    this.#softmax(0, x, out, n);
  }

  logSoftmax(x: Block, out: Block, n: number): void {
    this.#softmax(1, x, out, n);
  }

  softmaxGrad(y: Block, dy: Block, dx: Block, n: number): void {
    this.#softmaxGrad(0, y, dy, dx, n);
  }

  logSoftmaxGrad(y: Block, dy: Block, dx: Block, n: number): void {
    this.#softmaxGrad(1, y, dy, dx, n);
  }

  crossEntropy(logits: Block, targets: Block, losses: Block, logNormaliser: Block): void {
    const size = rowsOf(logits);
    const inputs = { logits: this.#in(logits), targets: this.#in(targets) };
    const outputs = { losses: this.#at(losses), normaliser: this.#at(logNormaliser) };
    this.#run(rows.crossEntropyJob, { ...inputs, ...outputs, ...size }, size.rows * size.n * EXPONENTIAL);
  }

  crossEntropyGrad(logits: Block, targets: Block, logNormaliser: Block, dLosses: Block, dLogits: Block): void {
    const size = rowsOf(logits);
    const inputs = { logits: this.#in(logits), targets: this.#in(targets), normaliser: this.#in(logNormaliser) };
    const gradients = { dLosses: this.#in(dLosses), dLogits: this.#at(dLogits) };
    this.#run(rows.crossEntropyGradJob, { ...inputs, ...gradients, ...size }, size.rows * size.n * EXPONENTIAL);
  }

  gather(table: Block, ids: Block, out: Block): void {
    const size = rowsOf(table);
    const count = sizeOf(ids.shape);
    const parameters = { table: this.#in(table), ids: this.#in(ids), out: this.#at(out), count, ...size };
    this.#run(rows.gatherJob, parameters, count * size.n * COPY);
  }

  scatterAdd(dOut: Block, ids: Block, dTable: Block): void {
    const count = sizeOf(ids.shape);
    const size = rowsOf(dTable);
    const parameters = { dOut: this.#in(dOut), ids: this.#in(ids), dTable: this.#at(dTable), count, ...size };
    this.#run(rows.scatterAddJob, parameters, count * size.n * COPY);
  }

  layerNorm(norm: LayerNormForward): void {
    const size = rowsOf(norm.x);
    const parameters = {
      x: this.#in(norm.x),
      gain: this.#in(norm.gain),
      bias: this.#in(norm.bias),
      y: this.#at(norm.y),
      mean: this.#at(norm.mean),
      inverseDeviation: this.#at(norm.inverseDeviation),
      ...size,
      epsilon: norm.epsilon,
    };
    this.#run(rows.layerNormJob, parameters, size.rows * size.n * COPY);
  }

  layerNormGrad(norm: LayerNormBackward): void {
    const size = rowsOf(norm.x);
    const parameters = {
      x: this.#in(norm.x),
      gain: this.#in(norm.gain),
      mean: this.#in(norm.mean),
      inverseDeviation: this.#in(norm.inverseDeviation),
      dy: this.#in(norm.dy),
      dx: this.#at(norm.dx),
      dGain: this.#atOrNull(norm.dGain),
      dBias: this.#atOrNull(norm.dBias),
      ...size,
    };
    this.#run(rows.layerNormGradJob, parameters, 2 * size.rows * size.n * COPY);
  }

  // ── images ──

  convolution(given: ConvolutionForward): void {
    convolution(this.#context, given);
  }

  convolutionInputGrad(given: ConvolutionInputGrad): void {
    convolutionInputGrad(this.#context, given);
  }

  convolutionWeightGrad(given: ConvolutionWeightGrad): void {
    convolutionWeightGrad(this.#context, given);
  }

  pool(given: PoolForward): void {
    const parameters = poolParameters(given, this.#memory);
    const job = given.kind === 'max' ? images.maxPoolJob : images.averagePoolJob;
    this.#run(job as Job, parameters, sizeOf(given.y.shape) * parameters.kh * parameters.kw * COPY);
  }

  poolGrad(given: PoolBackward): void {
    const parameters = poolGradParameters(given, this.#memory);
    const job = given.kind === 'max' ? images.maxPoolGradJob : images.averagePoolGradJob;
    this.#run(job as Job, parameters, sizeOf(given.dy.shape) * parameters.kh * parameters.kw * COPY);
  }

  batchNorm(given: BatchNormForward): void {
    const parameters = batchNormParameters(given, this.#memory, this.#kernels);
    this.#run(images.batchNormJob, parameters, 3 * sizeOf(given.x.shape) * COPY);
  }

  batchNormGrad(given: BatchNormBackward): void {
    const parameters = batchNormGradParameters(given, this.#memory, this.#kernels);
    this.#run(images.batchNormGradJob, parameters, 4 * sizeOf(given.x.shape) * COPY);
  }

  // ── recurrence and learning ──

  recurrent(layer: RecurrentForward): void {
    const work = workOf(layer);
    if (hasFewRows(layer)) this.#run(recurrentFewRowsJob, fewRowsParameters(layer, this.#memory, this.#products), work);
    else
      this.#run(
        recurrentForwardJob,
        forwardParameters(layer, this.#memory, this.#products, this.#partsFor(work)),
        work,
      );
  }

  recurrentGrad(layer: RecurrentBackward): void {
    const work = 2 * workOf(layer);
    const parts = this.#partsFor(work);
    const parameters = backwardParameters(layer, this.#memory, this.#kernels, this.#products, parts);
    this.#run(recurrentBackwardJob, parameters, work);
  }

  scan(scan: Scan): void {
    const parameters = scanParameters(scan, this.#memory, this.#kernels, this.#threads);
    this.#run(scanJob, parameters, scanWork(scan, COPY));
  }

  optimize(update: OptimizerUpdate): void {
    const run = (job: Job, parameters: JobParameters<string>) => this.#run(job, parameters, parameters.n * UPDATE);
    optimize(update, this.#memory, run);
  }

  #softmax(log: number, x: Block, out: Block, n: number): void {
    const parameters = { log, x: this.#in(x), out: this.#at(out), rows: rowsBy(x, n), n };
    this.#run(rows.softmaxJob, parameters, parameters.rows * n * EXPONENTIAL);
  }

  #softmaxGrad(log: number, y: Block, dy: Block, dx: Block, n: number): void {
    const parameters = { log, y: this.#in(y), dy: this.#in(dy), dx: this.#at(dx), rows: rowsBy(y, n), n };
    this.#run(rows.softmaxGradJob, parameters, parameters.rows * n * (log ? EXPONENTIAL : COPY));
  }

  get #threads(): number {
    return this.#pool?.threads ?? 1;
  }

  #partsFor(work: number): number {
    return work >= this.#parallelFrom ? this.#threads : 1;
  }

  /** Runs a job, on all threads if it is large enough. */
  #run<Name extends string>(job: Job<Name>, parameters: JobParameters<Name>, work: number): void {
    if (this.#pool !== null && (work >= this.#parallelFrom || this.#pool.isBroken)) this.#pool.run(job, parameters);
    else job.run(this.#kernels, parameters, alone, this.#products);
  }

  /** Address to write to. */
  #at(block: Block): number {
    return this.#memory.address(block);
  }

  /** Address to read from. */
  #in(block: Block | null): number {
    return this.#memory.input(block);
  }

  #atOrNull(block: Block | null): number {
    return this.#memory.addressOrNull(block);
  }
}

function rowsOf(x: Block): { readonly rows: number; readonly n: number } {
  const n = x.shape[x.shape.length - 1];
  return { rows: rowsBy(x, n), n };
}

function rowsBy(x: Block, n: number): number {
  return n === 0 ? 0 : sizeOf(x.shape) / n;
}
