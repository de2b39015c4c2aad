import type { Image } from 'unrolled/images';
import { describe, expect, test } from 'vitest';
import { drawText, textWidth } from '../src/output/pixel-font.ts';
import { attentionSheet } from '../src/tasks/attention-sheet.ts';

describe('letters', () => {
  const draw = (text: string, x = 0): string[] => {
    const image: Image = { width: 11, height: 7, channels: 1, data: new Uint8Array(77).fill(255) };
    drawText(image, text, { x, y: 0 }, { scale: 1, shade: 0 });
    return Array.from({ length: 7 }, (_, y) =>
      Array.from(image.data.subarray(y * 11, y * 11 + 11), (value) => (value === 0 ? '#' : '.')).join(''),
    );
  };

  test('stand side by side, one pixel apart', () => {
    expect(draw('It')).toEqual([
      '..#....#...',
      '.......#...',
      '.##...####.',
      '..#....#...',
      '..#....#...',
      '..#....#..#',
      '.###....##.',
    ]);
    expect(textWidth('it', 1)).toBe(11);
    expect(textWidth('it', 2)).toBe(22);
    expect(textWidth('', 2)).toBe(0);
  });

  test('what has no glyph is a frame, and what lies outside is cut off', () => {
    expect(draw('ж')[0]).toBe('#####......');
    expect(draw('l', -2)[0]).toBe('#..........');
    expect(draw('l', 9)[0]).toBe('..........#');
  });
});

describe('a sheet of attention', () => {
  const image: Image = { width: 40, height: 20, channels: 3, data: new Uint8Array(2400).fill(200) };
  const sheet = attentionSheet(image, {
    grid: [1, 2],
    words: ['a', 'extraordinarily'],
    weights: [
      [1, 0],
      [0.5, 0.5],
    ],
  });
  const at = (tile: number, x: number, y = 40): number =>
    sheet.data[((10 + y) * sheet.width + 10 + tile * 170 + x) * 3];

  test('shows the image, then each word, dark where it did not look', () => {
    expect(sheet.width).toBe(10 + 3 * 170);
    expect([at(0, 5), at(0, 155)]).toEqual([200, 200]);
    expect([at(1, 5), at(1, 155)]).toEqual([200, 40]);
    // Even weights are as bright as the greatest, in the middle between a straight line.
    expect([at(2, 5), at(2, 155)]).toEqual([200, 200]);
    expect(at(1, 80)).toBeGreaterThan(100);
    expect(at(1, 80)).toBeLessThan(140);
  });

  test('of a tall image, and of no words, has its size', () => {
    const tall: Image = { width: 3, height: 300, channels: 1, data: new Uint8Array(900) };
    expect(attentionSheet(tall, { grid: [2, 1], words: [], weights: [] })).toMatchObject({ width: 180, channels: 3 });
  });
});
