import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError, DeviceError, MemoryError, UnrolledError } from '../../errors.ts';
import type { Backend } from '../backend.ts';
import { Control } from './control.ts';
import { detectFeatures } from './detect.ts';
import { host } from './host.ts';
import { compileKernels, instantiate } from './instance.ts';
import { unaryJob } from './jobs/elementwise.ts';
import { jobs } from './jobs/index.ts';
import { Products } from './jobs/products.ts';
import { LinearMemory } from './linear-memory.ts';
import { Pool } from './pool.ts';
import { type WasmOptions, wasmBackend } from './wasm-backend.ts';

const { shared } = detectFeatures();
if (shared !== true) console.warn(`not tested: threads: ${shared}`);

const opened: Backend[] = [];
async function open(options: WasmOptions): Promise<Backend> {
  opened.push(await wasmBackend(options));
  return opened[opened.length - 1];
}
afterEach(() => {
  for (const backend of opened.splice(0)) backend.close();
});

const block = (backend: Backend, length: number) => ({
  storage: backend.allocate('float32', length),
  offset: 0,
  shape: [length],
});

describe('wasm backend', () => {
  test('says which build it runs and on how many threads, and why', async () => {
    const one = (await open({ simd: 'simd', threads: 1 })).describe();
    expect(one).toMatchObject({ name: 'wasm', float: 'float32', threads: 1 });
    expect(one.notes.join()).toContain('without fused multiply-add');
    const many = (await open({})).describe();
    expect(many.threads).toBe(shared === true ? Math.min(8, host.navigator?.hardwareConcurrency ?? 1) : 1);
  });

  test('options that make no sense are refused', async () => {
    await expect(wasmBackend({ threads: 0 })).rejects.toThrow(ConfigError);
    await expect(wasmBackend({ simd: 'avx' as 'simd' })).rejects.toThrow(ConfigError);
    await expect(wasmBackend({ blas: '' })).rejects.toThrow(ConfigError);
  });

  test('a BLAS that is not there is an error where it is asked for by its path, and a note where any will do', async () => {
    await expect(wasmBackend({ threads: 1, blas: './no-such-library.so' })).rejects.toThrow(DeviceError);
    const { notes, details } = (await open({ threads: 1, blas: 'auto' })).describe();
    expect(details?.blas === null || typeof details?.blas === 'string').toBe(true);
    expect(notes.join('\n')).toContain('BLAS: ');
    expect((await open({ threads: 1 })).describe().details?.blas).toBe(null);
  });

  test('with a BLAS, too, the memory may grow between products', async () => {
    const backend = await open({ threads: 1, blas: 'auto', blasFrom: { rows: 0, work: 0 } });
    const [a, b, out] = [block(backend, 16), block(backend, 16), block(backend, 16)];
    const square = (x: typeof a) => ({ ...x, shape: [4, 4] });
    const product = { batch: 1, m: 4, k: 4, n: 4, transposeA: false, transposeB: false };
    const multiply = () =>
      backend.matmul(square(a), square(b), square(out), { ...product, accumulate: true, sharedB: true });
    backend.fill(a, 2);
    backend.fill(b, 3);
    backend.fill(out, 1);
    multiply();
    block(backend, 30_000_000);
    multiply();
    expect([...backend.readSync(out)]).toEqual(Array(16).fill(49));
  });

  test('the memory grows, and what was in it stays', async () => {
    const backend = await open({ threads: 1 });
    const first = block(backend, 1000);
    backend.write(
      first,
      Array.from({ length: 1000 }, (_, i) => i),
    );
    const large = block(backend, 30_000_000);
    backend.fill(large, 2);
    backend.axpy(3, first, { ...large, shape: [1000] });
    expect(backend.readSync({ ...large, shape: [3] })).toEqual(Float32Array.of(2, 5, 8));
    expect(backend.readSync(first)[999]).toBe(999);
  });

  test('what does not fit is a MemoryError with the bytes it needed', async () => {
    const backend = await open({ threads: 1, limitBytes: 32 * 2 ** 20 });
    expect(backend.memory().limitBytes).toBe(32 * 2 ** 20);
    try {
      backend.allocate('float32', 2 ** 24);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(MemoryError);
      expect((error as MemoryError).details.bytesNeeded).toBe(2 ** 26);
    }
    backend.allocate('float32', 2 ** 20);
  });

  test('float64 is refused by name', async () => {
    const backend = await open({ threads: 1 });
    expect(() => backend.allocate('float64', 3)).toThrow(ConfigError);
  });

  test('a closed backend cannot be used', async () => {
    const backend = await open({ threads: 1 });
    const x = block(backend, 3);
    backend.close();
    expect(() => backend.allocate('float32', 3)).toThrow(DeviceError);
    expect(() => backend.fill(x, 1)).toThrow(UnrolledError);
  });

  test('many operations in a row need no more memory than one', async () => {
    const backend = await open({ threads: 1 });
    const [a, b, out] = [block(backend, 64 * 64), block(backend, 64 * 64), block(backend, 64 * 64)];
    const square = (x: typeof a) => ({ ...x, shape: [64, 64] });
    const product = { batch: 1, m: 64, k: 64, n: 64, transposeA: true, transposeB: false };
    backend.fill(a, 0.1);
    backend.fill(b, 0.1);
    const { peakBytes } = backend.memory();
    for (let i = 0; i < 1000; i++) {
      backend.matmul(square(a), square(b), square(out), { ...product, accumulate: false, sharedB: true });
    }
    expect(backend.memory()).toMatchObject({ bytes: 3 * 64 * 64 * 4, peakBytes });
  });
});

