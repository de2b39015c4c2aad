import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program in Python to measure beside us: scripts of this folder, given one JSON object, printing another. */
export interface PythonPeer {
  /** Version, and the library that multiplies its matrices, on which its speed depends most. */
  readonly description: string;
  /** @throws Error if the script fails, with what it said */
  run<Printed>(script: string, options: object): Printed;
}
export type Pytorch = PythonPeer;
export type Numpy = PythonPeer;

const interpreters = ['python3', '/usr/bin/python3'];

/** Null where there is none. */
export function findPytorch(): Pytorch | null {
  return find('PyTorch', 'torch');
}

export function findNumpy(): Numpy | null {
  return find('NumPy', 'numpy');
}

/** The first Python that has the module. */
function find(name: string, module: string): PythonPeer | null {
  for (const python of interpreters) {
    const run = <Printed>(script: string, options: object): Printed => {
      const path = fileURLToPath(new URL(script, import.meta.url));
      const printed = execFileSync(python, [path], {
        input: JSON.stringify(options),
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, ...threadVariables(options) },
      });
      return JSON.parse(printed);
    };
    try {
      const { version, blas } = run<{ version: string; blas: string }>('describe.py', { module });
      return { description: `${name} ${version} on ${blas}`, run };
    } catch {
      // This one is missing, or lacks the module: the next.
    }
  }
  return null;
}

/** NumPy has no setting for threads: its BLAS reads the environment when it is loaded. */
function threadVariables({ threads }: { threads?: number }): Record<string, string> {
  const count = String(threads ?? 1);
  return { OPENBLAS_NUM_THREADS: count, OMP_NUM_THREADS: count, MKL_NUM_THREADS: count };
}
