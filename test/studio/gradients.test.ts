import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { noChromium } from '../chromium.ts';
import { expectAccessible, useStudio, viewportOf } from './fixture.ts';

describe.skipIf(noChromium)('room Gradients', () => {
  const open = useStudio();

  /** A simple network beside an LSTM, in room Gradients. */
  async function withTwo(options = {}, steps = 40) {
    const hash = `#train?text=sonnets&cells=rnn,lstm&hidden=12&steps=${steps}&lags=25`;
    const watched = await open(hash, options);
    const { page } = watched;
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => page.getByRole('table').innerText(), { timeout: 60_000 }).toMatch(/finished.*finished/s);
    await page.getByRole('link', { name: 'Gradients' }).click();
    const weights = page.getByRole('heading', { name: 'Recurrent weights' });
    await expect.poll(() => weights.count(), { timeout: 30_000 }).toBe(2);
    return watched;
  }

  test('the gradient of an RNN falls with k, beside that of an LSTM, and the numbers are kept', async () => {
    await using watched = await withTwo();
    const { page, problems } = watched;
    const panel = page.getByRole('region', { name: 'RNN' });
    await panel.getByText('Numbers', { exact: true }).click();
    const rows = await panel.getByRole('table').locator('tbody tr').allInnerTexts();
    const norms = rows.map((row) => Number(row.split(/\s+/)[1].replaceAll('−', '-')));
    expect(rows).toHaveLength(6);
    expect(norms.at(-1)).toBeLessThan(norms[0] / 100);
    await expect.poll(() => panel.getByRole('img', { name: 'Heat map' }).count()).toBe(1);
    const lstm = page.getByRole('region', { name: 'LSTM' });
    await lstm.getByRole('radio', { name: 'W_hf' }).check();
    expect(page.url()).toContain('gate=W_hf');
    await expect.poll(() => lstm.getByRole('img', { name: 'Eigenvalues of W_hf' }).count()).toBe(1);
    await panel.getByRole('button', { name: 'Save ▾' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Numbers, JSON' }).click(),
    ]);
    const saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(saved.command).toContain('npx unrolled gradients runs/studio --lags 25');
    expect(saved.layers[0].norms).toHaveLength(saved.positions.length * 26);
    expect(saved.weights[0].singularValues).toHaveLength(12);
    expect(problems).toEqual([]);
  });

  test('trains both by one press, and follows them', async () => {
    await using watched = await open('#gradients?lags=10');
    const { page, problems } = watched;
    await page.getByRole('button', { name: 'Train an RNN beside an LSTM' }).click();
    const panel = page.getByRole('region', { name: 'RNN', exact: true });
    const updates = async (): Promise<number> =>
      Number((await panel.getByText(/^after [\d,]+ updates$/).innerText()).replace(/[^\d]/g, ''));
    // Until then the panel is that of a model that comes with the page.
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await expect.poll(updates, { timeout: 30_000 }).toBeLessThan(2000);
    const before = await updates();
    await expect.poll(updates, { timeout: 30_000 }).toBeGreaterThan(before);
    await page.keyboard.press('Space');
    await expect.poll(() => page.getByRole('button', { name: 'Resume' }).count()).toBe(1);
    expect(problems).toEqual([]);
  });

  test('takes large weights apart on request', async () => {
    await using watched = await open('#train?text=sonnets&cells=rnn&hidden=164&batch=2&seq=8&steps=2&lags=10');
    const { page, problems } = watched;
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => page.getByRole('table').innerText(), { timeout: 60_000 }).toMatch(/finished/);
    await page.getByRole('link', { name: 'Gradients' }).click();
    await page.getByRole('button', { name: 'Compute the spectra' }).click();
    await expect
      .poll(() => page.getByRole('img', { name: 'Eigenvalues of W_hh' }).count(), { timeout: 30_000 })
      .toBe(1);
    await expect.poll(() => page.getByText('As of update 2.').count()).toBe(1);
    expect(problems).toEqual([]);
  });

  test.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const)('is accessible: %s, %i pixels wide', async (colorScheme, width) => {
    const viewport = viewportOf(width);
    await using watched = await withTwo({ colorScheme, viewport, reducedMotion: 'reduce' }, 4);
    await expectAccessible(watched);
  });
});
