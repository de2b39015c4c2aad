import { expect, test } from 'vitest';
import { AbortError } from './errors.ts';
import { throwIfAborted, unlessAborted } from './signal.ts';

test('an aborted signal throws its reason, as the platform does, and an AbortError without one', () => {
  const controller = new AbortController();
  throwIfAborted(controller.signal);
  throwIfAborted(undefined);
  throwIfAborted({ aborted: false });
  controller.abort();
  expect(() => throwIfAborted(controller.signal)).toThrow(controller.signal.reason);
  expect(controller.signal.reason.name).toBe(new AbortError('').name);
  expect(() => throwIfAborted({ aborted: true, reason: 'enough' })).toThrow('enough');
  expect(() => throwIfAborted({ aborted: true })).toThrow(AbortError);
});

test('work that another error ended is not taken for aborted', async () => {
  const signal = AbortSignal.abort();
  expect(await unlessAborted(Promise.reject(signal.reason), signal)).toBeUndefined();
  expect(await unlessAborted(Promise.reject(new AbortError('')), { aborted: true })).toBeUndefined();
  expect(await unlessAborted(Promise.resolve(null), signal)).toBeNull();
  await expect(unlessAborted(Promise.reject(new Error('other')), signal)).rejects.toThrow('other');
  await expect(unlessAborted(Promise.reject(new AbortError('')), { aborted: false })).rejects.toThrow(AbortError);
});
