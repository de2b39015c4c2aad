import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedRuns } from '../../packages/cli/src/studio/run-files.ts';
import { type StudioServer, serveStudio } from '../../packages/cli/src/studio/server.ts';
import { launchChromium, noChromium } from '../chromium.ts';
import { buildPage, openPage } from './page.ts';

describe.skipIf(noChromium)('the studio on runs of several tasks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-several-'));
  let page: string;
  let browser: Browser;
  let server: StudioServer;

  /** A run folder as the command writes it, without a checkpoint. */
  function runOf(name: string, task: string, losses: readonly number[], more: object = {}): string {
    const run = join(folder, name);
    mkdirSync(run);
    writeFileSync(join(run, 'config.json'), JSON.stringify({ task, options: {}, files: [], model: {}, ...more }));
    const speed = task === 'language-model' ? { charactersPerSecond: 4321 } : { examplesPerSecond: 87 };
    const events = [
      { type: 'start', step: 0, steps: 100, parameters: 10 },
      ...losses.flatMap((loss, i) => [
        { type: 'progress', step: 10 * (i + 1), loss: 2, gradientNorm: 1, clipped: 0, secondsLeft: 1, ...speed },
        { type: 'validation', step: 10 * (i + 1), loss, best: true },
      ]),
      { type: 'sample', step: 100, text: `a sample of ${name}` },
    ];
    writeFileSync(join(run, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return run;
  }

  beforeAll(async () => {
    [page, browser] = await Promise.all([buildPage(), launchChromium()]);
    const runs = [
      runOf('names', 'tag', [0.5, 0.4]),
      runOf('text', 'language-model', [2, 1.5, 1.6, 1.8, 2]),
      runOf('demand', 'forecast', [-0.1, -0.2], { examples: { columns: { demand: [1, 2, 3] } } }),
    ];
    server = await serveStudio(sharedRuns(runs), 0, page);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    for (const path of [folder, page]) if (path) rmSync(path, { recursive: true, force: true });
  });

  test('shows the losses of one task at a time, with the speed in its own unit', async () => {
    await using watched = await openPage(browser, `${server.url}#train`);
    const { page, problems } = watched;
    const table = page.getByRole('table');
    await expect.poll(() => table.innerText()).toContain('Examples/s');
    await expect.poll(() => table.locator('tbody tr').allInnerTexts()).toHaveLength(1);
    expect(await table.locator('tbody td').nth(3).innerText()).toBe('87');
    expect(await page.getByRole('radio', { name: 'perplexity' }).count()).toBe(0);
    expect(await page.getByText('n-gram tables of the same text').count()).toBe(0);
    await page.getByRole('radio', { name: 'language models' }).check({ force: true });
    await expect.poll(() => table.innerText()).toContain('Characters/s');
    expect(await table.locator('tbody td').nth(3).innerText()).toBe('4,321');
    await page.getByRole('radio', { name: 'forecasters' }).check({ force: true });
    await expect.poll(() => table.locator('tbody td').nth(2).innerText()).toContain('-0.200');
    expect(await page.locator('main').innerText()).not.toContain('NaN');
    expect(problems).toEqual([]);
  });

  test('says that a run overfits, and since when', async () => {
    await using watched = await openPage(browser, `${server.url}#train?task=language-model`);
    const hint = watched.page.getByRole('status').filter({ hasText: 'Overfitting.' });
    await expect.poll(() => hint.count()).toBe(1);
    expect(await hint.getByRole('listitem').allInnerTexts()).toEqual(['text: best 1.500 after 20 updates']);
  });

  test('shows what a new run writes as soon as it starts', async () => {
    await using watched = await openPage(browser, `${server.url}#train?text=hello&task=language-model`);
    const { page } = watched;
    const samples = page.getByRole('region', { name: 'What it writes' });
    await expect.poll(() => samples.innerText()).toContain('a sample of text');
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => samples.innerText()).toContain('Before training');
    await expect.poll(() => samples.getByRole('radio', { name: 'RNN' }).isChecked()).toBe(true);
  });

  test('points to the room that shows a run of another task', async () => {
    await using tagger = mkdtempFor('only');
    const alone = await serveStudio(sharedRuns([tagger.run]), 0, page);
    try {
      await using watched = await openPage(browser, `${alone.url}#write`);
      const note = watched.page.getByRole('status').filter({ hasText: 'only is a tagger' });
      await expect.poll(() => note.count()).toBe(1);
      await note.getByRole('link', { name: 'Tasks' }).click();
      await expect.poll(() => watched.page.getByLabel('Model').inputValue()).toBe('run-1');
      // Its own examples are offered.
      await expect.poll(() => watched.page.getByRole('button', { name: 'Ada met Alan .' }).count()).toBe(1);
    } finally {
      await alone.close();
    }
  });

  function mkdtempFor(name: string) {
    const run = runOf(name, 'tag', [0.5], { examples: ['Ada met Alan .'] });
    return { run, [Symbol.asyncDispose]: async () => rmSync(run, { recursive: true, force: true }) };
  }
});
