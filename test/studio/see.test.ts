import { readFileSync } from 'node:fs';
import { openDevice } from 'unrolled';
import { ImageNetwork, imageNetworkFile, networkConfig } from 'unrolled/vision';
import { describe, expect, test } from 'vitest';
import { encodePng } from '../../packages/cli/src/output/png.ts';
import { shapePicture } from '../../packages/studio/src/models/shapes.ts';
import { Random } from '../../packages/unrolled/src/random.ts';
import { noChromium } from '../chromium.ts';
import { expectAccessible, useStudio, viewportOf } from './fixture.ts';

describe.skipIf(noChromium)('the room See', () => {
  const open = useStudio();

  test('names the shape, shows where it is, and keeps the picture', async () => {
    await using watched = await open('#see?picture=4');
    const { page, problems } = watched;
    const panel = page.getByRole('region', { name: 'Ready-made: shapes' });
    await expect.poll(() => panel.locator('label').first().innerText()).toMatch(/^triangle/);
    await expect.poll(() => panel.getByRole('img', { name: /occlusion for triangle: strongest/ }).count()).toBe(1);
    await panel.getByRole('radio').nth(1).check();
    await expect.poll(() => page.url()).toContain('class=');
    await page.getByLabel('Map', { exact: true }).selectOption('gradcam');
    await expect.poll(() => panel.getByRole('img', { name: /^gradcam for/ }).count()).toBe(1);
    for (const [name, holds] of [
      ['Picture, SVG', /<image [^>]*href="data:image\/png;base64,/],
      ['Numbers, CSV', /^network,y,x,gradcam\r\n/],
    ] as const) {
      await page.getByRole('button', { name: 'Save ▾' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name }).click(),
      ]);
      expect(readFileSync(await download.path(), 'utf8')).toMatch(holds);
    }
    expect(problems).toEqual([]);
  });

  test('explains a unit of a layer, and the untrained network beside it', async () => {
    await using watched = await open('#see?method=guided&beside=untrained&layer=relu3');
    const { page, problems } = watched;
    await expect.poll(() => page.getByRole('region', { name: 'The same, untrained' }).count()).toBe(1);
    const panel = page.getByRole('region', { name: 'Ready-made: shapes' });
    await panel.getByRole('button', { name: 'Channel 3', exact: true }).click();
    await expect.poll(() => page.url()).toContain('unit=3');
    await expect.poll(() => page.getByRole('img', { name: /^guided for relu3 3/ }).count()).toBe(2);
    await panel.getByLabel('row').fill('2');
    await panel.getByLabel('row').press('Enter');
    await expect.poll(() => page.url()).toMatch(/unit=3%2C2|unit=3,2/);
    expect(problems).toEqual([]);
  });

  test('grows a picture until it is stopped', async () => {
    await using watched = await open('#see');
    const { page, problems } = watched;
    await page.getByRole('button', { name: 'Grow a picture of it' }).click();
    await expect.poll(() => page.getByRole('img', { name: /^Grown for circle, ([3-9]|\d\d) steps/ }).count()).toBe(1);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => page.getByRole('button', { name: 'Grow a picture of it' }).count()).toBe(1);
    expect(problems).toEqual([]);
  });

  test('opens a picture and a network from files, also dropped ones, and says what is none', async () => {
    const device = await openDevice('reference');
    const preprocessing = { size: 16, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
    const config = networkConfig('resnet20', { classes: 2, width: 0.25 });
    const network = new ImageNetwork(device, { config, preprocessing, labels: ['day', 'night'] }, 1);
    const file = (name: string, content: Uint8Array) => ({ name, mimeType: '', buffer: Buffer.from(content) });
    await using watched = await open('#see');
    const { page, problems } = watched;
    const input = page.locator('input[accept^="image/*,"]');
    await input.setInputFiles({
      ...file('ring.png', encodePng(shapePicture('ring', new Random(3)))),
      mimeType: 'image/png',
    });
    const panel = page.getByRole('region', { name: 'Ready-made: shapes' });
    await expect.poll(() => panel.locator('label').first().innerText()).toMatch(/^ring/);
    await input.setInputFiles(file('mine.safetensors', await imageNetworkFile(network)));
    const mine = page.getByRole('region', { name: 'mine.safetensors' });
    await expect.poll(() => mine.locator('label').allInnerTexts()).toHaveLength(2);
    await input.setInputFiles(file('none.safetensors', new Uint8Array(40)));
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch(/^none\.safetensors: /);
    await page.evaluate(`{
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(40)], 'dropped.safetensors'));
      dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
    }`);
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch(/^dropped\.safetensors: /);
    expect(problems).toEqual([]);
  });

  test.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)('is accessible: %s, %i pixels wide', async (colorScheme, width) => {
    await using watched = await open('#see?method=saliency&layer=relu2&beside=untrained', {
      colorScheme,
      viewport: viewportOf(width),
    });
    await expect.poll(() => watched.page.getByRole('img', { name: /^saliency for circle: strongest/ }).count()).toBe(1);
    await expect.poll(() => watched.page.getByRole('button', { name: 'Channel 0', exact: true }).count()).toBe(2);
    await expectAccessible(watched);
  });
});
