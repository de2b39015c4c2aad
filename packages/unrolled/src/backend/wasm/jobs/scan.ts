import { defineJob, startOf } from './job.ts';

/** A step program, encoded as in kernels/assembly/scan.ts. Each part runs some rows through all steps. */
export const scanJob = defineJob(
  [
    ...(['steps', 'rows', 'reverse', 'code', 'places', 'placeCount'] as const),
    ...(['matrices', 'matrixCount', 'work', 'workBytes'] as const),
  ],
  (kernels, p, { part, parts }) => kernels.scanPack(p.matrices, p.matrixCount, part, parts),
  (kernels, p, share) => {
    const from = startOf(p.rows, share.part, share.parts);
    const rows = startOf(p.rows, share.part + 1, share.parts) - from;
    const work = p.work + share.part * p.workBytes;
    if (rows > 0) kernels.scan(p.code, p.places, p.placeCount, p.steps, p.reverse, from, rows, work);
  },
);
