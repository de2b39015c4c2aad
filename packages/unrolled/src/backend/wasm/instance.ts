import type { SimdLevel } from './detect.ts';
import type { Kernels } from './generated/kernels.ts';
import { host, type NodeZlib, type WasmMemory, type WasmModule } from './host.ts';

/**
 * Compiles one of the four builds of the kernels; only that one is loaded. They are stored deflated: base64 is all that
 * a text can hold of bytes, and compresses badly.
 */
export async function compileKernels(simd: SimdLevel, shared: boolean): Promise<WasmModule> {
  const base64 = await load(simd, shared);
  const deflated = Uint8Array.from(host.atob(base64), (character) => character.charCodeAt(0));
  return host.WebAssembly.compile(await inflate(deflated));
}

/** Node also has the web API for this, but it takes ten times as long to load. */
async function inflate(deflated: Uint8Array): Promise<ArrayBuffer | Uint8Array> {
  const zlib = host.process?.getBuiltinModule?.('node:zlib') as NodeZlib | undefined;
  if (zlib) return zlib.inflateRawSync(deflated);
  const bytes = new host.Blob([deflated]).stream().pipeThrough(new host.DecompressionStream('deflate-raw'));
  return new host.Response(bytes).arrayBuffer();
}

// Four imports by name in place of one by expression: a bundler must be able to see them.
async function load(simd: SimdLevel, shared: boolean): Promise<string> {
  if (simd === 'relaxed') {
    const { wasm } = shared
      ? await import('./generated/relaxed-shared.ts')
      : await import('./generated/relaxed-local.ts');
    return wasm;
  }
  const { wasm } = shared ? await import('./generated/simd-shared.ts') : await import('./generated/simd-local.ts');
  return wasm;
}

/** The kernels over a memory. Many instances, one a thread, may share one memory: they store no state in it. */
export function instantiate(module: WasmModule, memory: WasmMemory): Kernels {
  return new host.WebAssembly.Instance(module, { env: { memory } }).exports as Kernels;
}
