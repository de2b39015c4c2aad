import { sizeOf } from '../../shape.ts';
import type { Block, LayerNormBackward, LayerNormForward, ReduceOperation } from '../backend.ts';
import { COPY, type Context, EXPONENTIAL } from './context.ts';
import { Reduction } from './generated/kernels.ts';
import * as jobs from './jobs/rows.ts';

/** Reductions, softmax, losses, lookup and normalisation: operations on rows. */
export function rowOperations(context: Context) {
  const { memory, kernels } = context;

  function softmax(log: number, x: Block, out: Block, n: number): void {
    const parameters = { log, x: memory.input(x), out: memory.address(out), rows: rowsBy(x, n), n };
    context.share(jobs.softmaxJob, parameters, parameters.rows * n * EXPONENTIAL);
  }

  function softmaxGrad(log: number, y: Block, dy: Block, dx: Block, n: number): void {
    const arrays = { y: memory.input(y), dy: memory.input(dy), dx: memory.address(dx) };
    const rows = rowsBy(y, n);
    context.share(jobs.softmaxGradJob, { log, ...arrays, rows, n }, rows * n * (log ? EXPONENTIAL : COPY));
  }

  return {
    reduce(operation: ReduceOperation, x: Block, out: Block, outer: number, n: number, inner: number): void {
      const arrays = { x: memory.input(x), out: memory.address(out) };
      const parameters = { operation: Reduction[operation], ...arrays, outer, n, inner };
      context.share(jobs.reduceJob, parameters, outer * n * inner * COPY);
    },

    argmax(x: Block, out: Block, outer: number, n: number, inner: number): void {
      const parameters = { x: memory.input(x), out: memory.address(out), outer, n, inner };
      context.share(jobs.argmaxJob, parameters, outer * n * inner * COPY);
    },

    norm(x: Block, out: Block): void {
      memory.view(out)[0] = Math.sqrt(kernels.sumOfSquares(memory.input(x), sizeOf(x.shape)));
    },

    softmax: (x: Block, out: Block, n: number): void => softmax(0, x, out, n),
    logSoftmax: (x: Block, out: Block, n: number): void => softmax(1, x, out, n),
    softmaxGrad: (y: Block, dy: Block, dx: Block, n: number): void => softmaxGrad(0, y, dy, dx, n),
    logSoftmaxGrad: (y: Block, dy: Block, dx: Block, n: number): void => softmaxGrad(1, y, dy, dx, n),

    crossEntropy(logits: Block, targets: Block, losses: Block, logNormaliser: Block): void {
      const size = rowsOf(logits);
      const inputs = { logits: memory.input(logits), targets: memory.input(targets) };
      const outputs = { losses: memory.address(losses), normaliser: memory.address(logNormaliser) };
      context.share(jobs.crossEntropyJob, { ...inputs, ...outputs, ...size }, size.rows * size.n * EXPONENTIAL);
    },

    crossEntropyGrad(logits: Block, targets: Block, logNormaliser: Block, dLosses: Block, dLogits: Block): void {
      const size = rowsOf(logits);
      const inputs = {
        logits: memory.input(logits),
        targets: memory.input(targets),
        normaliser: memory.input(logNormaliser),
      };
      const gradients = { dLosses: memory.input(dLosses), dLogits: memory.address(dLogits) };
      context.share(jobs.crossEntropyGradJob, { ...inputs, ...gradients, ...size }, size.rows * size.n * EXPONENTIAL);
    },

    gather(table: Block, ids: Block, out: Block): void {
      const size = rowsOf(table);
      const count = sizeOf(ids.shape);
      const arrays = { table: memory.input(table), ids: memory.input(ids), out: memory.address(out) };
      context.share(jobs.gatherJob, { ...arrays, count, ...size }, count * size.n * COPY);
    },

    scatterAdd(dOut: Block, ids: Block, dTable: Block): void {
      const count = sizeOf(ids.shape);
      const size = rowsOf(dTable);
      const arrays = { dOut: memory.input(dOut), ids: memory.input(ids), dTable: memory.address(dTable) };
      context.share(jobs.scatterAddJob, { ...arrays, count, ...size }, count * size.n * COPY);
    },

    layerNorm(norm: LayerNormForward): void {
      const size = rowsOf(norm.x);
      const parameters = {
        x: memory.input(norm.x),
        gain: memory.input(norm.gain),
        bias: memory.input(norm.bias),
        y: memory.address(norm.y),
        mean: memory.address(norm.mean),
        inverseDeviation: memory.address(norm.inverseDeviation),
        ...size,
        centred: Number(norm.centred),
        epsilon: norm.epsilon,
      };
      context.share(jobs.layerNormJob, parameters, size.rows * size.n * COPY);
    },

    layerNormGrad(norm: LayerNormBackward): void {
      const size = rowsOf(norm.x);
      const parameters = {
        x: memory.input(norm.x),
        gain: memory.input(norm.gain),
        mean: memory.input(norm.mean),
        inverseDeviation: memory.input(norm.inverseDeviation),
        dy: memory.input(norm.dy),
        dx: memory.address(norm.dx),
        dGain: memory.addressOrNull(norm.dGain),
        dBias: memory.addressOrNull(norm.dBias),
        ...size,
        centred: Number(norm.centred),
      };
      context.share(jobs.layerNormGradJob, parameters, 2 * size.rows * size.n * COPY);
    },
  };
}

function rowsOf(x: Block): { readonly rows: number; readonly n: number } {
  const n = x.shape[x.shape.length - 1];
  return { rows: rowsBy(x, n), n };
}

function rowsBy(x: Block, n: number): number {
  return n === 0 ? 0 : sizeOf(x.shape) / n;
}
