import { describe, expect, test } from 'vitest';
import { ConfigError, DeviceError } from '../../errors.ts';
import { chooseSimd, chooseThreads, detectFeatures, type Features } from './detect.ts';

const all: Features = { simd: true, relaxed: true, shared: true, cores: 4 };

describe('detection', () => {
  test('finds SIMD, relaxed SIMD and shared memory in the Node that runs the tests', () => {
    expect(detectFeatures()).toMatchObject({ simd: true, relaxed: true, shared: true });
    expect(detectFeatures().cores).toBeGreaterThanOrEqual(1);
  });

  test('the best SIMD there is, unless another is asked for', () => {
    expect(chooseSimd('auto', all)).toBe('relaxed');
    expect(chooseSimd('simd', all)).toBe('simd');
    expect(chooseSimd('auto', { ...all, relaxed: false })).toBe('simd');
    expect(() => chooseSimd('relaxed', { ...all, relaxed: false })).toThrow(DeviceError);
    expect(() => chooseSimd('auto', { ...all, simd: false })).toThrow(DeviceError);
  });

  test('as many threads as cores, eight at most, one without shared memory', () => {
    expect(chooseThreads(undefined, all).threads).toBe(4);
    expect(chooseThreads(undefined, { ...all, cores: 32 }).threads).toBe(8);
    expect(chooseThreads(12, all).threads).toBe(12);
    const alone = { ...all, shared: 'no headers' };
    expect(chooseThreads(undefined, alone)).toEqual({ threads: 1, reason: 'no headers' });
    expect(() => chooseThreads(2, alone)).toThrow(DeviceError);
    for (const nonsense of [0, -1, 1.5, Number.NaN, 1000])
      expect(() => chooseThreads(nonsense, all)).toThrow(ConfigError);
  });
});
