import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TypedArray } from '../backend/backend.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ScopeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, append, sum, tanh } from '../ops/index.ts';
import type { Device } from './device.ts';
import type { Tensor } from './tensor.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Collects garbage and lets the finalizers run. */
async function afterCollection(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

let device: Device;
beforeEach(() => {
  device = createDevice(referenceBackend());
});
afterEach(() => device.close());

const bytes = (): number => device.memory().bytes;

describe('a scope', () => {
  test('releases what was allocated in it', () => {
    const before = bytes();
    const value = device.scope(() => {
      const x = device.ones([1000]);
      expect(bytes()).toBeGreaterThan(before);
      return add(x, tanh(x)).data()[0];
    });
    expect(value).toBeCloseTo(1 + Math.tanh(1));
    expect(bytes()).toBe(before);
  });

  test('leaves what was allocated before it', () => {
    const x = device.tensor([1, 2]);
    device.scope(() => add(x, 1).data());
    expect([...x.data()]).toEqual([1, 2]);
  });

  test('hands the tensors it returns to the scope around it, wherever they stand in arrays and plain objects', () => {
    const before = bytes();
    device.scope(() => {
      const result = device.scope(() => {
        device.ones([500]);
        return {
          loss: device.ones([]),
          state: [{ h: device.ones([2]), c: device.ones([3]) }],
          note: 'text',
          none: null,
        };
      });
      expect(bytes() - before).toBe(8 * (1 + 2 + 3));
      expect([...result.state[0].c.data()]).toEqual([1, 1, 1]);
    });
    expect(bytes()).toBe(before);
  });

  test('keeps the memory of a view that it returns', () => {
    const row = device.scope(() =>
      device
        .tensor([
          [1, 2],
          [3, 4],
        ])
        .at(1),
    );
    expect([...row.data()]).toEqual([3, 4]);
  });

  test('does not release twice what is returned twice', () => {
    const [a, b] = device.scope(() => {
      const x = device.ones([2]);
      return [x, x.detach()];
    });
    expect([...a.data(), ...b.data()]).toEqual([1, 1, 1, 1]);
  });

  test('returns a tensor from before it untouched', () => {
    const x = device.ones([2]);
    expect(device.scope(() => x)).toBe(x);
    device.scope(() => {
      device.scope(() => x);
      expect([...x.data()]).toEqual([1, 1]);
    });
    expect([...x.data()]).toEqual([1, 1]);
  });

  test('releases what was allocated in it when its function throws, and the scope around goes on', () => {
    const before = bytes();
    device.scope(() => {
      const outer = device.ones([3]);
      expect(() =>
        device.scope(() => {
          device.ones([100]);
          throw new Error('stop');
        }),
      ).toThrow('stop');
      expect(bytes() - before).toBe(8 * 3);
      expect([...add(outer, 1).data()]).toEqual([2, 2, 2]);
    });
    expect(bytes()).toBe(before);
  });

  test('refuses an async function, and releases what that allocated', () => {
    const before = bytes();
    const wrong = () =>
      device.scope(async () => {
        device.ones([10]);
      });
    expect(wrong).toThrow(ScopeError);
    expect(wrong).toThrow('scope: the function is async; await outside of it and compute inside');
    expect(bytes()).toBe(before);
  });

  test('refuses an async function without leaving a rejection behind', async () => {
    const rejections: unknown[] = [];
    const listen = (reason: unknown): number => rejections.push(reason);
    process.on('unhandledRejection', listen);
    const later = async (): Promise<unknown> => {
      const x = device.ones([2]);
      await null;
      return x.toArray();
    };
    for (const run of [
      () => device.scope(later),
      () => device.carry(null, later as never),
      () => device.withoutGradients(later),
      () => device.withGradients(later),
    ]) {
      expect(run).toThrow(ScopeError);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', listen);
    expect(rejections).toEqual([]);
  });

  test('refuses a function that returns another thenable, which is not started', () => {
    let started = false;
    // biome-ignore lint/suspicious/noThenProperty: a query, say, that runs when it is awaited
    const thenable = { then: () => (started = true) };
    expect(() => device.scope(() => thenable)).toThrow(ScopeError);
    expect(started).toBe(false);
  });
});

describe('a tensor used after its scope', () => {
  test('is a named error that says its shape and what to do', () => {
    let lost!: Tensor;
    device.scope(() => {
      lost = device.ones([2, 3]);
    });
    for (const use of [() => lost.data(), () => tanh(lost), () => add(1, lost), () => lost.detach().data()]) {
      expect(use).toThrow(ScopeError);
      expect(use).toThrow(/shape \[2, 3\] was used after its scope ended; return it from the scope, or device\.keep/);
    }
  });
});

describe('read', () => {
  test('gives the numbers of the tensors it returns, wherever they stand, and releases them', async () => {
    const before = bytes();
    const found = await device.read(() => ({
      sum: device.tensor([1, 2]).add(1),
      parts: [device.ids([3, 4]), 'as it is'] as const,
    }));
    expect(Array.from(found.sum)).toEqual([2, 3]);
    expect(Array.from(found.parts[0])).toEqual([3, 4]);
    expect(found.parts[1]).toBe('as it is');
    expect(bytes()).toBe(before);
  });

  test('is of the moment it was asked for, even if the tensor changes before the answer', async () => {
    const x = device.tensor([1, 2]);
    const reading = device.read(() => x);
    device.backend.fill(x, 7);
    expect(Array.from(await reading)).toEqual([1, 2]);
  });

  test('rejects with what its function throws, and refuses an async one', async () => {
    await expect(
      device.read(() => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await expect(device.read(async () => device.ones([1]))).rejects.toThrow(
      'read: the function is async; await outside of it and compute inside',
    );
  });
});

describe('keep', () => {
  test('lets a tensor outlive all scopes', () => {
    let kept!: Tensor;
    device.scope(() => {
      device.scope(() => {
        kept = device.keep(tanh(device.zeros([2])));
      });
    });
    expect([...kept.data()]).toEqual([0, 0]);
  });

  test('takes arrays and plain objects and returns them', () => {
    const state = device.scope(() => {
      const value = { h: device.ones([1]), more: [device.ones([2])] };
      expect(device.keep(value)).toBe(value);
      return value;
    });
    expect([...state.h.data(), ...state.more[0].data()]).toEqual([1, 1, 1]);
  });

  test('may be asked twice', () => {
    const x = device.scope(() => device.keep(device.keep(device.ones([1]))));
    expect(device.keep(x).item()).toBe(1);
  });
});

describe('carry', () => {
  test('releases what was carried into a step and not out of it again', () => {
    const fixed = device.ones([5]);
    let state = { h: device.zeros([100]), fixed };
    const before = bytes();
    for (let step = 1; step <= 50; step++) {
      const last = state;
      state = device.carry(state, (carried) => ({ h: add(tanh(carried!.h), 1), fixed }));
      expect(bytes()).toBe(before);
      expect(() => last.h.data()).toThrow(ScopeError);
    }
    expect([...fixed.data()]).toEqual([1, 1, 1, 1, 1]);
    expect(state.h.data()[0]).toBeGreaterThan(1);
  });

  test('does so inside of a scope, too', () => {
    device.scope(() => {
      let h = device.zeros([10]);
      const before = bytes();
      for (let step = 0; step < 5; step++) h = device.carry(h, (last) => add(last!, 1));
      expect(bytes()).toBe(before);
      expect(h.data()[0]).toBe(5);
    });
    expect(bytes()).toBe(0);
  });

  test('keeps what was carried when the step throws', () => {
    const h = device.ones([2]);
    const wrong = () =>
      device.carry(h, () => {
        throw new Error('stop');
      });
    expect(wrong).toThrow('stop');
    expect([...h.data()]).toEqual([1, 1]);
  });

  test('may begin with nothing, and carry two views of one memory', () => {
    const none: Tensor | null = device.carry<Tensor | null>(null, (last) => last);
    expect(none).toBe(null);
    const both = device.tensor([[1, 2]]);
    const next = device.carry([both, both.view([2])], (views) => [tanh(views![0])]);
    expect(bytes()).toBe(next[0].data().byteLength);
  });

  test('reads numbers of each step, and releases the last state on request', async () => {
    const before = bytes();
    let h: Tensor | null = null;
    for (let step = 1; step <= 5; step++) {
      let read: { total: TypedArray; step: number };
      [h, read] = await device.carryAndRead(h, (last: Tensor | null) => {
        const after = last === null ? device.ones([10]) : add(last, 1);
        return [after, { total: sum(after), step }];
      });
      expect([read.total[0], read.step]).toEqual([10 * step, step]);
      expect(bytes() - before).toBe(80);
    }
    device.release({ h, none: null });
    expect(bytes()).toBe(before);
    expect(() => h!.data()).toThrow(ScopeError);
    device.release(h);
    await afterCollection();
    expect(bytes()).toBe(before);
  });

  test('carries and reads in steps that overlap, each with its own state', async () => {
    const count = async (by: number): Promise<number[]> => {
      const seen: number[] = [];
      let h: Tensor | null = null;
      for (let step = 0; step < 4; step++) {
        let read: TypedArray;
        [h, read] = await device.carryAndRead(h, (last: Tensor | null) => {
          const next = last === null ? device.full([3], by) : add(last, by);
          return [next, next];
        });
        seen.push(read[2]);
      }
      device.release(h);
      return seen;
    };
    const before = bytes();
    expect(await Promise.all([1, 10].map(count))).toEqual([
      [1, 2, 3, 4],
      [10, 20, 30, 40],
    ]);
    expect(bytes()).toBe(before);
  });

  test('releases once: nothing is left for the garbage collector to release again', async () => {
    let h = device.zeros([10]);
    for (let step = 0; step < 20; step++) h = device.carry(h, (last) => add(last!, 1));
    await afterCollection();
    expect(bytes()).toBe(80);
    expect(h.data()[0]).toBe(20);
  });
});

describe('memory that tensors share because one grew out of the other', () => {
  test('is released with the last of them, whichever that is', () => {
    const before = bytes();
    device.scope(() => {
      const first = append(device.ones([1]), device.ones([1]), 0);
      const longer = device.scope(() => append(first, device.zeros([1]), 0));
      device.release(first);
      expect([...longer.data()]).toEqual([1, 1, 0]);
      expect(() => first.data()).toThrow(ScopeError);
      const longest = append(longer, device.ones([50]), 0);
      device.scope(() => device.release(longer));
      expect(longest.size).toBe(53);
    });
    expect(bytes()).toBe(before);
  });

  test('is released with the last of them by garbage collection, too', async () => {
    const before = bytes();
    const longer = await (async () => {
      const grown = append(append(device.ones([1]), device.ones([1]), 0), device.zeros([1]), 0);
      await afterCollection();
      expect([...grown.data()]).toEqual([1, 1, 0]);
      return new WeakRef(grown);
    })();
    await afterCollection();
    expect(longer.deref()).toBeUndefined();
    expect(bytes()).toBe(before);
  });

  test('does not pile up in a loop that carries what grows', () => {
    let all = device.keep(device.ones([1, 1, 8]));
    for (let step = 1; step < 500; step++) {
      all = device.carry(all, (last) => append(last!, device.full([1, 1, 8], step), 1));
    }
    expect(bytes()).toBeLessThanOrEqual(1.5 * 8 * all.size);
    expect(all.at(0).at(499).toArray()).toEqual(new Array(8).fill(499));
    device.release(all);
    expect(bytes()).toBe(0);
  });
});

describe('memory outside of scopes', () => {
  test('is released when nothing refers to it any more', async () => {
    const before = bytes();
    const keepNone = (): void => {
      for (let i = 0; i < 10; i++) device.ones([1000]);
      device.scope(() => device.keep(device.ones([1000])));
    };
    keepNone();
    expect(bytes()).toBeGreaterThan(before);
    await afterCollection();
    expect(bytes()).toBe(before);
  });

  test('stays as long as a view refers to it', async () => {
    const row = (() =>
      device
        .tensor([
          [1, 2],
          [3, 4],
        ])
        .at(1))();
    await afterCollection();
    expect([...row.data()]).toEqual([3, 4]);
  });

  test('collected after its device was closed is no error', async () => {
    const errors: unknown[] = [];
    const listen = (error: unknown): number => errors.push(error);
    process.prependListener('uncaughtException', listen);
    const closed = createDevice(referenceBackend());
    (() => {
      for (let i = 0; i < 10; i++) closed.ones([1000]);
    })();
    closed.close();
    await afterCollection();
    expect(closed.memory().bytes).toBe(0);
    process.removeListener('uncaughtException', listen);
    expect(errors).toEqual([]);
  });

  test('a device may be closed inside of a scope', () => {
    const other = createDevice(referenceBackend());
    other.scope(() => {
      other.ones([2]);
      other.close();
    });
  });
});
