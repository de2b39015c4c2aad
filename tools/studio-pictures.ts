/**
 * Takes the pictures of the studio in docs/pictures: every room on a wide page and on a phone, after it has learnt for a while.
 * Run it again after changing a room: node tools/studio-pictures.ts
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { serveStudio } from '../packages/cli/src/studio/server.ts';
import { launchChromium } from '../test/chromium.ts';
import { buildPage, openPage } from '../test/studio/page.ts';

const pictures = fileURLToPath(new URL('../docs/pictures', import.meta.url));

interface Shot {
  readonly room: string;
  readonly hash: string;
  /** Until there is something to see. */
  readonly prepare: (page: Page) => Promise<void>;
}

const stepOf = (page: Page) => async (): Promise<number> =>
  Math.min(
    ...(await page.locator('tbody td:nth-child(2)').allInnerTexts()).map((text) => Number(text.replaceAll(',', ''))),
  );

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 250));
}

const shots: readonly Shot[] = [
  {
    room: 'train',
    hash: '#train?cells=rnn,lstm,gru&hidden=64',
    async prepare(page) {
      await page.getByRole('button', { name: /Start/ }).click();
      await until(async () => (await stepOf(page)()) >= 1000);
      await page.getByRole('radio', { name: 'LSTM' }).check();
    },
  },
  {
    room: 'unrolled',
    hash: '#unrolled',
    async prepare(page) {
      await until(async () => /After (2[5-9]|[3-9]\d) steps/.test(await page.locator('h2').first().innerText()));
      await page.getByRole('button', { name: /Pause/ }).click();
      await page.getByRole('application').focus();
      for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowDown']) {
        await page.keyboard.press(key);
      }
      await page.evaluate('document.activeElement.blur()');
      await page.waitForTimeout(500);
    },
  },
];

async function take(browser: Browser, url: string, { room, hash, prepare }: Shot, phone: boolean): Promise<void> {
  const viewport = phone ? { width: 390, height: 844 } : { width: 1440, height: 900 };
  const options = { viewport, colorScheme: phone ? 'dark' : 'light' } as const;
  await using watched = await openPage(browser, url + hash, options);
  await prepare(watched.page);
  await watched.page.mouse.move(0, 0);
  await watched.page.evaluate('scrollTo(0, 0)');
  const name = `studio-${room}${phone ? '-phone' : ''}.png`;
  await watched.page.screenshot({ path: join(pictures, name) });
  console.log(name, watched.problems.join(' ') || 'no complaints');
}

const folder = await buildPage();
const server = await serveStudio([], 0, folder);
const browser = await launchChromium();
const wanted = process.argv.slice(2);
for (const shot of shots.filter(({ room }) => wanted.length === 0 || wanted.includes(room))) {
  for (const phone of [false, true]) await take(browser, server.url, shot, phone);
}
await browser.close();
await server.close();
rmSync(folder, { recursive: true, force: true });
