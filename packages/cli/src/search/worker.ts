import { parentPort, workerData } from 'node:worker_threads';
import { openDevice } from 'unrolled';
import {
  blockArchitecture,
  blockReward,
  blockSpace,
  type CellTexts,
  type Choices,
  cellArchitecture,
  cellReward,
  cellSpace,
  measureCell,
  measureNetwork,
  networkOf,
  treeCell,
} from 'unrolled/search';
import { createTokenizer } from 'unrolled/tokenizers';
import { isCellFile, readCellFile } from '../cells/cell-file.ts';
import { cellSource } from '../cells/cell-source.ts';
import type { CompareJob, Job, Report, SharedTexts, WorkerSetup } from './protocol.ts';

/** Trains on one thread: the workers of a search share the machine's cores. */
const device = () => openDevice('wasm', { threads: 1 });

const textsOf = ({ tokenizer, ...texts }: SharedTexts): CellTexts => ({
  ...texts,
  tokenizer: createTokenizer(tokenizer),
});

/** What a job of this kind computes. */
function doing(setup: WorkerSetup): (job: Job) => Promise<unknown> {
  if (setup.kind === 'cell') {
    const [space, texts] = [cellSpace(setup.base), textsOf(setup.texts)];
    return onDevice(async (own, job) => {
      const cell = treeCell(cellArchitecture(space, job as Choices));
      const { loss, diverged, parameters, steps } = await measureCell(own, cell, texts, setup.training);
      const reward = cellReward({ loss }, texts.tokenizer.size);
      return { reward, measures: { ...(loss !== null && { loss }), diverged, parameters, steps } };
    });
  }
  if (setup.kind === 'compare') {
    const texts = textsOf(setup.texts);
    return onDevice(async (own, job) => {
      const { cell, training } = job as CompareJob;
      const file = isCellFile(cell) ? await readCellFile(cell) : null;
      return measureCell(own, cellSource(cell, training.hidden, file), texts, training);
    });
  }
  const [space, { images, training, penalty, reference }] = [blockSpace(setup.nodes), setup];
  return onDevice(async (own, job) => {
    const network = networkOf(blockArchitecture(space, job as Choices), { ...training, classes: images.labels.length });
    const measures = await measureNetwork(own, network, images, training);
    return { reward: blockReward(measures, reference, penalty), measures };
  });
}

type Body = (device: Awaited<ReturnType<typeof openDevice>>, job: Job) => Promise<unknown>;

/** A device for each job, so that nothing of a candidate outlives it. */
const onDevice =
  (body: Body) =>
  async (job: Job): Promise<unknown> => {
    const own = await device();
    try {
      return await body(own, job);
    } finally {
      own.close();
    }
  };

if (parentPort) {
  const port = parentPort;
  const run = doing(workerData as WorkerSetup);
  port.on('message', async ({ id, job }: { id: number; job: Job }) => {
    const start = performance.now();
    let report: Report;
    try {
      report = { id, result: await run(job), seconds: (performance.now() - start) / 1000 };
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
      report = { id, error: message, stack };
    }
    port.postMessage(report);
  });
}
