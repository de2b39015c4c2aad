import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { summarise, type Timing } from '../measure.ts';
import type { StepCase } from '../training-step.ts';

const pythons = ['python3', '/usr/bin/python3'];
const script = fileURLToPath(new URL('pytorch_step.py', import.meta.url));
const tiny: StepCase = { cell: 'rnn', layers: 1, hidden: 4, embedding: 4, vocabulary: 4, batch: 2, steps: 2 };

interface Printed {
  readonly version: string;
  readonly blas: string;
  readonly milliseconds: number[];
}

export interface Pytorch {
  readonly python: string;
  /** Version and the library that multiplies its matrices, on which its speed depends most. */
  readonly description: string;
}

/** The first Python that has torch; null where there is none. */
export function findPytorch(): Pytorch | null {
  for (const python of pythons) {
    try {
      const { version, blas } = runStep(python, tiny, 1, 1);
      return { python, description: `PyTorch ${version} on ${blas}` };
    } catch {
      // This one is missing, or lacks torch: the next.
    }
  }
  return null;
}

export function timePytorch({ python }: Pytorch, step: StepCase, threads: number, runs: number): Timing {
  return summarise(runStep(python, step, threads, runs).milliseconds);
}

function runStep(python: string, step: StepCase, threads: number, runs: number): Printed {
  const args = [script, JSON.stringify(step), String(runs), String(threads)];
  return JSON.parse(execFileSync(python, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
}
