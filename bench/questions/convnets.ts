import { builtLibrary } from '../built.ts';
import { type Chromium, launchChromium } from '../chromium.ts';
import { type ConvnetCase, convnetCases, startOfConvnet, timeConvnet } from '../convnets.ts';
import { threadCounts, threadsName } from '../machine.ts';
import { servePage } from '../page.ts';
import type { Peer, Peers } from '../peers/peer.ts';
import { besideBest, type Question, type Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise, type Timing } from '../timing.ts';

interface Printed {
  readonly milliseconds: readonly number[];
  readonly outputs: readonly number[];
  readonly losses?: readonly number[];
}

/** What every engine is given, and what it must come to. */
interface Given {
  readonly one: ConvnetCase;
  readonly values: readonly number[];
  readonly outputs: readonly number[];
  readonly losses: readonly number[];
  readonly runs: number;
}

type Engines = Record<string, Engine>;

/** @throws Error if the engine computes something else: other outputs, or other losses after a step */
function medianOf(engine: string, { milliseconds, outputs, losses }: Printed, given: Given): number {
  const compare = (what: string, theirs: readonly number[], expected: readonly number[], tolerance: number): void => {
    if (expected.every((value, i) => Math.abs(theirs[i] - value) < tolerance * (1 + Math.abs(value)))) return;
    throw new Error(`convnets: ${what} of ${engine} are ${theirs.join(', ')}; ours ${expected.join(', ')}`);
  };
  compare('outputs', outputs, given.outputs, 1e-3);
  // The gradients of many batch norms magnify rounding: PyTorch's own differ by 2% between its layouts.
  if (losses) compare('losses', losses, given.losses, 0.05);
  return summarise(milliseconds).median;
}

function ours({ one, runs }: Given, training: boolean): Engines {
  return Object.fromEntries(
    threadCounts().map((threads) => {
      const time = async () => (await timeConvnet(one, { threads, training, runs })).median;
      return [`unrolled, ${threadsName(threads)}`, time];
    }),
  );
}

/** Training in PyTorch, with both layouts of images. */
function pytorch(peer: Peer | null, given: Given): Engines {
  if (!peer) return {};
  const engines: Engines = {};
  for (const threads of threadCounts()) {
    for (const layout of ['channels_last', 'contiguous']) {
      const engine = `PyTorch, ${layout}, ${threadsName(threads)}`;
      engines[engine] = () => medianOf(engine, run(peer, 'pytorch_convnet.py', given, { threads, layout }), given);
    }
  }
  return engines;
}

function inNode({ ort, tfjsWasm }: Peers, given: Given): Engines {
  const engines: Engines = {};
  for (const threads of ort ? threadCounts() : []) {
    const engine = `onnxruntime-web, ${threadsName(threads)}`;
    engines[engine] = () => medianOf(engine, run(ort!, 'ort_convnet.mjs', given, { threads }), given);
  }
  if (tfjsWasm) {
    const engine = 'TensorFlow.js, wasm, 1 thread';
    engines[engine] = () => medianOf(engine, run(tfjsWasm, 'tfjs_convnet.mjs', given, {}), given);
  }
  return engines;
}

function run(peer: Peer, script: string, { one, values, runs }: Given, options: object): Printed {
  return peer.run<Printed>(script, { ...one, values, runs, ...options });
}

/** The same engines in pages of their own. */
function inChromium(chromium: Chromium, url: string, peers: Peers, given: Given): Engines {
  const { one, runs } = given;
  const network = JSON.stringify(one);
  const own = `await import(${JSON.stringify('/bench/convnets.ts')})`;
  /** Evaluates the body of an async function in a page. */
  const evaluate = async <Result>(body: string): Promise<Result> => {
    const page = await chromium.newPage();
    await page.goto(url);
    const result = await page.evaluate(`(async () => { ${body} })()`);
    await page.close();
    return result as Result;
  };
  const engines: Engines = {};
  for (const threads of threadCounts()) {
    const options = JSON.stringify({ threads, training: false, warmup: one.warmup, runs });
    engines[`unrolled, ${threadsName(threads)}`] = async () =>
      (await evaluate<Timing>(`return (${own}).timeConvnet(${network}, ${options})`)).median;
    const add = (name: string, peer: Peer | null, module: string): void => {
      const engine = `${name}, ${threadsName(threads)}`;
      // The page initialises the parameters itself: millions of numbers are too many to hand over as text.
      const time = () =>
        evaluate<Printed>(`
          const given = { ...${network}, values: await (${own}).valuesOf(${network}) };
          return (await import(${JSON.stringify(module)})).time(given, ${options});`);
      if (peer) engines[engine] = async () => medianOf(engine, await time(), given);
    };
    add('onnxruntime-web', peers.ort, '/peers/ort-page.mjs');
    add('TensorFlow.js, wasm', peers.tfjsWasm, '/peers/tfjs-page.mjs');
  }
  return engines;
}

async function rowsOf(engines: Engines, rounds: number, columns: Row): Promise<Row[]> {
  const timings = Object.entries(await interleave(engines, rounds));
  const theirs = timings.filter(([engine]) => !engine.startsWith('unrolled')).map(([, { median }]) => median);
  return timings.map(([engine, { median, min, max }]) => ({
    ...columns,
    engine,
    ms: rounded(median),
    'min–max': `${rounded(min)}–${rounded(max)}`,
    ...besideBest(theirs, median),
  }));
}

export const convnets: Question = {
  name: 'convnets',
  asks: 'ms of training steps and of inference of convolutional networks, in Node and in headless Chromium',
  async answer({ runs, rounds, peers }) {
    const chromium = await launchChromium();
    const server = typeof chromium === 'string' ? null : await servePage(builtLibrary());
    const rows: Row[] = [];
    try {
      for (const [name, one] of Object.entries(convnetCases)) {
        const given = { one, ...(await startOfConvnet(one)), runs };
        const add = async (what: string, engines: Engines): Promise<void> => {
          rows.push(...(await rowsOf(engines, rounds, { network: name, what })));
        };
        if (!one.inferenceOnly) await add('training', { ...ours(given, true), ...pytorch(peers.pytorch, given) });
        await add('inference', { ...ours(given, false), ...inNode(peers, given) });
        if (typeof chromium === 'string' || !server) continue;
        await add('inference, Chromium', inChromium(chromium, server.url, peers, given));
      }
    } finally {
      if (typeof chromium !== 'string') await chromium.close();
      server?.close();
    }
    return {
      rows,
      notes: [
        ...(typeof chromium === 'string' ? [chromium] : []),
        'All engines have the same weights and must come to the same outputs, and losses after a step. Training: forward, backward, momentum. In ' +
          'inference the batch norms are folded into the convolutions, by hand for TensorFlow.js and onnxruntime-web.',
        "TensorFlow.js's WebAssembly backend cannot train a convolution, and has no threads in Node.",
      ],
    };
  },
};
