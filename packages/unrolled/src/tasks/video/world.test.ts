import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { actions, type GeneratedVideo, makeOrderPairs, makeVideos } from './index.ts';

const lit = ({ data }: GeneratedVideo['frames'][number]): number =>
  data.reduce((sum, byte) => sum + (byte > 0 ? 1 : 0), 0);

describe('generated videos', () => {
  test('the same seed gives the same bytes, another one others', () => {
    expect(makeVideos({ count: 3, seed: 4 })).toEqual(makeVideos({ count: 3, seed: 4 }));
    expect(makeVideos({ count: 3, seed: 4 })).not.toEqual(makeVideos({ count: 3, seed: 5 }));
  });

  test('every event has its time, its actors and a caption that names them', () => {
    const videos = makeVideos({ count: 60, seed: 1, size: 32, events: 3, rows: 2 });
    const seen = new Set<string>();
    let overlapping = 0;
    for (const { frames, events } of videos) {
      expect(events).toHaveLength(6);
      for (const [i, { action, start, end, actors, caption }] of events.entries()) {
        seen.add(action);
        expect([start < end, end <= frames.length, start >= (events[i - 1]?.start ?? 0)]).toEqual([true, true, true]);
        for (const { colour, form } of actors) expect(caption).toContain(`the ${colour} ${form}`);
        expect(actors).toHaveLength(action === 'enter' || action === 'leave' ? 1 : 2);
        if (i > 0 && start < events[i - 1].end) overlapping++;
      }
      for (const frame of frames) expect([frame.width, frame.height]).toEqual([32, 32]);
    }
    expect([...seen].sort()).toEqual([...actions].sort());
    expect(overlapping).toBeGreaterThan(60);
  });

  test('entering lights the picture up, leaving darkens it, and between events it is black', () => {
    for (const { frames, events } of makeVideos({ count: 40, seed: 2, events: 2, actions: ['enter', 'leave'] })) {
      for (const { action, start, end } of events) {
        const [first, last] = [lit(frames[start]), lit(frames[end - 1])];
        if (action === 'enter') expect(last).toBeGreaterThan(first);
        else expect(first).toBeGreaterThan(last);
      }
      const busy = (t: number): boolean => events.some(({ start, end }) => t >= start && t < end);
      for (const [t, frame] of frames.entries()) if (!busy(t)) expect(lit(frame)).toBe(0);
    }
  });

  test('pairs have the same frames in opposite orders, and opposite labels', () => {
    const pairs = makeOrderPairs({ count: 10, seed: 3 });
    expect(pairs).toHaveLength(20);
    for (let i = 0; i < 20; i += 2) {
      expect(pairs[i].frames).toEqual(pairs[i + 1].frames.toReversed());
      expect(new Set([pairs[i].label, pairs[i + 1].label]).size).toBe(2);
    }
    expect(new Set(pairs.filter((_, i) => i % 2 === 0).map(({ label }) => label)).size).toBe(2);
  });

  test.each<[object, RegExp]>([
    [{ count: 0 }, /count/],
    [{ size: 4 }, /size/],
    [{ rows: 3 }, /3 rows of 24 pixels are too low; give a size from 36/],
    [{ length: [5, 3] }, /length/],
    [{ actions: ['jump'] }, /actions/],
    [{ frames: 3 }, /unknown option/],
  ])('%j is refused', (options, message) => {
    expect(() => makeVideos({ count: 1, seed: 1, ...options })).toThrow(ConfigError);
    expect(() => makeVideos({ count: 1, seed: 1, ...options })).toThrow(message);
  });
});
