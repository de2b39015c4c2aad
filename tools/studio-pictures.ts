/**
 * Takes the pictures of the studio in docs/pictures: every room on a wide page and on a phone.
 * Run it again after changing a room: node tools/studio-pictures.ts [room …]
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

const stepOf = async (page: Page): Promise<number> =>
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
      await until(async () => (await page.getByRole('table').innerText()).includes('training'));
      await until(async () => (await stepOf(page)) >= 1000);
      await page.getByRole('radio', { name: 'LSTM' }).check();
    },
  },
  {
    room: 'unrolled',
    hash: '#unrolled',
    async prepare(page) {
      const title = page.locator('#unrolled-title');
      await until(async () => /After (2[5-9]|[3-9]\d) updates/.test(await title.innerText()));
      await page.getByRole('button', { name: /Pause/ }).click();
      await page.getByRole('application').focus();
      for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowDown']) {
        await page.keyboard.press(key);
      }
      await page.evaluate('document.activeElement.blur()');
      await page.waitForTimeout(500);
    },
  },
  {
    room: 'write',
    hash: '#write?model=ready-lstm&prompt=export%20function%20',
    prepare: (page) => until(async () => (await page.locator('main').innerText()).includes('Mean surprise')),
  },
  {
    room: 'units',
    hash: '#units?model=ready-lstm&property=comment&extent=all',
    prepare: (page) => until(async () => (await page.locator('.extent').innerText()).includes('all')),
  },
  {
    room: 'gradients',
    hash: '#gradients',
    async prepare(page) {
      await until(async () => (await page.getByText('Recurrent weights').count()) === 2);
      await page.waitForTimeout(1000);
    },
  },
  {
    room: 'tasks',
    hash: '#tasks?model=ready-dates&say=Thursday%2C+July+20%2C+1969',
    async prepare(page) {
      await until(async () => (await page.getByRole('img').count()) > 0);
      await page.waitForTimeout(1000);
    },
  },
  {
    room: 'see',
    hash: '#see?picture=4&method=guided&beside=untrained&layer=relu3',
    async prepare(page) {
      await until(async () => (await page.getByText('over the picture').count()) === 2);
      await page.waitForTimeout(1500);
    },
  },
];

async function take(browser: Browser, url: string, { room, hash, prepare }: Shot, phone: boolean): Promise<void> {
  const viewport = phone ? { width: 390, height: 844 } : { width: 1440, height: 900 };
  const options = { viewport, colorScheme: phone ? 'dark' : 'light' } as const;
  await using watched = await openPage(browser, url + hash, options);
  const { page } = watched;
  // As for a reader who knows the room.
  await page.evaluate(
    `localStorage.setItem('unrolled-tour-offered', 'no'); localStorage.setItem('unrolled-guide-${room}', 'no')`,
  );
  await page.reload();
  await page.getByRole('heading', { level: 2 }).first().waitFor();
  await prepare(page);
  await page.mouse.move(0, 0);
  await page.evaluate('scrollTo(0, 0)');
  const name = `studio-${room}${phone ? '-phone' : ''}.png`;
  await page.screenshot({ path: join(pictures, name) });
  console.log(name, watched.problems.join(' ') || 'no complaints');
}

const folder = await buildPage();
const wanted = process.argv.slice(2);
const taken = shots.filter(({ room }) => wanted.length === 0 || wanted.includes(room));
const server = await serveStudio([], 0, folder);
const browser = await launchChromium();
for (const shot of taken) {
  for (const phone of [false, true]) await take(browser, server.url, shot, phone);
}
await browser.close();
await server.close();
rmSync(folder, { recursive: true, force: true });
