import { readFileSync } from 'node:fs';
import * as unrolled from 'unrolled';
import { Captioner, captionVocabulary } from 'unrolled/tasks/caption';
import * as classify from 'unrolled/tasks/classify';
import * as forecast from 'unrolled/tasks/forecast';
import * as languageModel from 'unrolled/tasks/language-model';
import * as tag from 'unrolled/tasks/tag';
import * as translate from 'unrolled/tasks/translate';
import * as video from 'unrolled/tasks/video';
import { Answerer, questionVocabulary } from 'unrolled/tasks/vqa';
import * as training from 'unrolled/train';
import { networkConfig } from 'unrolled/vision';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../../packages/cli/src/output/png.ts';
import { noChromium } from '../chromium.ts';
import { type Files, trainAll } from '../package/three-lines.ts';
import { expectAccessible, useStudio, viewportOf } from './fixture.ts';

describe.skipIf(noChromium)('room Tasks', () => {
  const open = useStudio();
  /** Checkpoints of small models by task. */
  let files: Files;

  beforeAll(async () => {
    files = await trainAll({
      ...unrolled,
      ...classify,
      ...forecast,
      ...languageModel,
      ...tag,
      ...translate,
      ...training,
    });
  }, 120_000);

  /** A model of a task, opened from its file. */
  async function withModel(task: string, say: string, options = {}, file: ArrayLike<number> = files[task]) {
    const watched = await open('#tasks', options);
    const { page } = watched;
    const buffer = Buffer.from(Uint8Array.from(file));
    await page.locator('input[type=file]').setInputFiles({ name: `${task}.safetensors`, mimeType: '', buffer });
    await expect.poll(() => page.getByLabel('Model').inputValue()).toMatch(/^file-/);
    if (say !== '') await page.getByLabel('Text', { exact: true }).fill(say);
    return watched;
  }

  test('a translator shows its beam, and what each translation looked at; the picture is kept', async () => {
    await using watched = await withModel('translate', 'shells');
    const { page, problems } = watched;
    const beam = page.getByRole('group', { name: 'Translations, best first' }).getByRole('radio');
    await expect.poll(() => beam.count()).toBe(4);
    const device = await unrolled.openDevice('wasm', { threads: 1 });
    const translator = translate.Translator.load(device, Uint8Array.from(files.translate));
    const [{ candidates }] = await translator.translate(['shells'], { beam: 4, nBest: 4 });
    device.close();
    const label = (place: number) => page.locator('.beams label').nth(place).innerText();
    for (const [place, { text }] of candidates.entries()) expect(await label(place)).toContain(text || '(nothing)');
    const picture = page.getByRole('img', { name: 'Alignment. Each token looks most at' });
    const first = await picture.getAttribute('aria-label');
    await beam.nth(3).check();
    await expect.poll(() => picture.getAttribute('aria-label')).not.toBe(first);
    expect(page.url()).toContain('say=shells');
    await page.getByRole('button', { name: 'Save ▾' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Numbers, JSON' }).click(),
    ]);
    const saved = JSON.parse(readFileSync(await download.path(), 'utf8'));
    expect(saved.command).toBe('npx unrolled translate predict translate.safetensors shells --beam 4 --n-best 4');
    expect(saved.candidates).toHaveLength(4);
    expect(problems).toEqual([]);
  });

  test('a tagger gives every word its tag, and markup stays text', async () => {
    await using watched = await withModel('tag', 'she sells <b>shells</b>');
    const { page, problems } = watched;
    await expect.poll(() => page.locator('mark').first().innerText()).toMatch(/^she/);
    expect(await page.locator('.answer b').count()).toBe(0);
    expect((await page.locator('.answer .text').innerText()).replace(/\s/g, '')).toContain('<');
    expect(problems).toEqual([]);
  });

  test('a classifier gives each label its chance, and shows what counts for the chosen one', async () => {
    await using watched = await withModel('classify', 'sea');
    const { page, problems } = watched;
    const labels = page.getByRole('group', { name: 'Labels' }).getByRole('radio');
    await expect.poll(() => labels.count()).toBe(3);
    await labels.nth(2).check();
    const last = await page.locator('.labels label').nth(2).locator('span').first().innerText();
    await expect.poll(() => page.getByRole('heading', { name: `What counts for ${last}` }).count()).toBe(1);
    await expect.poll(() => page.locator('.text.mono').innerText()).toBe('sea');
    expect(page.url()).toContain(`label=${last}`);
    expect(problems).toEqual([]);
  });

  test('a forecaster continues pasted numbers, and says what it cannot read', async () => {
    await using watched = await withModel('forecast', '');
    const { page, problems } = watched;
    const numbers = page.getByLabel('Numbers, one per line');
    await numbers.fill('1\n2\nthree');
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('Line 3: ‘three’ is not a number');
    await numbers.fill('1\n2');
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch(/reads\s+12\s+steps; these are\s+2/);
    await numbers.fill(Array.from({ length: 12 }, (_, t) => t % 5).join('\n'));
    await page.getByText('Numbers', { exact: true }).click();
    const device = await unrolled.openDevice('wasm', { threads: 1 });
    const forecaster = forecast.Forecaster.load(device, Uint8Array.from(files.forecast));
    const [{ values }] = await forecaster.forecast(Array.from({ length: 12 }, (_, t) => t % 5));
    device.close();
    const rows = page.getByRole('table').locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(3);
    expect((await rows.first().innerText()).split(/\t/)[1].replace('−', '-')).toBe(
      String(Number(values[0].toPrecision(4))),
    );
    expect(problems).toEqual([]);
  });

  test('a captioner describes an image, shows where it looked, and goes on from another word', async () => {
    const device = await unrolled.openDevice('wasm', { threads: 1 });
    const captioner = new Captioner(
      device,
      {
        config: { cell: 'gru', hidden: 6, layers: 1, embedding: 4, dropout: 0 },
        backbone: {
          config: networkConfig('lenet', { classes: 2, size: 16 }),
          preprocessing: { size: 16, crop: 'none', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
        },
        vocabulary: captionVocabulary(['a dog runs', 'a cat sleeps on grass'], { minCount: 1 }),
      },
      2,
    );
    const image = { width: 24, height: 18, channels: 3 as const, data: new Uint8Array(24 * 18 * 3).fill(90) };
    const [{ text }] = await captioner.predict([image], { beam: 4 });
    const model = training.encodeModel(await training.storeModel(captioner));
    device.close();
    await using watched = await withModel('caption', '', {}, model);
    const { page, problems } = watched;
    const file = { name: 'field.png', mimeType: 'image/png', buffer: Buffer.from(encodePng(image)) };
    const input = page.getByLabel('Image: drop or paste it here, or choose a file');
    await input.setInputFiles({ ...file, buffer: Buffer.from('no image') });
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('cannot decode it');
    await input.setInputFiles(file);
    const words = page.locator('.words .chip');
    await expect.poll(async () => (await words.allInnerTexts()).join(' ')).toBe(text);
    expect(await page.locator('.map i').count()).toBe(captioner.backbone.places);
    await page.getByLabel('Another word in place of').fill('Grass');
    await page.getByRole('button', { name: 'Replace' }).click();
    await expect.poll(() => words.first().innerText()).toBe('grass');
    expect(page.url()).toContain('begin=Grass');
    await page.getByRole('button', { name: 'Its own words' }).click();
    await expect.poll(async () => (await words.allInnerTexts()).join(' ')).toBe(text);
    expect(problems).toEqual([]);
  });

  test('a model of videos says what happens in numbers of frames, and when; what is no video is named', async () => {
    const device = await unrolled.openDevice('wasm', { threads: 1 });
    const config = { cell: 'gru', hidden: 6, layers: 1, dropout: 0, input: { kind: 'features', features: 2 } } as const;
    const labels = ['rises', 'falls', 'rests'];
    const clip = { features: Array.from({ length: 9 }, (_, t) => [Math.sin(t), t % 4]) };
    const classifier = new video.VideoClassifier(device, { config, labels }, 2);
    const labeller = new video.FrameLabeller(device, { config, labels, background: null }, 5);
    const [{ label }] = await classifier.predict([clip]);
    const [{ segments }] = await labeller.predict([clip], { smooth: 5 });
    const [one, other] = await Promise.all([classifier, labeller].map((model) => training.storeModel(model)));
    device.close();
    const name = 'Video: a file, its frames as images, or numbers of each frame (JSON, CSV)';
    const file = { name: 'moves.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(clip)) };
    await using watched = await withModel('video', '', {}, training.encodeModel(one));
    const { page, problems } = watched;
    await page.getByLabel(name).setInputFiles({ ...file, buffer: Buffer.from('{}') });
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('must have rows of numbers');
    await page.getByLabel(name).setInputFiles(file);
    await expect.poll(() => page.locator('.answer li').first().innerText()).toContain(label);
    expect(await page.getByText('moves.json: 9 frames').count()).toBe(1);
    await using second = await withModel('video-frames', '', {}, training.encodeModel(other));
    await second.page.getByLabel(name).setInputFiles(file);
    await expect.poll(() => second.page.locator('.answer li').count()).toBe(segments.length);
    const [{ start, end }] = segments;
    expect(await second.page.locator('.answer li').first().innerText()).toContain(`frames ${start}–${end - 1}`);
    expect([...problems, ...second.problems]).toEqual([]);
  });

  test('a clip is captioned, with the frames each word looks at; events have a caption each', async () => {
    const device = await unrolled.openDevice('wasm', { threads: 1 });
    const config = { cell: 'gru', hidden: 6, layers: 1, dropout: 0, embedding: 4 } as const;
    const input = { kind: 'features', features: 2 } as const;
    const vocabulary = video.captionVocabulary(['it rises slowly', 'it falls'], { minCount: 1 });
    const clip = { features: Array.from({ length: 9 }, (_, t) => [Math.sin(t), t % 4]) };
    const captioner = new video.VideoCaptioner(device, { config: { ...config, input }, vocabulary }, 2);
    const teller = new video.VideoEventCaptioner(
      device,
      { config: { ...config, input, windows: [3, 4] }, vocabulary },
      6,
    );
    const [{ text }] = await captioner.predict([clip], { beam: 4, nBest: 4 });
    const [{ events }] = await teller.predict([clip]);
    const [one, other] = await Promise.all([captioner, teller].map((model) => training.storeModel(model)));
    device.close();
    const name = 'Video: a file, its frames as images, or numbers of each frame (JSON, CSV)';
    const file = { name: 'moves.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(clip)) };
    await using watched = await withModel('video-caption', '', {}, training.encodeModel(one));
    const { page, problems } = watched;
    await page.getByLabel(name).setInputFiles(file);
    const words = () => page.locator('.answer .words .chip').allInnerTexts();
    await expect.poll(async () => (await words()).map((word) => word.trim()).join(' ')).toBe(text);
    expect(await page.locator('.answer .bars i').count()).toBe(9);
    await expectAccessible(watched);
    await using second = await withModel('video-events', '', {}, training.encodeModel(other));
    await second.page.getByLabel(name).setInputFiles(file);
    await expect.poll(() => second.page.locator('.answer .events label').count()).toBe(events.length);
    const [{ start, end }] = events;
    expect(await second.page.locator('.answer .events label').first().innerText()).toContain(
      `frames ${start}–${end - 1}`,
    );
    await expect.poll(() => second.page.locator('.answer .bars i').count()).toBe(end - start);
    await expectAccessible(second);
    expect([...problems, ...second.problems]).toEqual([]);
  });

  test('a question about an image is answered, with what else it may be and where the model looked', async () => {
    const device = await unrolled.openDevice('wasm', { threads: 1 });
    const answerer = new Answerer(
      device,
      {
        config: { cell: 'gru', hidden: 6, layers: 1, embedding: 4, dropout: 0, attention: 2 },
        backbone: {
          config: networkConfig('lenet', { classes: 2, size: 16 }),
          preprocessing: { size: 16, crop: 'none', mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
        },
        vocabulary: questionVocabulary([
          { question: 'what color is it', answers: ['grey'] },
          { question: 'is it a field', answers: ['yes'] },
        ]),
      },
      2,
    );
    const image = { width: 24, height: 18, channels: 3 as const, data: new Uint8Array(24 * 18 * 3).fill(90) };
    const [{ answer }] = await answerer.predict([{ image, question: 'Is it a field?' }]);
    const model = training.encodeModel(await training.storeModel(answerer));
    device.close();
    await using watched = await withModel('vqa', '', {}, model);
    const { page, problems } = watched;
    await page.getByText('Give an image and a question about it').waitFor();
    const file = { name: 'field.png', mimeType: 'image/png', buffer: Buffer.from(encodePng(image)) };
    await page.getByLabel('Image: drop or paste it here, or choose a file').setInputFiles(file);
    await page.getByLabel('Question').fill('Is it a field?');
    const said = page.locator('.said');
    await expect.poll(() => said.innerText()).toMatch(new RegExp(`^${answer}\\s+[\\d.]+%$`));
    expect(await page.locator('.map i').count()).toBe(answerer.backbone.places);
    await page.locator('.layers .chip').first().click();
    expect(await page.locator('.layers input').first().isChecked()).toBe(true);
    expect(await page.locator('ol li').count()).toBe(1);
    expect(problems).toEqual([]);
  });

  test('every task answers at once with a model that comes with the page, about its own data', async () => {
    await using watched = await open('#tasks');
    const { page, problems } = watched;
    const answer = page.getByRole('region', { name: 'Answer' });
    await expect.poll(() => answer.getByText('2013-02-21').count()).toBe(1);
    const best = await answer.locator('.meter i').first().getAttribute('style');
    // The best fills its bar, whatever its probability.
    expect(best).toContain('width: 100%');
    await page.getByRole('radio', { name: 'Classify' }).check({ force: true });
    await expect.poll(() => answer.getByRole('radio').first().getAttribute('name')).toBe('label');
    await expect.poll(() => answer.locator('label').first().innerText()).toMatch(/^Finnish/);
    await page.getByRole('button', { name: 'swim write' }).click();
    await expect.poll(() => answer.locator('label').first().innerText()).toMatch(/^English/);
    await page.getByRole('radio', { name: 'Tag', exact: true }).check({ force: true });
    await expect.poll(() => answer.locator('mark').allInnerTexts()).toEqual(['Thomasperson', 'Ropaplace']);
    await page.getByRole('radio', { name: 'Forecast' }).check({ force: true });
    await expect.poll(() => answer.getByText(/of 24 steps lie inside the interval/).count()).toBe(1);
    await page.getByRole('slider', { name: 'Forecast from step' }).fill('200');
    await expect.poll(() => page.url()).toContain('from=200');
    expect(problems).toEqual([]);
  });

  test.each([
    ['light', 'translate', 1440],
    ['dark', 'translate', 390],
    ['light', 'tag', 390],
    ['dark', 'tag', 1440],
    ['light', 'classify', 1440],
    ['dark', 'classify', 390],
    ['light', 'forecast', 390],
    ['dark', 'forecast', 1440],
  ] as const)('is accessible: %s, %s, %i pixels wide', async (colorScheme, task, width) => {
    const viewport = viewportOf(width);
    const numbers = task === 'forecast';
    await using watched = await withModel(task, numbers ? '' : 'she sells shells', { colorScheme, viewport });
    const { page } = watched;
    if (numbers) await page.getByLabel('Numbers, one per line').fill(`${'1\n4\n2\n'.repeat(8)}`);
    await expect.poll(() => page.getByRole('button', { name: 'Save ▾' }).count()).toBe(1);
    await expectAccessible(watched);
  });
});
