import { existsSync } from 'node:fs';
import { builtLibrary, developmentPackage } from '../built.ts';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import { servePage } from '../page.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded } from '../timing.ts';
import { flopsOf, type TimedSteps, timeTrainingStep } from '../training-step.ts';
import { smallLstm } from './step.ts';

/** What is used of playwright-core. */
interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: readonly string[] }): Promise<Browser> };
}
interface Browser {
  newPage(): Promise<Page>;
  version(): string;
  close(): Promise<void>;
}
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const launchArgs = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];

export const browser: Question = {
  name: 'browser',
  asks: 'ms of the training step 2×LSTM-128 in headless Chromium, beside Node',
  async answer({ runs, rounds, peak }) {
    const executablePath = process.env.UNROLLED_CHROMIUM ?? candidates.find((path) => existsSync(path));
    if (!executablePath || !existsSync(executablePath)) {
      const looked = process.env.UNROLLED_CHROMIUM ?? candidates.join(', ');
      return { rows: [], notes: [`Skipped: no Chromium at ${looked}; set UNROLLED_CHROMIUM to its path.`] };
    }
    const playwright = await developmentPackage<Playwright>('playwright-core');
    if (!playwright) return { rows: [], notes: ['Skipped: playwright-core is not installed (npm ci).'] };

    const server = await servePage(builtLibrary());
    const chromium = await playwright.chromium.launch({ executablePath, args: launchArgs });
    try {
      const inPage = async (threads: number, count: number): Promise<TimedSteps> => {
        const page = await chromium.newPage();
        await page.goto(server.url);
        const timed = await page.evaluate(
          `import(${JSON.stringify(server.module)}).then(({ timeTrainingStep }) =>
            timeTrainingStep(${JSON.stringify(smallLstm)}, ${threads}, ${count}))`,
        );
        await page.close();
        return timed as TimedSteps;
      };
      const engines: Record<string, Engine> = {};
      for (const threads of threadCounts()) {
        assertSameBits((await timeTrainingStep(smallLstm, threads, 1)).losses, (await inPage(threads, 1)).losses);
        engines[`Node, ${threadsName(threads)}`] = async () =>
          (await timeTrainingStep(smallLstm, threads, runs)).median;
        engines[`Chromium, ${threadsName(threads)}`] = async () => (await inPage(threads, runs)).median;
      }
      const timings = await interleave(engines, rounds);
      const rows: Row[] = threadCounts().flatMap((threads) =>
        ['Node', 'Chromium'].map((program) => {
          const { median, min, max } = timings[`${program}, ${threadsName(threads)}`];
          return {
            program: `${program}, ${threadsName(threads)}`,
            'ms per step': rounded(median),
            'min–max': `${rounded(min)}–${rounded(max)}`,
            ...arithmetic(flopsOf(smallLstm), median, threads, peak),
            '÷ Node': Number((median / timings[`Node, ${threadsName(threads)}`].median).toFixed(2)),
          };
        }),
      );
      const about = `Chromium ${chromium.version()}, a cross-origin isolated page; the losses are Node's to the last bit.`;
      return { rows, notes: [about] };
    } finally {
      await chromium.close();
      server.close();
    }
  },
};

/** @throws Error if the page computes anything but what Node computes */
function assertSameBits(inNode: readonly number[], inPage: readonly number[]): void {
  if (inNode.length !== inPage.length || inNode.some((loss, i) => loss !== inPage[i])) {
    throw new Error(`browser: losses in Node are ${inNode.join(', ')}, in the page ${inPage.join(', ')}`);
  }
}
