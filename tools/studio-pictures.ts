/**
 * Takes the pictures of the studio in docs/pictures: every room on a wide page and on a phone, after it has learnt for a while.
 * Run it again after changing a room: node tools/studio-pictures.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { sharedRuns } from '../packages/cli/src/studio/run-files.ts';
import { serveStudio } from '../packages/cli/src/studio/server.ts';
import { launchChromium } from '../test/chromium.ts';
import { buildPage, openPage } from '../test/studio/page.ts';

const pictures = fileURLToPath(new URL('../docs/pictures', import.meta.url));

const root = fileURLToPath(new URL('..', import.meta.url));

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

/** Lets networks learn the sonnets in the room Train, then goes to another one. */
function afterTraining(room: string, steps: number, seen: (page: Page) => Promise<boolean>): Shot['prepare'] {
  return async (page) => {
    await page.getByRole('button', { name: /Start/ }).click();
    await until(async () => (await stepOf(page)()) >= steps);
    await page.getByRole('link', { name: room, exact: true }).click();
    await until(() => seen(page));
    await page.waitForTimeout(3000);
  };
}

/** A run that translates dates, trained by the command for half a minute. */
function trainDates(folder: string): string {
  const [table, run] = [join(folder, 'dates.tsv'), join(folder, 'dates')];
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: root, stdio: 'ignore' });
  node('examples/dates.ts', table);
  node('packages/cli/src/main.ts', 'translate', 'train', table, '--out', run, '--seconds', '40', '--hidden', '64');
  return run;
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
  {
    room: 'write',
    hash: '#train?hidden=96',
    prepare: afterTraining('Write', 1000, async (page) =>
      (await page.locator('main').innerText()).includes('Mean surprise'),
    ),
  },
  {
    room: 'cells',
    hash: '#train?hidden=96',
    prepare: afterTraining('Cells', 1000, async (page) => (await page.locator('tbody tr').count()) > 10),
  },
  {
    room: 'gradients',
    hash: '#gradients',
    async prepare(page) {
      await page.getByRole('button', { name: 'Train an RNN beside an LSTM' }).click();
      await until(async () => (await page.getByText(/^after [\d,]{3,} updates$/).count()) > 1);
      await page.getByRole('button', { name: /Pause/ }).click();
      await page.waitForTimeout(5000);
    },
  },
  {
    room: 'tasks',
    hash: '#tasks',
    async prepare(page) {
      await until(async () => (await page.getByLabel('Model').count()) > 0);
      await page.getByLabel('Text', { exact: true }).fill("Thu the 21st of February '13");
      await until(async () => (await page.getByRole('img').count()) > 0);
      await page.waitForTimeout(3000);
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
const trained = mkdtempSync(join(tmpdir(), 'unrolled-pictures-'));
const wanted = process.argv.slice(2);
const taken = shots.filter(({ room }) => wanted.length === 0 || wanted.includes(room));
const runs = taken.some(({ room }) => room === 'tasks') ? sharedRuns([trainDates(trained)]) : [];
// The other rooms train in the page.
const [server, withRuns] = [await serveStudio([], 0, folder), await serveStudio(runs, 0, folder)];
const browser = await launchChromium();
for (const shot of taken) {
  for (const phone of [false, true]) {
    await take(browser, (shot.room === 'tasks' ? withRuns : server).url, shot, phone);
  }
}
await browser.close();
await Promise.all([server.close(), withRuns.close()]);
for (const one of [folder, trained]) rmSync(one, { recursive: true, force: true });
