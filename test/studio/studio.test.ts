import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { decodeModel } from 'unrolled/train';
import { describe, expect, test } from 'vitest';
import { noChromium } from '../chromium.ts';
import { expectAccessible, useStudio, viewportOf } from './fixture.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

describe.skipIf(noChromium)('the studio as files, without a server of its own', () => {
  const open = useStudio();

  const now = (page: Page) => page.locator('.now pre');

  test('trains “hello” until it writes “hello”, beside another cell, and keeps the picture', async () => {
    await using watched = await open('#train?text=hello&cells=rnn,gru&temperature=0');
    const { page, problems } = watched;
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => now(page).textContent()).toBe('hello');
    await expect.poll(() => page.getByRole('table').innerText()).toMatch(/finished.*finished/s);
    await page.getByRole('radio', { name: 'GRU' }).check();
    await expect.poll(() => now(page).textContent()).toBe('hello');
    await expect.poll(() => page.getByText('Before training').count()).toBe(1);
    for (const [name, holds] of [
      ['Picture, SVG', /^<svg.*3-grams/s],
      ['Numbers, CSV', /RNN,300,/],
      ['Numbers, JSON', /npx unrolled train hello\.txt --cell gru --hidden 8/],
    ] as const) {
      await page.getByRole('button', { name: 'Save ▾' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name }).click(),
      ]);
      expect(readFileSync(await download.path(), 'utf8')).toMatch(holds);
    }
    await page.getByRole('button', { name: 'Save ▾' }).click();
    const [png] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Picture, PNG' }).click(),
    ]);
    expect(
      readFileSync(await png.path())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect(problems).toEqual([]);
  });

  test('pauses, makes one step, is tuned, resumes and stops', async () => {
    await using watched = await open('#train?hidden=16&steps=0');
    const { page, problems } = watched;
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    const step = async (): Promise<number> =>
      Number((await page.locator('tbody td').first().innerText()).replaceAll(',', ''));
    await expect.poll(step).toBeGreaterThan(3);
    await page.getByRole('button', { name: 'Pause', exact: false }).click();
    await expect.poll(() => page.getByText('paused').count()).toBe(1);
    const paused = await step();
    await page.waitForTimeout(300);
    expect(await step()).toBe(paused);
    await page.getByRole('button', { name: 'Step' }).click();
    await expect.poll(step).toBe(paused + 1);
    const before = await now(page).textContent();
    await page.getByLabel('Sampling temperature').fill('0');
    await expect.poll(() => now(page).textContent()).not.toBe(before);
    expect(page.url()).toContain('temperature=0');
    await page.getByRole('button', { name: 'Resume', exact: false }).click();
    await expect.poll(step).toBeGreaterThan(paused + 3);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => page.getByText('stopped').count()).toBe(1);
    expect(problems).toEqual([]);
  });

  test('trains the cells of the literature, and looks into them', async () => {
    await using watched = await open('#train?text=hello&steps=3&cells=unitary');
    const { page, problems } = watched;
    for (const cell of ['MUT1', 'RHN', 'minLSTM'])
      await page.getByRole('checkbox', { name: cell }).check({ force: true });
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => page.getByText('finished', { exact: true }).count()).toBe(4);
    for (const cell of ['MUT1', 'RHN', 'unitary', 'minLSTM']) {
      await page.getByRole('link', { name: 'Unrolled' }).click();
      await page.getByLabel('Model').selectOption({ label: `${cell}, trained here` });
      await page.getByLabel('Text it reads').fill('hell');
      await expect.poll(() => page.getByRole('application').count()).toBe(1);
      await page.getByRole('link', { name: 'Gradients' }).click();
      await expect
        .poll(() => page.getByRole('region', { name: cell }).getByText('Gradient before clipping').count())
        .toBe(1);
    }
    expect(problems).toEqual([]);
  });

  test('a text of one’s own, however long, leaves every control inside its card', async () => {
    await using watched = await open('#train?text=own');
    const { page, problems } = watched;
    await page.getByLabel('Paste it').fill('Donaudampfschifffahrtsgesellschaft'.repeat(400));
    const inside = `[...document.querySelectorAll('aside .card')].every((card) => {
      const { left, right } = card.getBoundingClientRect();
      return [...card.querySelectorAll('input, textarea, button, label, select')].every((part) => {
        const box = part.getBoundingClientRect();
        return box.width <= 1 || (box.left >= left - 1 && box.right <= right + 1);
      });
    })`;
    expect(await page.evaluate(inside)).toBe(true);
    const long = {
      name: `${'long-name-'.repeat(12)}.txt`,
      mimeType: 'text/plain',
      buffer: Buffer.alloc(300_000, 'ab '),
    };
    await page.getByLabel('or choose a file').setInputFiles(long);
    await expect.poll(() => page.getByRole('button', { name: 'Choose another' }).count()).toBe(1);
    expect(await page.evaluate(inside)).toBe(true);
    expect(problems).toEqual([]);
  });

  test('a run that overfits goes back to its best update, and writes with that model', async () => {
    await using watched = await open('#train?text=own&hidden=64&lr=0.02&steps=0&batch=4');
    const { page, problems } = watched;
    const words = 'one two three four five six seven eight nine ten eleven twelve'.split(' ');
    let state = 7;
    const next = () => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return words[Math.floor(state / 65536) % words.length];
    };
    await page.getByLabel('Paste it').fill(Array.from({ length: 700 }, next).join(' '));
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    const back = page.getByRole('button', { name: 'Stop and return to it' });
    await expect.poll(() => back.count(), { timeout: 50_000 }).toBe(1);
    const best = Number(/after ([\d,]+) updates/.exec(await page.locator('.hint li').innerText())![1].replace(',', ''));
    await back.click();
    await expect.poll(() => page.getByText(`Back at update ${best.toLocaleString('en-US')}`).count()).toBe(1);
    await expect
      .poll(() => page.locator('.now h3').innerText())
      .toContain(`after ${best.toLocaleString('en-US')} updates`);
    expect(await back.count()).toBe(0);
    expect(problems).toEqual([]);
  }, 90_000);

  test('the command that it names makes the same weights, to the bit', async () => {
    await using watched = await open('#train?text=own&hidden=12&embedding=6&steps=40&seq=10&batch=3&seed=9');
    const { page } = watched;
    const text = 'she sells sea shells by the sea shore; '.repeat(20);
    await page.getByLabel('Paste it').fill(text);
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => page.getByText('finished').count()).toBe(1);
    await page.getByRole('button', { name: 'Save ▾' }).click();
    const [numbers] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Numbers, JSON' }).click(),
    ]);
    const [model] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save model', exact: false }).click(),
    ]);
    const { command } = JSON.parse(readFileSync(await numbers.path(), 'utf8')) as { command: string };
    const elsewhere = mkdtempSync(join(tmpdir(), 'unrolled-same-'));
    try {
      writeFileSync(join(elsewhere, 'my.txt'), text);
      const words = command.split(' ').slice(2);
      execFileSync(process.execPath, [main, ...words, '--threads', '1'], { cwd: elsewhere, stdio: 'ignore' });
      const trained = decodeModel(readFileSync(join(elsewhere, 'runs/my/checkpoints/latest.safetensors')));
      const saved = decodeModel(readFileSync(await model.path()));
      expect(saved.parameters).toEqual(trained.parameters);
      const { stdout } = spawnSync(process.execPath, [main, 'sample', await model.path(), '--length', '5'], {
        encoding: 'utf8',
      });
      expect(stdout.length).toBeGreaterThanOrEqual(5);
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  test('a text with markup stays text, in the page and in what is saved', async () => {
    await using watched = await open('#train?text=own&hidden=24&steps=400&temperature=0&lr=0.02');
    const { page, problems } = watched;
    const nasty = '<script>window.ran=1</script><img src=x onerror="window.ran=1"> ';
    await page.getByLabel('Paste it').fill(nasty.repeat(12));
    await page.getByRole('button', { name: 'Start', exact: false }).click();
    await expect.poll(() => now(page).textContent()).toContain('onerror="window.ran=1">');
    await page.getByRole('link', { name: 'Unrolled' }).click();
    await page.getByLabel('Model').selectOption({ label: 'LSTM, trained here' });
    await page.getByLabel('Text it reads').fill('<img src=x onerror');
    await expect.poll(() => page.getByLabel('Backpropagate the loss of').locator('option').count()).toBe(18);
    await page.getByRole('button', { name: 'Save ▾' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Picture, SVG' }).click(),
    ]);
    expect(readFileSync(await download.path(), 'utf8')).not.toMatch(/<(script|img)/);
    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(problems).toEqual([]);
  });

  test('opens with hello, which learns before one’s eyes; every number says how it was made; by keys alone', async () => {
    await using watched = await open('', { reducedMotion: 'reduce' });
    const { page, problems } = watched;
    await page.keyboard.press('2');
    await expect.poll(() => page.locator('output.said').textContent()).toBe('hello');
    await page.keyboard.press('Space');
    await expect.poll(() => page.getByRole('button', { name: 'Learn' }).count()).toBe(1);
    await page.getByRole('application').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    const status = page.getByRole('status').filter({ hasText: 'step 1, “e”: h[1] = ' });
    await expect.poll(() => status.count()).toBe(1);
    await expect
      .poll(() => page.locator('.equation').textContent())
      .toBe('h = tanh(W_ih x + b_ih + W_hh h[t−1] + b_hh)');
    const value = await page.locator('.value').textContent();
    expect(await page.locator('tfoot').innerText()).toContain(value!.split('= ')[1]);
    await page.keyboard.press(']');
    await expect.poll(() => page.locator('.value').textContent()).toContain('∂L/∂h[1]');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.value').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('a text the model cannot read leaves no picture of the one before, and the next is drawn again', async () => {
    await using watched = await open('#unrolled', { reducedMotion: 'reduce' });
    const { page, problems } = watched;
    await expect.poll(() => page.getByRole('application').count()).toBe(1);
    await page.getByLabel('Text it reads').fill('xyz');
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('no character of this text');
    expect(await page.getByRole('application').count()).toBe(0);
    await page.getByLabel('Text it reads').fill('hole');
    await expect.poll(() => page.getByRole('application').count()).toBe(1);
    await expect.poll(() => page.getByLabel('Backpropagate the loss of').locator('option').count()).toBe(4);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('what the address says is shown, and is what was shown', async () => {
    await using watched = await open('#unrolled?example=lstm&cut=2&at=3&read=hell', { reducedMotion: 'reduce' });
    const { page } = watched;
    await expect.poll(() => page.getByLabel('Text it reads').inputValue()).toBe('hell');
    await expect.poll(() => page.getByLabel('Model').inputValue()).toBe('example-lstm');
    expect(await page.getByLabel('Truncate backpropagation').inputValue()).toBe('2');
    await page.getByLabel('Truncate backpropagation').selectOption('3');
    expect(page.url()).toContain('#unrolled?example=lstm&cut=3&at=3&read=hell');
  });

  test.each([
    ['light', 'train', 1440],
    ['dark', 'train', 1440],
    ['light', 'unrolled', 1440],
    ['dark', 'unrolled', 1440],
    ['light', 'train', 390],
    ['dark', 'unrolled', 390],
  ] as const)('is accessible: %s, %s, %i pixels wide', async (colorScheme, room, width) => {
    const viewport = viewportOf(width);
    await using watched = await open(`#${room}?text=hello`, { colorScheme, viewport, reducedMotion: 'reduce' });
    const { page } = watched;
    if (room === 'train') {
      await page.getByRole('button', { name: 'Start', exact: false }).click();
      await expect.poll(() => page.getByRole('table').count()).toBe(1);
    } else {
      await expect.poll(() => page.getByLabel('Backpropagate the loss of').locator('option').count()).toBe(5);
      await page.getByRole('application').press('ArrowDown');
      await expect.poll(() => page.locator('.equation').count()).toBe(1);
    }
    await expectAccessible(watched);
  });
});
