import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { noChromium } from '../chromium.ts';
import { expectAccessible, useStudio, viewportOf } from './fixture.ts';

describe.skipIf(noChromium)('room Write', () => {
  const open = useStudio();

  const text = (page: Page) => page.getByRole('listbox');

  /** A model that has learned hello, in room Write. */
  async function withHello(options = {}) {
    const watched = await open('#train?text=hello&cells=rnn&temperature=0', options);
    const { page } = watched;
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => page.getByRole('table').innerText(), { timeout: 30_000 }).toContain('finished');
    await page.keyboard.press('3');
    await expect.poll(() => text(page).textContent()).toBe('hello');
    return watched;
  }

  test('a model that learned “hello” writes it; another character is picked by keys, and the text continues from there', async () => {
    await using watched = await withHello();
    const { page, problems } = watched;
    await text(page).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    const expected = page.getByRole('group', { name: 'Alternatives to e' });
    await expect.poll(() => expected.getByRole('button').count()).toBe(4);
    await expect.poll(() => expected.getByRole('button').first().innerText()).toMatch(/^e\s+\d+ %/);
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    const other = (await page.locator(':focus .mono').innerText()).trim();
    expect(other).not.toBe('e');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByLabel('Prompt', { exact: true }).inputValue()).toBe(`h${other}`);
    await expect.poll(() => text(page).textContent()).toMatch(new RegExp(`^h${other}[helo]{3}$`));
    expect(new URL(page.url()).hash).toContain(`prompt=h${other}`);
    await page.getByRole('button', { name: 'Undo the pick' }).click();
    await expect.poll(() => text(page).textContent()).toBe('hello');
    expect(problems).toEqual([]);
  });

  test('what surprises it is in the numbers, and a picture keeps them with the command', async () => {
    await using watched = await withHello();
    const { page, problems } = watched;
    await page.getByLabel('Prompt', { exact: true }).fill('hlß');
    await expect.poll(() => page.getByText("Skipped, not in the model’s vocabulary: 'ß'").count()).toBe(1);
    const surprise = async (place: number): Promise<number> =>
      Number((await text(page).getByRole('option').nth(place).getAttribute('aria-label'))?.match(/([\d.]+) nats/)?.[1]);
    await expect.poll(() => surprise(1)).toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Save ▾' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Numbers, JSON' }).click(),
    ]);
    const saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(saved.command).toContain('npx unrolled sample runs/studio --prompt');
    expect(saved.tokens[1]).toMatchObject({ text: 'l', given: true });
    expect(saved.tokens[1].nats).toBeGreaterThan(2);
    expect(problems).toEqual([]);
  });

  test('opens a checkpoint from a file, which writes the same; another file is refused in words', async () => {
    await using watched = await withHello();
    const { page, problems } = watched;
    await page.keyboard.press('1');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'model', exact: false }).click(),
    ]);
    const file = { name: 'hello.safetensors', mimeType: '', buffer: readFileSync(await download.path()) };
    await page.reload();
    await page.keyboard.press('3');
    expect(await page.getByLabel('Model').inputValue()).toBe('ready-lstm');
    const input = page.locator('input[type=file]');
    await input.setInputFiles({ ...file, buffer: Buffer.from('no model') });
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('hello.safetensors:');
    await input.setInputFiles(file);
    await expect.poll(() => page.getByLabel('Model').inputValue()).toMatch(/^file-/);
    await page.getByLabel('Prompt', { exact: true }).fill('h');
    await page.getByLabel('Length').fill('4');
    await page.getByLabel('Length').press('Enter');
    await expect.poll(() => text(page).textContent()).toBe('hello');
    expect(problems).toEqual([]);
  });

  test.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const)('is accessible: %s, %i pixels wide', async (colorScheme, width) => {
    const viewport = viewportOf(width);
    await using watched = await withHello({ colorScheme, viewport, reducedMotion: 'reduce' });
    const { page } = watched;
    await page.getByLabel('Prompt', { exact: true }).fill('hoelleh');
    await expect.poll(() => text(page).textContent()).toContain('hoelleh');
    await text(page).press('ArrowRight');
    await text(page).press('ArrowRight');
    await expect.poll(() => page.getByRole('group', { name: 'Alternatives' }).count()).toBe(1);
    await expectAccessible(watched);
  });
});
