import { describe, expect, test } from 'vitest';
import { noChromium } from '../chromium.ts';
import { expectAccessible, useStudio, viewportOf } from './fixture.ts';

describe.skipIf(noChromium)('the first visit', () => {
  const open = useStudio();

  test('a tour goes through every room by keys, and is not offered again', async () => {
    await using watched = await open('', { reducedMotion: 'reduce' });
    const { page, problems } = watched;
    const card = page.getByRole('region', { name: 'Train a network' });
    await page.getByRole('button', { name: 'Take the tour' }).click();
    await expect.poll(() => card.getByRole('heading').evaluate((heading) => heading.matches(':focus'))).toBe(true);
    const seen = new Set<string>();
    for (let stop = 1; stop <= 8; stop++) {
      await expect.poll(() => page.getByText(`${stop} of 8`).count()).toBe(1);
      await expect.poll(() => page.locator('.frame').count()).toBe(1);
      seen.add(new URL(page.url()).hash.split('?')[0]);
      if (stop < 8) await page.keyboard.press('ArrowRight');
    }
    expect([...seen]).toEqual(['#train', '#unrolled', '#write', '#units', '#gradients', '#tasks', '#see']);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.getByText('7 of 8').count()).toBe(1);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByText('7 of 8').count()).toBe(0);
    await page.reload();
    await expect.poll(() => page.getByRole('button', { name: 'Tour', exact: true }).count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Take the tour' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Tour', exact: true }).click();
    await expect.poll(() => page.getByText('1 of 8').count()).toBe(1);
    expect(problems).toEqual([]);
  });

  test('the tour can be declined, and a guide that was closed stays closed', async () => {
    await using watched = await open('#write');
    const { page } = watched;
    await page.getByRole('button', { name: 'No, thanks' }).click();
    const guide = page.getByRole('heading', { level: 2, name: 'Let a model write' });
    const words = page.getByText('The model writes one character at a time');
    await expect.poll(() => words.isVisible()).toBe(true);
    await guide.click();
    await expect.poll(() => words.isVisible()).toBe(false);
    await page.reload();
    await expect.poll(() => guide.count()).toBe(1);
    expect(await words.isVisible()).toBe(false);
    expect(await page.getByRole('button', { name: 'Take the tour' }).count()).toBe(0);
  });

  test('every room shows a model that comes with the page, before anything is trained', async () => {
    await using watched = await open('#train');
    const { page, problems } = watched;
    const rows = page.getByRole('table').locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(2);
    expect(await rows.first().innerText()).toMatch(/Ready-made LSTM[\s\S]*3,000/);
    await expect.poll(() => page.getByText('After 3,000 updates').count()).toBe(1);
    await page.getByRole('link', { name: 'Write' }).click();
    await expect.poll(() => page.getByRole('listbox').getByRole('option').count()).toBe(400);
    await page.getByRole('link', { name: 'Unrolled' }).click();
    // The room before has a choice of that name, too.
    await expect.poll(() => page.getByLabel('Text it reads').count()).toBe(1);
    await page.getByLabel('Model').selectOption('ready-lstm');
    await expect
      .poll(() => page.getByRole('heading', { name: /Ready-made LSTM after [\d,]{5} updates/ }).count())
      .toBe(1);
    await page.getByRole('link', { name: 'Gradients' }).click();
    await expect.poll(() => page.getByRole('img', { name: /Ready-made LSTM: .*Ready-made RNN: / }).count()).toBe(1);
    expect(problems).toEqual([]);
  });

  test.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)('is accessible: %s, %i pixels wide', async (colorScheme, width) => {
    await using watched = await open('', { colorScheme, viewport: viewportOf(width) });
    const { page } = watched;
    await expect.poll(() => page.getByRole('table').count()).toBe(1);
    await expectAccessible(watched);
    await page.getByRole('button', { name: 'Take the tour' }).click();
    await expect.poll(() => page.locator('.frame').count()).toBe(1);
    await expectAccessible(watched);
    // Every tab is in sight.
    for (const tab of await page.getByRole('navigation').getByRole('link').all()) {
      const box = (await tab.boundingBox())!;
      expect(box.x + box.width).toBeLessThanOrEqual(width);
    }
  });
});
