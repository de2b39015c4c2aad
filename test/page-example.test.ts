import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDevice } from 'unrolled';
import { LanguageModel, languageModelTraining, tokenizerFor } from 'unrolled/tasks/language-model';
import { encodeModel, storeModel, train } from 'unrolled/train';
import { build } from 'vite';
import { describe, expect, test } from 'vitest';
import { launchChromium, noChromium } from './chromium.ts';
import { openPage, serveFiles } from './studio/page.ts';

const root = fileURLToPath(new URL('../examples/page', import.meta.url));

/** A small model that knows one sentence, as `unrolled export --half` keeps it. */
async function trained(): Promise<Uint8Array> {
  const device = await openDevice('wasm', { threads: 1 });
  const text = 'she sells sea shells by the sea shore. '.repeat(40);
  const tokenizer = tokenizerFor('char', text);
  const model = new LanguageModel(device, tokenizer, { cell: 'gru', hidden: 32, layers: 1, embedding: 8, dropout: 0 });
  const task = languageModelTraining(model, tokenizer.encode(text), { batch: 4, steps: 32, seed: 1 });
  const options = { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 150, validateEvery: 0 } as const;
  for await (const _ of train(task, options));
  return encodeModel(await storeModel(model), { half: true });
}

describe.skipIf(noChromium)('the example page', () => {
  test('opens an exported model and continues what is typed, or says why it cannot', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unrolled-page-'));
    const [publicDir, outDir] = [join(folder, 'public'), join(folder, 'page')];
    mkdirSync(publicDir);
    writeFileSync(join(publicDir, 'model.safetensors'), await trained());
    const [browser] = await Promise.all([
      launchChromium(),
      build({ root, publicDir, base: './', logLevel: 'error', worker: { format: 'es' }, build: { outDir } }),
    ]);
    const server = await serveFiles(outDir);
    try {
      await using watched = await openPage(browser, server.url);
      const { page, problems } = watched;
      await expect
        .poll(() => page.getByRole('status').innerText())
        .toMatch(/^A network of [\d,]+ numbers, in this page/);
      const [field, output] = [page.getByLabel('Begin a text'), page.locator('#more')];
      await field.fill('she sells sea☃ ');
      await expect.poll(() => output.innerText()).toMatch(/^shells by the sea shore\. she/);
      await field.fill('by the sea ');
      await expect.poll(() => output.innerText()).toMatch(/^shore\. she sells/);
      expect(problems).toEqual([]);
      rmSync(join(outDir, 'model.safetensors'));
      await page.reload();
      await expect.poll(() => page.getByRole('status').innerText()).toMatch(/cannot be opened: there is none at http/);
    } finally {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
