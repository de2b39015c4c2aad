import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Device, openDevice } from 'unrolled';
import { fromHalf, toHalf } from 'unrolled/io';
import { inference, type StackState } from 'unrolled/nn';
import { LanguageModel, languageModelTask, tokenizerFor } from 'unrolled/tasks/language-model';
import { assertAlike, valueAt } from '../likeness.ts';
import { arithmetic, threadCounts, threadsName } from '../machine.ts';
import { type Answer, besideBest, type Question, type Row, type Settings } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';
import { findBlas, timeTraining } from '../training-step.ts';

/** nanoGPT's small model of characters, and a model of GPT-2 small's shape. */
const nano = { layers: 6, heads: 6, width: 384, vocabulary: 65, context: 256, batch: 8, steps: 256 };
const gpt2 = { layers: 12, heads: 12, width: 768, vocabulary: 50_257, context: 1024 };
const [promptLength, warmup] = [120, 8];

interface Run {
  readonly milliseconds: readonly number[];
  readonly logits: readonly number[];
}

const weightsOf = ({ layers, width, vocabulary }: typeof nano | typeof gpt2): number =>
  layers * 12 * width * width + width * vocabulary;

const promptIds = Array.from({ length: promptLength }, (_, i) => (i * 7919) % gpt2.vocabulary);

/** @param half  with weights rounded to float16 */
async function gptOn(device: Device, half = false): Promise<{ model: LanguageModel; shapes: [string, number[]][] }> {
  // Characters beyond the surrogates.
  const letters = Array.from({ length: gpt2.vocabulary }, (_, i) => String.fromCodePoint(0x10000 + i)).join('');
  const { layers, heads, width, context } = gpt2;
  const sequence = { layer: 'transformer', layers, heads, context, positions: 'learnt', activation: 'geluTanh' };
  const config = { sequence, embedding: width, dropout: 0, tied: true };
  const model = new LanguageModel(device, tokenizerFor('char', letters), config);
  const saved = Object.entries(await model.parameters.save());
  for (const [parameter, [, { data }]] of saved.entries()) {
    for (let i = 0; i < data.length; i++) data[i] = valueAt(parameter, i, 0.05);
    if (half) data.set(fromHalf(toHalf(Float32Array.from(data))));
  }
  model.parameters.load(Object.fromEntries(saved));
  return { model, shapes: saved.map(([name, { shape }]) => [name, [...shape]]) };
}

