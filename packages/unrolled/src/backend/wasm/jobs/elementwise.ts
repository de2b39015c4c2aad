import { defineJob, LINE, startOf } from './job.ts';

/** In parts of whole cache lines. */
export const unaryJob = defineJob(['operation', 'x', 'out', 'n'], (kernels, { operation, x, out, n }, share) => {
  const from = startOf(n, share.part, share.parts, LINE);
  const count = startOf(n, share.part + 1, share.parts, LINE) - from;
  kernels.unary(operation, x + from * 4, out + from * 4, count);
});

export const unaryGradJob = defineJob(['operation', 'x', 'y', 'dy', 'dx', 'n'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const count = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  const at = from * 4;
  kernels.unaryGrad(p.operation, p.x + at, p.y + at, p.dy + at, p.dx + at, count);
});

/**
 * Split along the outermost axis. `views` holds, for each part, int32 [3, rank]: the extents of what it computes, a's
 * strides and b's.
 */
export const binaryJob = defineJob(
  ['operation', 'a', 'b', 'out', 'rank', 'views', 'outer', 'aStep', 'bStep', 'outStep'],
  (kernels, p, share) => {
    const from = startOf(p.outer, share.part, share.parts, p.rank === 1 ? LINE : 1);
    const [a, b, out] = [p.a + from * p.aStep * 4, p.b + from * p.bStep * 4, p.out + from * p.outStep * 4];
    const dims = p.views + share.part * 3 * p.rank * 4;
    kernels.binary(p.operation, a, b, out, p.rank, dims, dims + p.rank * 4, dims + 2 * p.rank * 4);
  },
);

export const stridedCopyJob = defineJob(
  ['x', 'out', 'rank', 'views', 'outer', 'xStep', 'outStep', 'accumulate'],
  (kernels, p, share) => {
    const from = startOf(p.outer, share.part, share.parts);
    const [x, out] = [p.x + from * p.xStep * 4, p.out + from * p.outStep * 4];
    const dims = p.views + share.part * 3 * p.rank * 4;
    kernels.stridedCopy(x, out, p.rank, dims, dims + p.rank * 4, dims + 2 * p.rank * 4, p.accumulate);
  },
);

export const selectJob = defineJob(['condition', 'a', 'b', 'out', 'n'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const count = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  const at = from * 4;
  kernels.select(p.condition + at, p.a + at, p.b + at, p.out + at, count);
});

export const addActivatedJob = defineJob(['a', 'b', 'out', 'n', 'activation'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const count = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  const at = from * 4;
  kernels.addActivated(p.activation, p.a + at, p.b + at, p.out + at, count);
});

export const axpyJob = defineJob(['alpha', 'x', 'y', 'n'], (kernels, { alpha, x, y, n }, share) => {
  const from = startOf(n, share.part, share.parts, LINE);
  const count = startOf(n, share.part + 1, share.parts, LINE) - from;
  kernels.axpy(alpha, x + from * 4, y + from * 4, count);
});

export const dropoutJob = defineJob(['x', 'out', 'n', 'seed', 'rate'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const count = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  kernels.dropout(p.x + from * 4, p.out + from * 4, count, p.seed, p.rate, from);
});
