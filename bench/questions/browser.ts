import { builtLibrary } from '../built.ts';
import { launchChromium } from '../chromium.ts';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import { servePage } from '../page.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded } from '../timing.ts';
import { flopsOf, type TimedSteps, timeTrainingStep } from '../training-step.ts';
import { smallLstm } from './step.ts';

export const browser: Question = {
  name: 'browser',
  asks: 'ms of the training step 2×LSTM-128 in headless Chromium, beside Node',
  async answer({ runs, rounds, peak }) {
    const chromium = await launchChromium();
    if (typeof chromium === 'string') return { rows: [], notes: [chromium] };
    const server = await servePage(builtLibrary());
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
