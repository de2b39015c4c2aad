import { expect, test } from 'vitest';
import { dotChart } from './dot-chart.ts';
import { width } from './frame.ts';

test('what was said stands between the margins, word for word, however long', () => {
  const said =
    'you: there is a large dark dot at the very edge and another one a little below it, to the left of a pair';
  const svg = dotChart({ title: 'Dot 1', description: '', dots: [{ x: 0, y: 0, size: 0, colour: 0 }], lines: [said] });
  const rows = [...svg.matchAll(/<text x="([\d.-]+)"[^>]*>([^<]*)<\/text>/g)].slice(2);
  expect(rows.map(([, , text]) => text).join(' ')).toBe(said);
  for (const [, x, text] of rows) {
    expect(Number(x)).toBeGreaterThan(0);
    expect(Number(x) + 7 * text.length).toBeLessThan(width);
  }
});
