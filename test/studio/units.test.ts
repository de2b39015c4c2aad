import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { noChromium } from '../chromium.ts';
import { useStudio, violations } from './fixture.ts';

describe.skipIf(noChromium)('room Units', () => {
  const open = useStudio();
  const slow = { timeout: 40_000 };

  /** Trains a small network, and goes to the room when it is done. */
  async function train(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => page.getByRole('table').innerText(), { timeout: 50_000 }).toContain('finished');
    await page.getByRole('link', { name: 'Units' }).click();
  }

  /** How many colours the strip of the first unit has. */
  const coloursOfFirst = (page: Page): Promise<number> =>
    page.evaluate<number>(`(() => {
      const canvas = document.querySelector('tr.row canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 1);
      return new Set(new Uint32Array(data.buffer)).size;
    })()`);

  /** What one of the menus saves. */
  async function saved(page: Page, menu: number, name: string): Promise<string> {
    await page.getByRole('button', { name: 'Save ▾' }).nth(menu).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name }).click()]);
    return readFileSync(await download.path(), 'utf8');
  }

  test('opens with a model that comes with the page, and old links still lead here', async () => {
    await using watched = await open('#cells?in=sonnets&property=upper-case&cell=l0.h.5');
    const { page, problems } = watched;
    await expect
      .poll(() => page.getByRole('heading', { name: 'l0.h.5', exact: false }).count(), slow)
      .toBeGreaterThan(0);
    expect(await page.getByLabel('Model').inputValue()).toBe('ready-lstm');
    await expect.poll(() => page.getByText('underlined: the property holds').count()).toBe(1);
    await page.getByRole('button', { name: 'After' }).click();
    await expect.poll(() => page.url()).toMatch(/#units\?.*unit=l0\.h\.5/);
    expect(problems).toEqual([]);
  });

  test('a span is selected by keys; places with a similar state are listed, and gone to', async () => {
    await using watched = await open('#units?in=sonnets&property=newline&at=7000');
    const { page, problems } = watched;
    const text = page.getByRole('group', { name: 'The text, coloured by' });
    await expect.poll(() => text.locator('span').count(), slow).toBe(900);
    await text.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => text.locator('span.selected').count()).toBe(2);
    expect(page.url()).toContain('select=7003-7005');
    const places = page.getByRole('region', { name: 'Places with a similar state' }).getByRole('listitem');
    await expect.poll(() => places.count(), slow).toBe(20);
    const scores = (await places.allInnerTexts()).map((line) => Number(line.split(' ')[0]));
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const match = await places.nth(3).locator('mark').innerText();
    await places.nth(3).getByRole('button').click();
    await expect.poll(async () => (await text.locator('span.selected').allInnerTexts()).join('')).toBe(match);
    // Escape lets go.
    await text.focus();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.url()).not.toContain('select=');
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('finds a unit, shows it on the text, clamps it, and keeps the picture', async () => {
    await using watched = await open('#train?text=code&hidden=32&steps=150');
    const { page, problems } = watched;
    await train(page);
    const units = page.getByRole('table', { name: 'Units' }).getByRole('button');
    await expect.poll(() => units.count(), { timeout: 30_000 }).toBeGreaterThan(10);
    expect(await units.first().innerText()).toMatch(/^l0\.[hc]\.\d+\s[↑↓]$/);
    const text = page.getByRole('group', { name: 'The text, coloured by' });
    await expect.poll(() => text.locator('span').count()).toBe(900);
    expect(await text.locator('span').first().getAttribute('style')).toMatch(/background: ?(rgb|#)/);

    // All units are there, those that are seen are drawn, each as a strip of as many colours as there are characters.
    expect(await page.getByRole('heading', { name: 'All 64 units' }).count()).toBe(1);
    expect(await units.count()).toBeLessThan(64);
    expect(await coloursOfFirst(page)).toBeGreaterThan(20);
    // Sorted by the column that says so.
    const halves = (await page.locator('tr.row td.half').allInnerTexts()).map(Number);
    expect(halves).toEqual(halves.toSorted((a, b) => b - a));
    await units.first().focus();
    await page.keyboard.press('End');
    await expect.poll(() => page.getByRole('row').last().getAttribute('aria-rowindex')).toBe('65');
    await expect.poll(() => page.locator('tr.chosen button:focus').count()).toBe(1);
    expect(page.url()).toContain('unit=');
    await page.keyboard.press('Home');
    await expect.poll(() => units.first().getAttribute('aria-pressed')).toBe('true');

    await units.nth(1).click();
    const second = (await units.nth(1).innerText()).split(/\s/)[0];
    await expect.poll(() => page.locator('#text-title').innerText()).toContain(second);
    await text.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('.scale output').innerText()).toContain(`${second} =`);
    // Where one points in a strip is marked in the text, and in all strips.
    await page.locator('tr.row .strip').nth(3).hover();
    await expect.poll(() => text.locator('span.at').getAttribute('data-at')).toMatch(/^4[45]\d$/);
    expect(await page.locator('.strip .mark').count()).toBeGreaterThan(10);

    // The address names the unit: it is there again on coming back.
    await units.first().focus();
    await page.keyboard.press('End');
    await page.getByRole('link', { name: 'Train', exact: true }).click();
    await page.getByRole('link', { name: 'Units' }).click();
    await expect.poll(() => page.locator('tr.chosen').getAttribute('aria-rowindex'), { timeout: 30_000 }).toBe('65');

    await page.getByLabel('for units that follow').selectOption('comment');
    await expect.poll(() => page.getByText('underlined: the property holds').count(), { timeout: 30_000 }).toBe(1);
    expect(page.url()).toContain('property=comment');
    expect(await text.locator('span.held').count()).toBeGreaterThan(20);

    await page.getByRole('button', { name: 'Clamp' }).click();
    await expect
      .poll(() => page.getByText('nats per token instead of').innerText(), { timeout: 30_000 })
      .toMatch(/clamped to 0 the loss is\s+\d/);
    expect(await page.locator('figure pre').count()).toBe(2);

    for (const [name, holds] of [
      ['Picture, SVG', /^<svg.*held out/s],
      ['Numbers, CSV', /^token,text,unit,property/],
      ['Numbers, JSON', /unrolled units runs\/studio --property comment/],
    ] as const) {
      expect(await saved(page, 0, name)).toMatch(holds);
    }
    expect(await saved(page, 1, 'Picture, SVG')).toMatch(/^<svg.*60 of 64 units beside comment.*<image /s);
    const [head, row] = (await saved(page, 1, 'Numbers, CSV')).split('\r\n');
    expect([head.split(',').length, head.slice(0, 20)]).toEqual([67, 'token,text,property,']);
    expect(row).toMatch(/,-?\d\.\d+,-?\d\.\d+/);
    expect(problems).toEqual([]);
    // Several searches, on a machine that may have more to do.
  }, 120_000);

  test('searches a part of a long text first, then all of it or until it is called off, and shows any place', async () => {
    await using watched = await open('#train?text=code&hidden=32&steps=20');
    const { page, problems } = watched;
    await train(page);
    const line = (i: number) => `let line${i % 977} = "${'word '.repeat(i % 7)}"; // ${i % 13}\n`;
    const text = Array.from({ length: 6000 }, (_, i) => line(i)).join('');
    const file = { name: 'long.txt', mimeType: 'text/plain', buffer: Buffer.from(text) };
    await page.getByLabel('A text file').setInputFiles(file);
    const extent = page.locator('.extent');
    const count = text.length.toLocaleString('en-US');
    const part = `the last 30,000 of ${count} characters`;
    await expect.poll(() => extent.innerText(), { timeout: 30_000 }).toContain(part);

    const all = page.getByRole('button', { name: 'Search all of it' });
    await all.click();
    await expect.poll(() => page.getByRole('progressbar').count()).toBe(1);
    expect(page.url()).toContain('extent=all');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => extent.innerText()).toContain(part);
    await all.click();
    // A place that is gone to meanwhile stays.
    await page.getByRole('slider', { name: 'Where the text' }).fill('9000');
    await expect.poll(() => extent.innerText(), { timeout: 40_000 }).toContain(`all ${count} characters`);

    const shown = page.getByRole('group', { name: 'The text, coloured by' });
    const from = page.getByRole('spinbutton', { name: 'from' });
    const near = Number(await from.inputValue());
    expect([near > 8000, near < 10_000]).toEqual([true, true]);
    await expect
      .poll(async () => (await shown.innerText()).replaceAll('⏎', ''))
      .toContain(text.slice(near, near + 300));
    await from.fill('70000');
    await from.press('Enter');
    await expect.poll(async () => (await shown.innerText()).replaceAll('⏎', '')).toContain(text.slice(70_000, 70_300));
    await page.getByRole('button', { name: 'After' }).click();
    await expect.poll(() => from.inputValue()).toBe('70900');
    await page.getByRole('slider', { name: 'Where the text' }).fill('0');
    await expect.poll(async () => (await shown.innerText()).replaceAll('⏎', '')).toContain(text.slice(0, 300));
    expect(page.url()).toContain('at=0');
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('searches again as a network learns, and in others, side by side', async () => {
    // Long enough to be still learning when the room is open: a run that has ended is searched but once.
    await using watched = await open('#train?text=code&hidden=16&cells=lstm,gru&steps=4000', { colorScheme: 'dark' });
    const { page, problems } = watched;
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await page.getByRole('link', { name: 'Units' }).click();
    await page.getByLabel('Search again', { exact: true }).selectOption('every 100 updates');
    expect(page.url()).toContain('every=100');
    const table = page.getByRole('group', { name: 'Searches side by side' });
    const columns = table.locator('thead th');
    await expect.poll(() => columns.count(), { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
    const updates = (await columns.allInnerTexts()).map((text) => Number(/(\d+)\s+updates/.exec(text)![1]));
    expect(updates).toEqual(updates.toSorted((a, b) => a - b));
    const rows = table.locator('tbody tr');
    expect(await rows.first().innerText()).toMatch(/best unit\s+l0\.[hc]\.\d+\s+\d\.\d{3}/);
    expect(await rows.count()).toBe(14);
    await rows.nth(4).getByRole('button').click();
    expect(await page.locator('tr.row.chosen, tbody tr.chosen').count()).toBeGreaterThan(0);

    await page.getByLabel('Search again', { exact: true }).selectOption('by hand');
    await page.getByRole('button', { name: 'Search all 4 models' }).click();
    await expect.poll(async () => (await columns.allInnerTexts()).join(), { timeout: 30_000 }).toContain('GRU');
    expect(page.url()).toContain('compare=models');
    // Its columns stand in a file with all units.
    expect(await saved(page, 2, 'Picture, SVG')).toMatch(/^<svg.*over updates.*GRU/s);
    const csv = await saved(page, 2, 'Numbers, CSV');
    expect(csv).toMatch(/^run,updates,unit,sign,selection,held out,p,shifted\r\nLSTM,\d+,l0\./);
    expect(csv.split('\r\n').filter((line) => line.startsWith('GRU,'))).toHaveLength(16);
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Remove the others' }).click();
    await expect.poll(() => table.count()).toBe(0);
    expect(problems).toEqual([]);
    // Two searches while two networks learn, on a machine that may have more to do.
  }, 120_000);

  test('takes an expression, names its mistakes, and what the text cannot say', async () => {
    await using watched = await open('#train?text=code&hidden=16&steps=20', { viewport: { width: 390, height: 844 } });
    const { page, problems } = watched;
    await train(page);
    await page.getByLabel('for units that follow').selectOption('own');
    const expression = page.getByLabel('expression', { exact: true });
    await expression.fill('inside("(", ');
    await expect.poll(() => page.locator('#mistake').innerText()).toMatch(/column 13: expected .*found the end/);
    await expression.fill('inside("(", ")")');
    await expect.poll(() => page.locator('#mistake').innerText()).toBe('');
    await expect.poll(() => page.getByText('underlined: the property holds').count(), { timeout: 30_000 }).toBe(1);
    await expression.fill('after("zzzz<b>")');
    await expect.poll(() => page.getByRole('alert').innerText(), { timeout: 30_000 }).toContain('is 0 everywhere');
    await page.getByLabel('for units that follow').selectOption('upper-case');
    await expect.poll(() => page.getByRole('table', { name: 'Units' }).count(), { timeout: 30_000 }).toBe(1);
    await page.getByLabel('in the text', { exact: true }).selectOption('pasted');
    await page.getByLabel('Text to search').fill('const One = 1;\nlet two = One;\n'.repeat(30));
    await expect.poll(() => page.getByText('first half of 900 characters').count(), { timeout: 30_000 }).toBe(1);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(wide).toBeLessThanOrEqual(390);
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });
});
