import type { AttentionBackward, AttentionForward } from '../attention.ts';
import type {
  Backend,
  BackendDescription,
  BinaryOperation,
  Block,
  Dtype,
  FloatType,
  LayerNormBackward,
  LayerNormForward,
  MatrixProduct,
  MemoryUse,
  OptimizerUpdate,
  RecurrentBackward,
  RecurrentForward,
  ReduceOperation,
  Storage,
  StridedView,
  TypedArray,
  UnaryOperation,
} from '../backend.ts';
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
} from '../convolution.ts';
import type { Scan } from '../scan.ts';
import { attention, attentionGrad } from './attention.ts';
import * as images from './convolution.ts';
import * as elementwise from './elementwise.ts';
import { layerNorm, layerNormGrad } from './layer-norm.ts';
import { ReferenceMemory } from './memory.ts';
import { optimize } from './optimize.ts';
import { matmul } from './products.ts';
import { type RecurrentArrays, recurrent } from './recurrent.ts';
import { recurrentGrad } from './recurrent-grad.ts';
import * as reductions from './reduce.ts';
import * as rows from './rows.ts';
import { scan } from './scan.ts';

export interface ReferenceOptions {
  /** Type of stored results; arithmetic is in float64 either way. Default 'float64'. */
  readonly float?: FloatType;
  /** Bytes after which `allocate` fails. Default: none. */
  readonly limitBytes?: number;
}

/** The reference backend: plain loops, against which every other backend is tested. */
export function referenceBackend(options: ReferenceOptions = {}): Backend {
  return new ReferenceBackend(options);
}

