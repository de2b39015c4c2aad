import { shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';

/**
 * Bytes in an `ArrayBuffer` of their own, as `Blob`, `fetch` and `crypto` take them: `Uint8Array<ArrayBuffer>`, written so
 * that TypeScript before 5.7 reads it, too.
 */
export type Bytes = ReturnType<typeof Uint8Array.of>;

/**
 * The bytes of a file that was read.
 * @throws ConfigError saying what to pass, for a path, a promise, a Blob or anything else
 */
export function requireBytes(operation: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]') {
    return new Uint8Array(value as ArrayBuffer);
  }
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new ConfigError(`${operation}: takes the bytes of a file (Uint8Array or ArrayBuffer), ${hint(value)}`, {
    operation,
  });
}

/** What was given instead, and how to get bytes of it. */
function hint(value: unknown): string {
  if (typeof value === 'string') {
    return (
      `received the text ${shown(value)}; for a path pass readFileSync(path), ` +
      'for an address await (await fetch(address)).arrayBuffer()'
    );
  }
  const given = (value ?? {}) as { then?: unknown; arrayBuffer?: unknown };
  if (typeof given.then === 'function') return 'received a promise; await it';
  if (typeof given.arrayBuffer === 'function') {
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    return `received a ${kind}; pass await value.arrayBuffer()`;
  }
  return `received ${shown(value)}`;
}
