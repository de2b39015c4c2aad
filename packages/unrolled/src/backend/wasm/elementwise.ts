import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../shape.ts';
import type { BinaryOperation, Block, StridedView, UnaryOperation } from '../backend.ts';
import type { Activation } from '../convolution.ts';
import { COPY, type Context, EXPONENTIAL } from './context.ts';
import { Binary, FusedActivation, Unary } from './generated/kernels.ts';
import * as jobs from './jobs/elementwise.ts';
import { LINE } from './jobs/job.ts';
import { describeParts, mergeAxes } from './views.ts';

export function elementwiseOperations(context: Context) {
  const { memory } = context;
  return {
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
      const parts = context.partsFor(size * COPY);
      const { outer, rank, views } = describeParts(walk, parts, 1, memory);
      const parameters = {
        x: memory.input(x) + xView.start * 4,
        out: memory.address(out) + outView.start * 4,
        rank,
        views,
        outer,
        xStep: walk.strides[0][0],
        outStep: walk.strides[1][0],
        accumulate: accumulate ? 1 : 0,
      };
      context.run(jobs.stridedCopyJob, parameters, parts);
    },

    unary(operation: UnaryOperation, x: Block, out: Block): void {
      const n = sizeOf(x.shape);
      const parameters = { operation: Unary[operation], x: memory.input(x), out: memory.address(out), n };
      context.share(jobs.unaryJob, parameters, n * EXPONENTIAL);
    },

    unaryGrad(operation: UnaryOperation, x: Block, y: Block, dy: Block, dx: Block): void {
      const n = sizeOf(x.shape);
      const arrays = { x: memory.input(x), y: memory.input(y), dy: memory.input(dy), dx: memory.address(dx) };
      context.share(jobs.unaryGradJob, { operation: Unary[operation], ...arrays, n }, n * COPY);
    },

    binary(operation: BinaryOperation, a: Block, b: Block, out: Block): void {
      const size = sizeOf(out.shape);
      if (size === 0) return;
      const strides = [
        broadcastStrides(a.shape, out.shape),
        broadcastStrides(b.shape, out.shape),
        stridesOf(out.shape),
      ];
      const walk = mergeAxes(out.shape, strides);
      const parts = context.partsFor(size * COPY);
      const { outer, rank, views } = describeParts(walk, parts, LINE, memory);
      const parameters = {
        operation: Binary[operation],
        a: memory.input(a),
        b: memory.input(b),
        out: memory.address(out),
        rank,
        views,
        outer,
        aStep: walk.strides[0][0],
        bStep: walk.strides[1][0],
        outStep: walk.strides[2][0],
      };
      context.run(jobs.binaryJob, parameters, parts);
    },

    select(condition: Block, a: Block, b: Block, out: Block): void {
      const n = sizeOf(out.shape);
      const inputs = { condition: memory.input(condition), a: memory.input(a), b: memory.input(b) };
      context.share(jobs.selectJob, { ...inputs, out: memory.address(out), n }, n * COPY);
    },

    addActivated(a: Block, b: Block, out: Block, activation: Activation): void {
      const n = sizeOf(out.shape);
      const arrays = { a: memory.input(a), b: memory.input(b), out: memory.address(out) };
      context.share(jobs.addActivatedJob, { ...arrays, n, activation: FusedActivation[activation] }, n * COPY);
    },

    axpy(alpha: number, x: Block, y: Block): void {
      const n = sizeOf(x.shape);
      context.share(jobs.axpyJob, { alpha, x: memory.input(x), y: memory.address(y), n }, n * COPY);
    },

    dropout(x: Block, out: Block, rate: number, seed: number): void {
      const n = sizeOf(x.shape);
      context.share(jobs.dropoutJob, { x: memory.input(x), out: memory.address(out), n, seed, rate }, n * COPY);
    },
  };
}
