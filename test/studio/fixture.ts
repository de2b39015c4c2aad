import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { launchChromium } from '../chromium.ts';
import { buildPage, openPage, serveFiles, type Watched } from './page.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The page as plain files in a browser, there before the tests of a `describe` and gone after them. Gives what opens it. */
export function useStudio(): (hash: string, options?: BrowserContextOptions) => Promise<Watched> {
  let browser: Browser;
  let folder: string;
  let server: { url: string; close: () => void };

  beforeAll(async () => {
    [folder, browser] = await Promise.all([buildPage(), launchChromium()]);
    server = await serveFiles(folder);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  return (hash, options) => openPage(browser, server.url + hash, options);
}

/** What axe finds wrong with a page, a line a rule, with the elements. */
export async function violations(page: Page, impacts?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
    'axe.run().then(({ violations }) => violations)',
  );
  return found
    .filter(({ impact }) => !impacts || impacts.includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** Axe has no serious complaint, nothing is wider than the page, and the page itself complains of nothing. */
export async function expectAccessible({ page, problems }: Watched): Promise<void> {
  expect(await violations(page, serious)).toEqual([]);
  const widest = await page.evaluate<number>('document.documentElement.scrollWidth');
  expect(widest).toBeLessThanOrEqual(page.viewportSize()!.width);
  expect(problems).toEqual([]);
}

/** A desktop's height, or a phone's. */
export const viewportOf = (width: number) => ({ width, height: width > 800 ? 900 : 844 });

/** The impacts of which there must be none. */
const serious = ['serious', 'critical'] as const;
