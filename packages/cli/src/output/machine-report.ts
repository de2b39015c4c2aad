import { availableParallelism, totalmem } from 'node:os';
import { openDevice } from 'unrolled';

/** What this machine supports; null where something is missing or could not be determined. */
export interface MachineReport {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryBytes: { readonly total: number; readonly available: number };
  readonly sharedMemory: boolean;
  readonly webAssembly: {
    readonly simd: string | null;
    readonly threads: number;
    readonly threadsReason: string | null;
    /** Speed of one thread at a matrix product. */
    readonly gflops: number;
  } | null;
  readonly blas: { readonly path: string; readonly gflops: number } | null;
  readonly gpu: null;
  /** Why something is missing, by name. */
  readonly reasons: Readonly<Record<string, string>>;
  /** What to install or switch on. */
  readonly advice: readonly string[];
}

/** Examines one thing after the other; what fails becomes a reason. */
export async function examineMachine(blas = 'auto'): Promise<MachineReport> {
  const reasons: Record<string, string> = {};
  const guarded = async <T>(name: string, probe: () => Promise<T>): Promise<T | null> => {
    try {
      return await probe();
    } catch (error) {
      reasons[name] = error instanceof Error ? error.message : String(error);
      return null;
    }
  };
  const webAssembly = await guarded('webAssembly', async () => {
    const device = await openDevice('wasm');
    const { threads, details } = device.describe();
    device.close();
    const gflops = (await measure('off')).gflops;
    return { simd: details?.simd ?? null, threads, threadsReason: details?.threadsReason ?? null, gflops };
  });
  const found = await guarded('blas', () => measure(blas));
  if (found?.reason) reasons.blas = found.reason;
  reasons.gpu = "not supported yet; Node has no 'navigator.gpu'";
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: { total: totalmem(), available: process.availableMemory() },
    sharedMemory: typeof SharedArrayBuffer === 'function',
    webAssembly,
    blas: found?.path ? { path: found.path, gflops: found.gflops } : null,
    gpu: null,
    reasons,
    advice: adviceFor(found?.path ?? null, reasons.blas ?? ''),
  };
}

/** Speed of one thread at [256, 256] × [256, 1024]: the fastest product within 250 ms. */
async function measure(blas: string): Promise<{ path: string | null; reason: string | null; gflops: number }> {
  const device = await openDevice('wasm', { threads: 1, blas });
  try {
    const { blas: path = null, blasReason = null } = device.describe().details ?? {};
    const [m, k, n] = [256, 256, 1024];
    const [a, b] = [device.ones([m, k]), device.ones([k, n])];
    const end = performance.now() + 250;
    let best = Number.POSITIVE_INFINITY;
    while (performance.now() < end) {
      const begin = performance.now();
      device.scope(() => void a.matmul(b));
      best = Math.min(best, performance.now() - begin);
    }
    return { path, reason: path === null && blas !== 'off' ? blasReason : null, gflops: (2 * m * k * n) / best / 1e6 };
  } finally {
    device.close();
  }
}

const installs: Record<string, string> = {
  linux: 'apt install libopenblas0 (or the OpenBLAS package of your system)',
  win32: 'put libopenblas.dll on the PATH',
};

function adviceFor(path: string | null, reason: string): string[] {
  if (path !== null) return ['train with --blas auto; results then depend on the number of threads'];
  const advice = /koffi/.test(reason) ? ['npm install koffi'] : [];
  const install = installs[process.platform];
  if (install) advice.push(install);
  if (advice.length === 0) return [];
  return [
    `install a BLAS library and train with --blas auto (measured: half the time per step with AVX-512): ${advice.join('; ')}`,
  ];
}