class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly float: FloatType;
  readonly readsAtOnce = true;
  readonly #memory: ReferenceMemory;
  readonly #views: images.Views = {
    floats: (block) => this.#floats(block),
    floatsOrNull: (block) => this.#floatsOrNull(block),
    ints: (block) => this.#ints(block),
  };

  constructor({ float = 'float64', limitBytes = Number.POSITIVE_INFINITY }: ReferenceOptions) {
    this.float = float;
    this.#memory = new ReferenceMemory(limitBytes);
  }

  describe(): BackendDescription {
    return {
      name: this.name,
      float: this.float,
      threads: 1,
      notes: [`plain loops in ${this.float}: the specification, not meant to be fast`],
    };
  }

  close(): void {
    this.#memory.close();
  }

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
    return this.#memory.view(x).slice();
  }

  fill(out: Block, value: number): void {
    this.#memory.view(out).fill(value);
  }

  copy(x: Block, out: Block): void {
    this.#memory.view(out).set(this.#memory.view(x));
  }

  stridedCopy(
    x: Block,
    xView: StridedView,
    out: Block,
    outView: StridedView,
    extents: readonly number[],
    add: boolean,
  ) {
    elementwise.stridedCopy(this.#memory.view(x), xView, this.#memory.view(out), outView, extents, add);
  }

  unary(operation: UnaryOperation, x: Block, out: Block): void {
    elementwise.unary(operation, this.#floats(x), this.#floats(out));
  }

  unaryGrad(operation: UnaryOperation, x: Block, y: Block, dy: Block, dx: Block): void {
    elementwise.unaryGrad(operation, this.#floats(x), this.#floats(y), this.#floats(dy), this.#floats(dx));
  }

  binary(operation: BinaryOperation, a: Block, b: Block, out: Block): void {
    const [left, right] = [this.#floats(a), this.#floats(b)];
    elementwise.binary(operation, left, a.shape, right, b.shape, this.#floats(out), out.shape);
  }

  select(condition: Block, a: Block, b: Block, out: Block): void {
    elementwise.select(this.#floats(condition), this.#floats(a), this.#floats(b), this.#floats(out));
  }

  addActivated(a: Block, b: Block, out: Block, activation: Activation): void {
    images.addActivated(this.#views, a, b, out, activation);
  }

  axpy(alpha: number, x: Block, y: Block): void {
    elementwise.axpy(alpha, this.#floats(x), this.#floats(y));
  }

  dropout(x: Block, out: Block, rate: number, seed: number): void {
    elementwise.dropout(this.#floats(x), this.#floats(out), rate, seed);
  }

  reduce(operation: ReduceOperation, x: Block, out: Block, outer: number, n: number, inner: number): void {
    reductions.reduce(operation, this.#floats(x), this.#floats(out), outer, n, inner);
  }

  argmax(x: Block, out: Block, outer: number, n: number, inner: number): void {
    reductions.argmax(this.#floats(x), this.#ints(out), outer, n, inner);
  }

  norm(x: Block, out: Block): void {
    reductions.norm(this.#floats(x), this.#floats(out));
  }

  matmul(a: Block, b: Block, out: Block, product: MatrixProduct): void {
    matmul(this.#floats(a), this.#floats(b), this.#floats(out), product);
  }

  softmax(x: Block, out: Block, n: number): void {
    rows.softmax(this.#floats(x), this.#floats(out), n);
  }

  logSoftmax(x: Block, out: Block, n: number): void {
    rows.logSoftmax(this.#floats(x), this.#floats(out), n);
  }

  softmaxGrad(y: Block, dy: Block, dx: Block, n: number): void {
    rows.softmaxGrad(this.#floats(y), this.#floats(dy), this.#floats(dx), n);
  }

  logSoftmaxGrad(y: Block, dy: Block, dx: Block, n: number): void {
    rows.logSoftmaxGrad(this.#floats(y), this.#floats(dy), this.#floats(dx), n);
  }

  crossEntropy(logits: Block, targets: Block, losses: Block, logNormaliser: Block): void {
    const V = logits.shape[logits.shape.length - 1];
    const [x, y] = [this.#floats(logits), this.#ints(targets)];
    rows.crossEntropy(x, y, this.#floats(losses), this.#floats(logNormaliser), V);
  }

  crossEntropyGrad(logits: Block, targets: Block, logNormaliser: Block, dLosses: Block, dLogits: Block): void {
    const V = logits.shape[logits.shape.length - 1];
    const [x, y, normaliser] = [this.#floats(logits), this.#ints(targets), this.#floats(logNormaliser)];
    rows.crossEntropyGrad(x, y, normaliser, this.#floats(dLosses), this.#floats(dLogits), V);
  }

  gather(table: Block, ids: Block, out: Block): void {
    rows.gather(this.#floats(table), this.#ints(ids), this.#floats(out), table.shape[table.shape.length - 1]);
  }

  scatterAdd(dOut: Block, ids: Block, dTable: Block): void {
    rows.scatterAdd(this.#floats(dOut), this.#ints(ids), this.#floats(dTable), dTable.shape[dTable.shape.length - 1]);
  }

  layerNorm(norm: LayerNormForward): void {
    const { x, gain, bias, y, mean, inverseDeviation, centred, epsilon } = norm;
    const arrays = {
      x: this.#floats(x),
      gain: this.#floatsOrNull(gain),
      bias: this.#floatsOrNull(bias),
      y: this.#floats(y),
      mean: this.#floats(mean),
      inverseDeviation: this.#floats(inverseDeviation),
    };
    layerNorm(arrays, x.shape[x.shape.length - 1], centred, epsilon);
  }

  layerNormGrad(norm: LayerNormBackward): void {
    const { x, gain, mean, inverseDeviation, dy, dx, dGain, dBias } = norm;
    const arrays = {
      x: this.#floats(x),
      gain: this.#floatsOrNull(gain),
      mean: this.#floats(mean),
      inverseDeviation: this.#floats(inverseDeviation),
      dy: this.#floats(dy),
      dx: this.#floats(dx),
      dGain: this.#floatsOrNull(dGain),
      dBias: this.#floatsOrNull(dBias),
    };
    layerNormGrad(arrays, x.shape[x.shape.length - 1], norm.centred);
  }

  convolution(given: ConvolutionForward): void {
    images.convolution(this.#views, given);
  }

  convolutionInputGrad(given: ConvolutionInputGrad): void {
    images.convolutionInputGrad(this.#views, given);
  }

  convolutionWeightGrad(given: ConvolutionWeightGrad): void {
    images.convolutionWeightGrad(this.#views, given);
  }

  pool(given: PoolForward): void {
    images.pool(this.#views, given);
  }

  poolGrad(given: PoolBackward): void {
    images.poolGrad(this.#views, given);
  }

  batchNorm(given: BatchNormForward): void {
    images.batchNorm(this.#views, given);
  }

  batchNormGrad(given: BatchNormBackward): void {
    images.batchNormGrad(this.#views, given);
  }

  batchNormAffine(given: BatchNormAffine): void {
    images.batchNormAffine(this.#views, given);
  }

  attention(given: AttentionForward): void {
    attention(this.#views, given);
  }

  attentionGrad(given: AttentionBackward): void {
    attentionGrad(this.#views, given);
  }

  recurrent(layer: RecurrentForward): void {
    recurrent(this.#recurrentArrays(layer));
  }

  recurrentGrad(layer: RecurrentBackward): void {
    recurrentGrad({
      ...this.#recurrentArrays(layer),
      dh: this.#floatsOrNull(layer.dh),
      dhFinal: this.#floatsOrNull(layer.dhFinal),
      dcFinal: this.#floatsOrNull(layer.dcFinal),
      dx: this.#floatsOrNull(layer.dx),
      dh0: this.#floatsOrNull(layer.dh0),
      dc0: this.#floatsOrNull(layer.dc0),
      dWeightIh: this.#floatsOrNull(layer.dWeightIh),
      dWeightHh: this.#floatsOrNull(layer.dWeightHh),
      dBiasIh: this.#floatsOrNull(layer.dBiasIh),
      dBiasHh: this.#floatsOrNull(layer.dBiasHh),
      dhTotal: this.#floatsOrNull(layer.dhTotal),
      dcTotal: this.#floatsOrNull(layer.dcTotal),
    });
  }

  scan(given: Scan): void {
    scan({
      scan: given,
      arrays: given.arrays.map((block) => this.#floats(block)),
      matrices: given.matrices.map((block) => this.#floats(block)),
    });
  }

  optimize(update: OptimizerUpdate): void {
    optimize(update, (block) => this.#floats(block));
  }

  #recurrentArrays(layer: RecurrentForward): RecurrentArrays {
    const [T, B, H] = layer.h.shape;
    const F = layer.x.shape.at(-1)!;
    return {
      cell: layer.cell,
      reverse: layer.reverse,
      T,
      B,
      F,
      H,
      x: this.#floats(layer.x),
      ids: layer.ids === null ? null : this.#ints(layer.ids),
      h0: this.#floats(layer.h0),
      c0: this.#floatsOrNull(layer.c0),
      weightIh: this.#floatsOrNull(layer.weightIh),
      weightHh: this.#floats(layer.weightHh),
      biasIh: this.#floatsOrNull(layer.biasIh),
      biasHh: this.#floatsOrNull(layer.biasHh),
      lengths: layer.lengths === null ? null : this.#ints(layer.lengths),
      h: this.#floats(layer.h),
      c: this.#floatsOrNull(layer.c),
      gates: this.#floats(layer.gates),
      extra: this.#floatsOrNull(layer.extra),
    };
  }

  #floats(block: Block) {
    return this.#memory.floats(block);
  }

  #floatsOrNull(block: Block | null) {
    return this.#memory.floatsOrNull(block);
  }

  #ints(block: Block): Int32Array {
    return this.#memory.view(block) as Int32Array;
  }
}