describe.runIf(shared === true)('threads', () => {
  test('do not keep a program running, and it may end without close', () => {
    const module = fileURLToPath(new URL('./wasm-backend.ts', import.meta.url));
    const program = `
      const { wasmBackend } = await import(${JSON.stringify(module)});
      const backend = await wasmBackend({ threads: 3, parallelFrom: 0 });
      const x = { storage: backend.allocate('float32', 1000), offset: 0, shape: [1000] };
      backend.fill(x, 1);
      backend.axpy(1, x, x);
      console.log(backend.readSync(x)[999]);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 30_000 });
    expect(output.toString().trim()).toBe('2');
  });

  test('idle threads take no processor time', async () => {
    const backend = await open({ threads: 3, parallelFrom: 0 });
    const x = block(backend, 1000);
    backend.unary('exp', x, x);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(150);
  });

  test('a failing part is a DeviceError for the whole job, and for all that come after', async () => {
    const backend = await open({ threads: 2, parallelFrom: 0 });
    // An id within the table that the shape promises: the worker's part reads beyond the memory.
    const ids = { storage: backend.allocate('int32', 2), offset: 0, shape: [2] };
    backend.write(ids, [0, 2 ** 26]);
    const table = { ...block(backend, 40), shape: [2 ** 27, 4] };
    const out = { ...block(backend, 8), shape: [2, 4] };
    expect(() => backend.gather(table, ids, out)).toThrow(DeviceError);
    expect(() => backend.unary('exp', out, out)).toThrow(/open a new device/);
  });

  test('a worker that ends while jobs run is a DeviceError within 5 s, and closes the device', async () => {
    const started: Worker[] = [];
    const threads = process.getBuiltinModule('node:worker_threads');
    threads.Worker = class extends Worker {
      constructor(...options: ConstructorParameters<typeof Worker>) {
        super(...options);
        started.push(this);
      }
    };
    const backend = await open({ threads: 3, parallelFrom: 0 }).finally(() => {
      threads.Worker = Worker;
    });
    const square = () => ({ ...block(backend, 400 * 400), shape: [400, 400] });
    const [a, b, out] = [square(), square(), square()];
    const flags = { transposeA: false, transposeB: false, accumulate: false, sharedB: true };
    const multiply = () => backend.matmul(a, b, out, { batch: 1, m: 400, k: 400, n: 400, ...flags });
    backend.fill(a, 1);
    backend.fill(b, 1);
    multiply();
    void started.at(-1)!.terminate();
    const begin = performance.now();
    expect(() => {
      for (let i = 0; i < 2000; i++) multiply();
    }).toThrow(/threads of this backend have stopped: a worker (ended|died)/);
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(multiply).toThrow(DeviceError);
    expect(() => backend.unary('exp', { ...a, shape: [1] }, { ...out, shape: [1] })).toThrow(DeviceError);
  });

  test('a worker that is slow is waited for', async () => {
    const control = new Control();
    control.start({ job: 0, phase: 0 }, jobs[0], Object.fromEntries(jobs[0].parameters.map((name) => [name, 0])), 1);
    const slow = `
      const { workerData } = require('node:worker_threads');
      import(workerData.module).then(({ Control }) => {
        const control = new Control(workerData.buffer);
        setTimeout(() => {
          control.share(1, 2).barrier();
          control.done();
        }, 1500);
      });`;
    const module = new URL('./control.ts', import.meta.url).href;
    const worker = new Worker(slow, { eval: true, workerData: { buffer: control.buffer, module } });
    const patience = {
      ms: () => 60_000,
      allAlive: () => worker.performance.eventLoopUtilization().idle >= 0,
      waited: (ms: number) => expect(ms).toBeGreaterThan(0),
    };
    control.share(0, 2, patience).barrier();
    expect(control.waitForAll(patience)).toBe(true);
    expect(control.hasFailed).toBe(false);
    await worker.terminate();
  });

  test('a worker that has died is a DeviceError, at once or after a while, and never a hang', async () => {
    const memory = new LinearMemory(true, 2 ** 26);
    const module = await compileKernels('simd', true);
    const kernels = instantiate(module, memory.memory);
    memory.begin(kernels.heapBase());
    const products = new Products(kernels, null);
    const common = { module, memory: memory.memory, kernels, products, blas: null };
    const start = () => Pool.start({ ...common, threads: 3, patienceMs: 300 });
    const x = memory.scratch('x', 4000);
    const parameters = { operation: 0, x, out: x, n: 1000 };

    const pool = await start();
    pool.run(unaryJob, parameters);
    pool.killWorker(0);
    const begin = performance.now();
    expect(() => {
      while (performance.now() - begin < 10_000) pool.run(unaryJob, parameters);
    }).toThrow(DeviceError);

    const other = await start();
    other.killWorker(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(() => other.run(unaryJob, parameters)).toThrow(/ended|died/);
    pool.close();
    other.close();
  });
});
