import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { summarise, type Timing } from '../measure.ts';
import type { StepCase } from '../training-step.ts';

const pythons = ['python3', '/usr/bin/python3'];

/** The first Python that has torch; null where there is none. */
export function findPytorch(): string | null {
  for (const python of pythons) {
    try {
      execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
      return python;
    } catch {
      // This one is missing, or lacks torch: the next.
    }
  }
  return null;
}

export function timePytorch(python: string, step: StepCase, threads: number, runs: number): Timing {
  const script = fileURLToPath(new URL('pytorch_step.py', import.meta.url));
  const printed = execFileSync(python, [script, JSON.stringify(step), String(runs), String(threads)], {
    encoding: 'utf8',
  });
  return summarise(JSON.parse(printed).milliseconds);
}
