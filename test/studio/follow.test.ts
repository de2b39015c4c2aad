import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedRuns } from '../../packages/cli/src/studio/run-files.ts';
import { type StudioServer, serveStudio } from '../../packages/cli/src/studio/server.ts';
import { launchChromium, noChromium } from '../chromium.ts';
import { buildPage, openPage } from './page.ts';

const command = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

describe.skipIf(noChromium)('the studio on a run folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-follow-'));
  const run = join(folder, 'run');
  let page: string;
  let browser: Browser;
  let server: StudioServer;
  let training: ChildProcess;

  /** The command, as a person runs it in another window. */
  function unrolled(...args: string[]): ChildProcess {
    return spawn(process.execPath, [command, 'train', ...args, '--threads', '1'], { cwd: folder, stdio: 'ignore' });
  }

  beforeAll(async () => {
    [page, browser] = await Promise.all([buildPage(), launchChromium()]);
    writeFileSync(join(folder, 'text.txt'), 'she sells sea shells by the sea shore. '.repeat(100));
    const sizes = ['--hidden', '24', '--layers', '1', '--embedding', '8', '--batch', '4', '--seq', '16'];
    const often = ['--sample-every', '50', '--validate-every', '50', '--steps', '1000000'];
    training = unrolled('text.txt', '--out', 'run', ...sizes, ...often);
    server = await serveStudio(sharedRuns([run], true), 0, page);
  }, 120_000);

  afterAll(async () => {
    training?.kill('SIGKILL');
    await browser?.close();
    await server?.close();
    for (const path of [folder, page]) if (path) rmSync(path, { recursive: true, force: true });
  });

  test('follows it live, through its end, a line half written and its going on, and looks into its model', async () => {
    await using watched = await openPage(browser, `${server.url}#train`);
    const { page, problems } = watched;
    const cell = (index: number) => page.locator('tbody td').nth(index).innerText();
    const step = async (): Promise<number> => Number((await cell(0)).replaceAll(',', ''));
    await expect.poll(step).toBeGreaterThan(100);
    const seen = await step();
    await expect.poll(step).toBeGreaterThan(seen);
    expect(Number.parseFloat(await cell(2))).toBeGreaterThan(0);
    await expect.poll(() => page.locator('.now pre').textContent()).toMatch(/[a-z]/);

    await expect.poll(() => page.getByText('n-gram tables').count()).toBe(1);

    training.kill('SIGINT');
    await once(training, 'exit');
    await expect.poll(() => page.getByText('stopped').count()).toBe(1);
    const stopped = await step();
    // As after a crash while writing.
    appendFileSync(join(run, 'events.jsonl'), '{"type":"progress","step":99');
    training = unrolled('--resume', 'run');
    await expect.poll(step).toBeGreaterThan(stopped);
    expect(await page.getByText('stopped').count()).toBe(0);

    await page.getByRole('link', { name: 'Unrolled' }).click();
    await page.getByLabel('Model').selectOption({ label: 'run' });
    await page.getByLabel('Text it reads').fill('she sells');
    await expect.poll(() => page.getByLabel('Backpropagate the loss of').locator('option').count()).toBe(9);
    training.kill('SIGINT');
    await once(training, 'exit');
    expect(problems).toEqual([]);
  });

  test('is given the text that the run learns where the server was told to, as long as it is the same', async () => {
    const text = () => fetch(`${server.url}runs/1/text.txt`);
    expect(await (await text()).text()).toBe(readFileSync(join(folder, 'text.txt'), 'utf8'));
    appendFileSync(join(folder, 'text.txt'), 'more');
    const { status } = await text();
    expect(status).toBe(404);
  });

  test('searches all its checkpoints for units', async () => {
    await using watched = await openPage(
      browser,
      `${server.url}#units?in=sonnets&property=word-length&compare=checkpoints`,
    );
    const { page, problems } = watched;
    const columns = page.getByRole('group', { name: 'Searches side by side' }).locator('thead th');
    await expect.poll(() => columns.count()).toBeGreaterThanOrEqual(2);
    expect((await columns.allInnerTexts()).join()).toMatch(/^run, [\d,]+ updates,run, /);
    expect(problems).toEqual([]);
  });

  test('has threads, since its server isolates the page', async () => {
    await using watched = await openPage(browser, `${server.url}#train`);
    expect(await watched.page.evaluate('crossOriginIsolated')).toBe(true);
  });
});
