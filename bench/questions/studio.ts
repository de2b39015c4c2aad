import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtLibrary, root } from '../built.ts';
import { type Chromium, launchChromium, type Page } from '../chromium.ts';
import type { Question } from '../question.ts';
import { rounded, summarise } from '../timing.ts';

const command = join(root, 'packages/cli/src/main.ts');
const text = join(root, 'packages/studio/src/texts/sonnets.txt');
const node = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });

/** What is trained: the room's own settings, and a larger network. */
const sizes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'LSTM-128, B 8, T 48': { hidden: 128, layers: 1, embedding: 32, batch: 8, seq: 48 },
  '2×LSTM-128, B 32, T 50': { hidden: 128, layers: 2, embedding: 128, batch: 32, seq: 50 },
};
/** Seconds before counting, and seconds that are counted. */
const [warmUp, counted] = [4, 10];

/** Characters/s by how many updates were made between two times. */
const rate = (size: Readonly<Record<string, number>>, updates: number, milliseconds: number): number =>
  (updates * size.batch * size.seq * 1000) / milliseconds;

/** The command, with all that it does beside: samples, validation, writing of files. */
async function inCommand(size: Readonly<Record<string, number>>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-bench-'));
  const options = Object.entries(size).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = node('train', text, '--out', join(folder, 'run'), '--json', '--steps', '1000000', ...options);
  try {
    let first: { step: number; at: number } | null = null;
    for await (const line of createInterface({ input: child.stdout! })) {
      const { type, step, secondsElapsed } = JSON.parse(line);
      if (type !== 'progress' || secondsElapsed < warmUp) continue;
      const now = { step, at: performance.now() };
      first ??= now;
      if (now.at - first.at >= 1000 * counted) return rate(size, now.step - first.step, now.at - first.at);
    }
    throw new Error('studio: the command ended before its time');
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tasks of the main thread that took longer than 50 ms are told of by the browser. */
const watch = `globalThis.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => entry.duration)))
  .observe({ type: 'longtask' });`;
const updates = `Number(document.querySelector('tbody td').textContent.replaceAll(',', ''))`;

/** The page forbids what playwright has for this. */
async function until(page: Page, expression: string): Promise<void> {
  while (!(await page.evaluate(expression))) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** The page, with the samples it writes and the curve it draws. */
async function inPage(chromium: Chromium, url: string, size: Readonly<Record<string, number>>) {
  const page = await chromium.newPage();
  try {
    await page.addInitScript({ content: watch });
    await page.goto(
      `${url}#train?text=sonnets&steps=0&${new URLSearchParams(Object.entries(size).map(([k, v]) => [k, String(v)]))}`,
    );
    const start = `[...document.querySelectorAll('button')].find((button) => button.textContent.includes('Start'))`;
    await until(page, `${start} !== undefined`);
    await page.evaluate(`${start}.click()`);
    await until(page, `document.querySelector('tbody td') !== null && ${updates} > 0`);
    await page.evaluate(`new Promise((resolve) => setTimeout(resolve, ${1000 * warmUp}))`);
    const counting = `(async () => {
      longTasks.length = 0;
      const [step, at] = [${updates}, performance.now()];
      await new Promise((resolve) => setTimeout(resolve, ${1000 * counted}));
      return { made: ${updates} - step, milliseconds: performance.now() - at, long: longTasks };
    })()`;
    const seen = (await page.evaluate(counting)) as { made: number; milliseconds: number; long: number[] };
    return { rate: rate(size, seen.made, seen.milliseconds), long: seen.long };
  } finally {
    await page.close();
  }
}

export const studio: Question = {
  name: 'studio',
  asks: 'characters/s that train in the room Train of the studio, beside the command, and how smooth the page stays',
  async answer({ rounds }) {
    const chromium = await launchChromium();
    if (typeof chromium === 'string') return { rows: [], notes: [chromium] };
    builtLibrary();
    const server = node('studio');
    try {
      const [line] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string];
      const url = line.slice(line.indexOf('http'));
      const rows = [];
      for (const [name, size] of Object.entries(sizes)) {
        const [command, page, long]: number[][] = [[], [], []];
        for (let round = 0; round < rounds; round++) {
          command.push(await inCommand(size));
          const seen = await inPage(chromium, url, size);
          page.push(seen.rate);
          long.push(...seen.long);
        }
        const beside = summarise(command).median;
        for (const [where, rates] of [
          ['command', command],
          ['page', page],
        ] as const) {
          const { median, min, max } = summarise(rates);
          rows.push({
            model: name,
            where,
            'characters/s': rounded(median),
            'min–max': `${rounded(min)}–${rounded(max)}`,
            'command ÷ this': rounded(beside / median),
            'tasks over 50 ms': where === 'page' ? String(long.length) : '',
            'longest, ms': where === 'page' && long.length > 0 ? String(Math.max(...long)) : '',
          });
        }
      }
      const about = `Chromium ${chromium.version()}; ${counted} s a round, after ${warmUp} s. Tasks are the main thread's while it trains.`;
      return { rows, notes: [about] };
    } finally {
      await chromium.close();
      server.kill();
    }
  },
};
