import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { noChromium } from '../chromium.ts';
import { useStudio, violations } from './fixture.ts';

describe.skipIf(noChromium)('the room of cells', () => {
  const open = useStudio();

  /** Trains a small network, and goes to the room when it is done. */
  async function train(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => page.getByRole('table').innerText(), { timeout: 50_000 }).toContain('finished');
    await page.getByRole('link', { name: 'Cells' }).click();
  }

  test('says where to begin when there is no network', async () => {
    await using watched = await open('#cells');
    await watched.page.getByRole('link', { name: 'Train one on code' }).click();
    await expect.poll(() => watched.page.url()).toContain('#train?text=code');
    expect(watched.problems).toEqual([]);
  });

  test('finds a cell, shows it on the text, cuts it, and keeps the picture', async () => {
    await using watched = await open('#train?text=code&hidden=32&steps=150');
    const { page, problems } = watched;
    await train(page);
    const cells = page.getByRole('group', { name: 'Cells' }).getByRole('button');
    await expect.poll(() => cells.count(), { timeout: 30_000 }).toBe(60);
    expect(await cells.first().innerText()).toMatch(/^l0\.[hc]\.\d+\s[↑↓]$/);
    const text = page.getByRole('group', { name: 'The text, coloured by' });
    await expect.poll(() => text.locator('span').count()).toBe(900);
    expect(await text.locator('span').first().getAttribute('style')).toMatch(/background: ?(rgb|#)/);

    await cells.nth(1).click();
    const second = (await cells.nth(1).innerText()).split(/\s/)[0];
    await expect.poll(() => page.getByRole('heading', { level: 2 }).first().innerText()).toContain(second);
    await text.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('.scale output').innerText()).toContain(`${second} =`);

    await page.getByLabel('for cells that follow').selectOption('comment');
    await expect.poll(() => page.getByText('underlined: the property holds').count(), { timeout: 30_000 }).toBe(1);
    expect(page.url()).toContain('property=comment');
    expect(await text.locator('span.held').count()).toBeGreaterThan(20);

    await page.getByRole('button', { name: 'Cut' }).click();
    await expect
      .poll(() => page.getByText('in place of').innerText(), { timeout: 30_000 })
      .toMatch(/= 0 the loss is\s+\d/);
    expect(await page.locator('figure pre').count()).toBe(2);

    for (const [name, holds] of [
      ['Picture, SVG', /^<svg.*held out/s],
      ['Numbers, CSV', /^token,text,cell,property/],
      ['Numbers, JSON', /unrolled cells RUN --property comment/],
    ] as const) {
      await page.getByRole('button', { name: 'Save ▾' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name }).click(),
      ]);
      expect(readFileSync(await download.path(), 'utf8')).toMatch(holds);
    }
    expect(problems).toEqual([]);
  });

  test('takes an expression, names its mistakes, and what the text cannot say', async () => {
    await using watched = await open('#train?text=code&hidden=16&steps=20', { viewport: { width: 390, height: 844 } });
    const { page, problems } = watched;
    await train(page);
    await page.getByLabel('for cells that follow').selectOption('own');
    const expression = page.getByLabel('expression', { exact: true });
    await expression.fill('inside("(", ');
    await expect.poll(() => page.locator('#mistake').innerText()).toMatch(/column 13: expected .*found the end/);
    await expression.fill('inside("(", ")")');
    await expect.poll(() => page.locator('#mistake').innerText()).toBe('');
    await expect.poll(() => page.getByText('underlined: the property holds').count(), { timeout: 30_000 }).toBe(1);
    await expression.fill('after("zzzz<b>")');
    await expect.poll(() => page.getByRole('alert').innerText(), { timeout: 30_000 }).toContain('is 0 everywhere');
    await page.getByLabel('for cells that follow').selectOption('upper-case');
    await expect.poll(() => page.getByRole('group', { name: 'Cells' }).count(), { timeout: 30_000 }).toBe(1);
    await page.getByLabel('in the text', { exact: true }).selectOption('pasted');
    await page.getByLabel('The text to search').fill('const One = 1;\nlet two = One;\n'.repeat(30));
    await expect.poll(() => page.getByText('first half of 900 characters').count(), { timeout: 30_000 }).toBe(1);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(wide).toBeLessThanOrEqual(390);
    expect(await violations(page)).toEqual([]);
    expect(problems).toEqual([]);
  });
});