/** The model as an ONNX file in a folder of its own, for as long as `use` takes. */
async function withOnnxFile<Result>(use: (path: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-bench-'));
  try {
    const device = await openDevice('wasm', { threads: 1 });
    const path = join(folder, 'gpt2.onnx');
    writeFileSync(path, await languageModelTask.toOnnx!((await gptOn(device)).model));
    device.close();
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One token after another, each the likeliest, after a prompt. @param half  with weights rounded to float16 */
async function generate(
  threads: number,
  runs: number,
  half = false,
): Promise<Run & { readonly shapes: [string, number[]][] }> {
  const device = await openDevice('wasm', { threads });
  const { model, shapes } = await gptOn(device, half);
  const milliseconds: number[] = [];
  let logits: ArrayLike<number> = [];
  let state: StackState | null = null;
  device.withoutGradients(() => {
    for (let i = -1; i < warmup + runs; i++) {
      const ids = i < 0 ? promptIds : [likeliest(logits)];
      const start = performance.now();
      state = device.carry<StackState>(state, (before) => {
        const next = model.apply(device.ids(ids, [ids.length, 1]), inference, { state: before });
        logits = next.logits.at(-1).data();
        return next.state;
      });
      if (i >= warmup) milliseconds.push(performance.now() - start);
    }
  });
  device.close();
  return { milliseconds, logits: Array.from(logits), shapes };
}

function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}

export const transformer: Question = {
  name: 'transformer',
  asks: 'ms of a training step of nanoGPT’s small model (6 layers, E 384, T 256, B 8), and tokens/s of GPT-2 small’s shape at context 128',
  answer: (settings) => (settings.peers.ort ? withOnnxFile((path) => answer(settings, path)) : answer(settings, null)),
};

/** @param onnx  the model of tokens as a file for onnxruntime-web, if that is to be measured */
async function answer({ runs, rounds, peak, peers: { pytorch, ort } }: Settings, onnx: string | null): Promise<Answer> {
  const rows: Row[] = [];
  const blas = await findBlas();
  const few = Math.max(2, Math.round(runs / 5));
  const { layers, heads, width, context } = nano;
  const sequence = { layer: 'transformer', layers, heads, context, positions: 'learnt' };
  const config = { sequence, embedding: width, dropout: 0 };
  const update = { optimizer: { method: 'adamw' }, learningRate: 1e-3, clipNorm: 1 } as const;
  const cases: {
    name: string;
    engines: Record<string, Engine>;
    threadsOf: Record<string, number>;
    tokens: number;
    flops: number;
  }[] = [
    {
      name: 'training step',
      engines: {},
      threadsOf: {},
      tokens: nano.batch * nano.steps,
      flops: 6 * weightsOf(nano) * nano.batch * nano.steps,
    },
    { name: 'a token', engines: {}, threadsOf: {}, tokens: 1, flops: 2 * weightsOf(gpt2) },
  ];
  const [training, writing] = cases;
  for (const threads of threadCounts()) {
    const on = threadsName(threads);
    const add = (one: (typeof cases)[number], engine: string, time: Engine): void => {
      one.engines[`${engine}, ${on}`] = time;
      one.threadsOf[`${engine}, ${on}`] = threads;
    };
    const time = async (which: string) =>
      (await timeTraining(config, nano, update, { threads, runs: few, warmup: 2, blas: which })).median;
    add(training, 'unrolled', () => time('off'));
    if (blas) add(training, 'unrolled with BLAS', () => time(blas));
    add(writing, 'unrolled', async () => summarise((await generate(threads, 2 * runs)).milliseconds).median);
    const half = async () => summarise((await generate(threads, 2 * runs, true)).milliseconds).median;
    add(writing, 'unrolled, float16 weights', half);
    const first = pytorch || ort ? await generate(threads, 1) : null;
    if (ort) {
      const { layers, width } = gpt2;
      const theirs = (count: number): Run =>
        ort.run('ort_transformer.mjs', {
          ...{ model: onnx, layers, width, prompt: promptIds, threads, warmup, runs: count },
        });
      assertAlike('transformer', first!.logits, theirs(1).logits, 1e-3);
      add(writing, 'onnxruntime-web', () => summarise(theirs(2 * runs).milliseconds).median);
    }
    if (!pytorch) continue;
    const script = 'pytorch_transformer.py';
    add(training, 'PyTorch', () => {
      const { milliseconds, losses } = pytorch.run<{ milliseconds: number[]; losses: number[] }>(script, {
        ...{ ...nano, threads, warmup: 2, runs: few },
      });
      if (!(losses.at(-1)! < losses[0])) throw new Error(`transformer: PyTorch's losses were ${losses.join(', ')}`);
      return summarise(milliseconds).median;
    });
    const theirs = (count: number): Run =>
      pytorch.run(script, { ...gpt2, parameters: first!.shapes, prompt: promptIds, threads, warmup, runs: count });
    assertAlike('transformer', first!.logits, theirs(1).logits, 1e-3);
    add(writing, 'PyTorch', () => summarise(theirs(2 * runs).milliseconds).median);
  }
  for (const { name, engines, threadsOf, tokens, flops } of cases) {
    const timings = Object.entries(await interleave(engines, rounds));
    const theirs = timings.filter(([engine]) => !engine.startsWith('unrolled')).map(([, { median }]) => median);
    for (const [engine, { median, min, max }] of timings) {
      rows.push({
        what: name,
        engine,
        ms: rounded(median),
        'min–max': `${rounded(min)}–${rounded(max)}`,
        'tokens/s': rounded((tokens * 1000) / median),
        ...arithmetic(flops, median, threadsOf[engine], peak),
        ...besideBest(theirs, median),
      });
    }
  }
  return {
    rows,
    notes: [
      'Training: forward, backward, clip by norm, AdamW, without dropout. GFLOP/s counts products with weights, not attention.',
      `A token: 124 million random weights, the same in all engines, whose logits agree after ${promptLength + warmup} tokens.`,
    ],
  };
}
