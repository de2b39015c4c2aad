import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { openDevice } from 'unrolled';
import { GlobalAveragePool, Linear, Sequential } from 'unrolled/nn';
import { ImageClassifier } from 'unrolled/tasks/classify-images';
import { VideoClassifier } from 'unrolled/tasks/video';
import { encodeModel, storeModel } from 'unrolled/train';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../packages/cli/src/output/png.ts';
import { launchChromium, noChromium } from './chromium.ts';
import { openPage, serveFiles } from './studio/page.ts';

const root = fileURLToPath(new URL('../examples/page-camera', import.meta.url));

/** A network that knows three colours: its logits are the means of the channels. */
async function colourNetwork(): Promise<Uint8Array> {
  const labels = ['red', 'green', 'blue'];
  const weight = { shape: [3, 3], data: [9, -9, -9, -9, 9, -9, -9, -9, 9] };
  const parameters = { '1.weight': weight, '1.bias': { shape: [3], data: [0, 0, 0] } };
  const network = new Sequential([new GlobalAveragePool(), new Linear({ units: 3 })]).config;
  const preprocessing = { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const options = { config: { network }, labels, preprocessing };
  return encodeModel(await storeModel(new ImageClassifier(await openDevice('reference'), options, parameters)));
}

/** A model of videos that knows whether it gets red or blue, or stays: its features are the channels and their differences. */
async function changeNetwork(): Promise<Uint8Array> {
  const network = new Sequential([new GlobalAveragePool()]).config;
  const preprocessing = { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const input = { kind: 'frames', network, preprocessing } as const;
  const config = { input, cell: 'rnn', hidden: 3, layers: 1, dropout: 0, differences: true, reading: 'last' } as const;
  const model = new VideoClassifier(await openDevice('reference'), {
    config,
    labels: ['was red', 'was blue', 'neither'],
  });
  const saved = await model.parameters.save();
  const set = (name: string, values: readonly number[]): void => {
    (saved[name].data as Float32Array).set(values);
  };
  // h = tanh(4 (x_red, x_blue, 0) + 0.5 h before): what it saw a frame ago still counts.
  set('rnn.weight_ih_l0', [4, 0, -4, 0, 0, 0, -4, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  set('rnn.weight_hh_l0', [0.5, 0, 0, 0, 0.5, 0, 0, 0, 0]);
  set('rnn.bias_ih_l0', [0, 0, 0]);
  set('rnn.bias_hh_l0', [0, 0, 0]);
  set('output.weight', [5, 0, 0, 0, 5, 0, 0, 0, 0]);
  set('output.bias', [0, 0, 0]);
  return encodeModel(await storeModel(new VideoClassifier(await openDevice('reference'), model, saved)));
}

/** A film for Chromium's fake camera (YUV4MPEG2): a second of red, a second of blue, and again. */
function film(): Uint8Array {
  const [width, height] = [64, 48];
  const frame = (planes: readonly number[]): Uint8Array[] => {
    const [y, u, v] = planes.map((byte, plane) => new Uint8Array((width * height) / (plane === 0 ? 1 : 4)).fill(byte));
    return [Buffer.from('FRAME\n'), y, u, v];
  };
  const second = (planes: readonly number[]): Uint8Array[] => Array.from({ length: 10 }, () => frame(planes)).flat();
  const header = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  return Buffer.concat([header, ...second([81, 90, 240]), ...second([41, 240, 110])]);
}

/** Counts the questions that the worker has not answered yet. */
const countQuestions = (): void => {
  const counts = { open: 0, most: 0, answers: 0 };
  Object.assign(globalThis, { counts });
  const Original = globalThis.Worker;
  globalThis.Worker = class extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', () => {
        counts.open--;
        counts.answers++;
      });
    }
    override postMessage(...given: unknown[]): void {
      counts.open++;
      counts.most = Math.max(counts.most, counts.open);
      (super.postMessage as (...all: unknown[]) => void)(...given);
    }
  };
};

