import { afterAll, describe, expect, test } from 'vitest';
import type { Backend, FusedOperations } from '../backend.ts';
import { faultsOf, suites, truthOf } from '../conformance/suite.ts';
import { wasmBackend } from '../wasm/wasm-backend.ts';
import { complete, composedOperations } from './complete.ts';

describe('wasm with fused operations switched off', async () => {
  const backend = await wasmBackend({ threads: 1 });
  afterAll(() => backend.close());
  const names = Object.keys(composedOperations(backend)) as (keyof FusedOperations)[];
  const all = Object.values(suites).flat();

  const without = (off: readonly string[]): Backend => {
    const missing = Object.fromEntries(off.map((name) => [name, undefined]));
    const partial = new Proxy(backend, {
      get(_, name) {
        const value = name in missing ? undefined : backend[name as keyof Backend];
        return typeof value === 'function' ? value.bind(backend) : value;
      },
    });
    return complete(partial);
  };

  const cases = [...names.map((name) => [name, [name]] as const), ['all of them', names] as const];
  test.each(cases)('%s', async (_, off) => {
    const subject = { backend: without(off), slack: 4 };
    let tried = 0;
    for (const one of all) {
      const { called } = await truthOf(one);
      if (!off.some((name) => called.has(name))) continue;
      tried++;
      expect(await faultsOf(one, subject), one.name).toEqual([]);
    }
    expect(tried).toBeGreaterThan(0);
    expect(backend.memory().bytes).toBe(0);
  });

  test('a backend that lacks nothing stays as it is', () => {
    expect(complete(backend)).toBe(backend);
  });
});
