/**
 * What this backend uses of the program it runs in: WebAssembly, workers and a few facts. ECMAScript's types know none of
 * it, and a page's and Node's disagree, so the part that is used is declared here.
 */

export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** @throws RangeError where the memory cannot grow by that many pages */
  grow(pages: number): number;
}

/** A compiled module: can be sent to a worker. */
export type WasmModule = object;

interface ByteStream {
  pipeThrough(transform: object): ByteStream;
}

interface Host {
  readonly WebAssembly: {
    validate(bytes: Uint8Array): boolean;
    compile(bytes: ArrayBuffer | Uint8Array): Promise<WasmModule>;
    readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
    readonly Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  };
  atob(base64: string): string;
  readonly Blob: new (parts: readonly Uint8Array[]) => { stream(): ByteStream };
  readonly DecompressionStream: new (format: 'deflate-raw') => object;
  readonly Response: new (body: ByteStream) => { arrayBuffer(): Promise<ArrayBuffer> };
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  readonly performance: { now(): number };
  readonly navigator?: { readonly hardwareConcurrency?: number };
  /** Of a page or a worker in one: whether it may share memory. */
  readonly crossOriginIsolated?: boolean;
  readonly process?: {
    readonly platform?: string;
    getBuiltinModule?(name: 'node:worker_threads' | 'node:zlib'): NodeThreads | NodeZlib | undefined;
  };
  /** Of a worker in a page. */
  onmessage?: ((event: { readonly data: unknown }) => void) | null;
  postMessage?(message: unknown): void;
}

export interface PageWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

export interface NodeThreads {
  readonly Worker: new (url: object, options: { workerData: unknown; name: string; execArgv?: string[] }) => NodeWorker;
  readonly parentPort: { postMessage(message: unknown): void } | null;
  readonly workerData: unknown;
}

export interface NodeZlib {
  inflateRawSync(bytes: Uint8Array): Uint8Array;
}

export interface NodeWorker {
  readonly performance: { eventLoopUtilization(): { readonly idle: number; readonly active: number } };
  once(event: 'message', listener: () => void): void;
  on(event: 'message', listener: (message: unknown) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'exit', listener: (code: number) => void): void;
  unref(): void;
  terminate(): Promise<number>;
}

export const host = globalThis as unknown as Host;

/** Node's threads; undefined in a page. */
export function nodeThreads(): NodeThreads | undefined {
  return host.process?.getBuiltinModule?.('node:worker_threads') as NodeThreads | undefined;
}
