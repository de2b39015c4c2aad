import * as elementwise from './elementwise.ts';
import type { Job } from './job.ts';
import * as optimize from './optimize.ts';
import { matmulJob } from './products.ts';
import { recurrentBackwardJob } from './recurrent-backward.ts';
import { recurrentForwardJob } from './recurrent-forward.ts';
import * as rows from './rows.ts';

/** Every job; its place in this list is the number by which a worker is told what to do. */
export const jobs: readonly Job[] = [
  matmulJob,
  recurrentForwardJob,
  recurrentBackwardJob,
  ...Object.values(elementwise),
  ...Object.values(rows),
  ...Object.values(optimize),
];
