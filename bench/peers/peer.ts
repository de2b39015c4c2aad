import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Another program to measure beside us: scripts of this folder, given one JSON object, printing another. */
export interface Peer {
  /** Its version, and what its speed depends on most. */
  readonly description: string;
  /** @throws Error if the script fails, with what it said */
  run<Printed>(script: string, options: object): Printed;
}

/** Each of them null where it is not installed. */
export interface Peers {
  readonly pytorch: Peer | null;
  readonly numpy: Peer | null;
  readonly tfjs: Peer | null;
  readonly tfjsWasm: Peer | null;
  readonly jaxjs: Peer | null;
  readonly ort: Peer | null;
}

const install = 'npm install --prefix bench/peers --no-package-lock';
/** What is said of one that is absent, and how to get it. */
const installation: Readonly<Record<keyof Peers, string>> = {
  pytorch: 'PyTorch: absent, left out; to have it: apt install python3-torch libopenblas0',
  numpy: 'NumPy: absent, left out; to have it: apt install python3-numpy libopenblas0',
  tfjs: `TensorFlow.js: absent, left out; to have it: ${install}`,
  tfjsWasm: `TensorFlow.js's WebAssembly backend: absent, left out; to have it: ${install}`,
  jaxjs: `jax-js: absent, left out; to have it: ${install}`,
  ort: `onnxruntime-web: absent, left out; to have it: ${install}`,
};

export function findPeers(): Peers {
  return {
    pytorch: python('PyTorch', 'torch'),
    numpy: python('NumPy', 'numpy'),
    tfjs: javascript('TensorFlow.js', '@tensorflow/tfjs', 'its JavaScript backend'),
    tfjsWasm: javascript('TensorFlow.js', '@tensorflow/tfjs-backend-wasm', 'its WebAssembly backend'),
    jaxjs: javascript('jax-js', '@jax-js/jax', 'its WebAssembly backend'),
    ort: javascript('onnxruntime-web', 'onnxruntime-web', 'its WebAssembly backend'),
  };
}

/** A line each. */
export function describePeers(peers: Peers): string[] {
  return Object.entries(installation).map(([name, absent]) => peers[name as keyof Peers]?.description ?? absent);
}

/** The first Python that has the module. */
function python(name: string, module: string): Peer | null {
  for (const command of ['python3', '/usr/bin/python3']) {
    try {
      const { version, blas } = run<{ version: string; blas: string }>(command, 'describe.py', { module });
      return {
        description: `${name} ${version} on ${blas}`,
        run: (script, options) => run(command, script, options),
      };
    } catch {
      // This one is missing, or lacks the module: the next.
    }
  }
  return null;
}

/** A package that is installed in this folder. */
function javascript(name: string, folder: string, backend: string): Peer | null {
  const description = new URL(`node_modules/${folder}/package.json`, import.meta.url);
  if (!existsSync(description)) return null;
  const { version } = JSON.parse(readFileSync(description, 'utf8'));
  return {
    description: `${name} ${version}, ${backend}`,
    run: (script, options) => run(process.execPath, script, options),
  };
}

function run<Printed>(command: string, script: string, options: object): Printed {
  const path = fileURLToPath(new URL(script, import.meta.url));
  // NumPy has no setting for threads: its BLAS reads the environment when it is loaded.
  const threads = 'threads' in options ? String(options.threads) : '1';
  const printed = execFileSync(command, [path], {
    input: JSON.stringify(options),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, OPENBLAS_NUM_THREADS: threads, OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads },
  });
  return JSON.parse(printed);
}