describe.skipIf(noChromium)('the page with the camera', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-camera-'));
  const outDir = join(folder, 'page');
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serveFiles>>;

  beforeAll(async () => {
    const publicDir = join(folder, 'public');
    mkdirSync(publicDir);
    writeFileSync(join(publicDir, 'model.safetensors'), await colourNetwork());
    const camera = join(folder, 'camera.y4m');
    writeFileSync(camera, film());
    [browser] = await Promise.all([
      launchChromium(['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera}`]),
      build({ root, publicDir, base: './', logLevel: 'error', worker: { format: 'es' }, build: { outDir } }),
    ]);
    server = await serveFiles(outDir);
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('names what the camera sees now, and one frame at a time', async () => {
    await using watched = await openPage(browser, 'about:blank', { permissions: ['camera'] });
    const { page, problems } = watched;
    await page.addInitScript(countQuestions);
    await page.goto(server.url);
    await expect
      .poll(() => page.getByRole('status').innerText())
      .toMatch(/^A network of 12 numbers that knows 3 labels/);
    await page.getByRole('button', { name: 'Start the camera' }).click();
    const first = page.locator('#answers li').first();
    for (const colour of ['red', 'blue', 'red']) await expect.poll(() => first.innerText()).toMatch(colour);
    expect(await page.locator('#speed').innerText()).toMatch(/^\d+ ms for a picture, and none leaves this page\.$/);
    const counts = () =>
      page.evaluate(() => (globalThis as unknown as { counts: { most: number; answers: number } }).counts);
    expect((await counts()).most).toBe(1);
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    await expect.poll(() => page.evaluate("document.querySelector('video').srcObject")).toBeNull();
    expect(problems).toEqual([]);
  });

  test('names a chosen picture, or says that it is none', async () => {
    await using watched = await openPage(browser, server.url);
    const { page } = watched;
    const field = page.locator('#file');
    await expect.poll(() => field.isEnabled()).toBe(true);
    const green = {
      width: 9,
      height: 7,
      channels: 3 as const,
      data: new Uint8Array(9 * 7 * 3).map((_, i) => (i % 3 === 1 ? 200 : 0)),
    };
    await field.setInputFiles({ name: 'green.png', mimeType: 'image/png', buffer: Buffer.from(encodePng(green)) });
    await expect.poll(() => page.locator('#answers li').first().innerText()).toMatch('green');
    await field.setInputFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await expect.poll(() => page.getByRole('status').innerText()).toMatch(/notes\.png.*the browser cannot decode it/);
    expect(await page.locator('#answers li').count()).toBe(0);
  });

  test('with a model of videos it says what happens, in a stream that begins with the camera', async () => {
    await using watched = await openPage(browser, 'about:blank', { permissions: ['camera'] });
    const { page, problems } = watched;
    const body = Buffer.from(await changeNetwork());
    await page.route('**/model.safetensors', (route) => route.fulfill({ body }));
    await page.goto(server.url);
    await expect.poll(() => page.getByRole('status').innerText()).toMatch(/numbers that knows 3 labels/);
    expect(await page.locator('#file').isVisible()).toBe(false);
    const begin = () => page.getByRole('button', { name: 'Start the camera' }).click();
    await begin();
    const first = page.locator('#answers li').first();
    for (const colour of ['red', 'blue', 'red']) await expect.poll(() => first.innerText()).toMatch(colour);
    const frame = async (): Promise<number> =>
      Number(/Frame (\d+) of the stream\.$/.exec(await page.locator('#speed').innerText())?.[1] ?? 0);
    await expect.poll(frame).toBeGreaterThan(3);
    const before = await frame();
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    await begin();
    await expect.poll(async () => (await frame()) < before).toBe(true);
    expect(problems).toEqual([]);
  });

  test('says why there is no camera or no model', async () => {
    await using refused = await openPage(browser, server.url, { permissions: [] });
    const says = (page: typeof refused.page) => expect.poll(() => page.getByRole('status').innerText());
    await refused.page.getByRole('button', { name: 'Start the camera' }).click();
    await says(refused.page).toMatch(/^The camera was refused: allow it/);
    await using missing = await openPage(browser, 'about:blank');
    await missing.page.addInitScript(
      "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'))",
    );
    await missing.page.goto(server.url);
    await missing.page.getByRole('button', { name: 'Start the camera' }).click();
    await says(missing.page).toMatch(/^There is no camera: connect one, or choose a picture/);
    await missing.page.route('**/model.safetensors', (route) => route.fulfill({ status: 404 }));
    await missing.page.reload();
    await says(missing.page).toMatch(/^The model cannot be opened: there is none at http/);
  });

  test('fits a phone', async () => {
    const phone = { viewport: { width: 360, height: 640 }, permissions: ['camera'] };
    await using watched = await openPage(browser, server.url, phone);
    const { page } = watched;
    await page.getByRole('button', { name: 'Start the camera' }).click();
    await expect.poll(() => page.locator('#answers li').count()).toBe(3);
    const size = await page.evaluate<number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.scrollHeight]',
    );
    expect(size[0]).toBeLessThanOrEqual(360);
    expect(size[1], 'all of it is seen at once').toBeLessThanOrEqual(640);
  });
});
