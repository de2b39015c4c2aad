import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice, Random } from 'unrolled';
import { padSequences } from 'unrolled/data';
import { Optimizer } from 'unrolled/optim';
import { type Feeding, sidesFor, type TranslationPair, Translator } from 'unrolled/tasks/translate';
import { threadCounts, threadsName } from '../machine.ts';
import type { Peer } from '../peers/peer.ts';
import { besideBest, type Question, type Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';
import { findBlas } from '../training-step.ts';

const sizes = { embedding: 128, hidden: 256, rate: 5e-4 };
const [batch, shortest, longest, letters] = [64, 16, 24, 26];
/** What attention hands to the next step: nothing, so that all steps are one pass; or the context, as Bahdanau's. */
const feedings: readonly Feeding[] = ['none', 'context'];

/** Random words and the same backwards, the longest first, as a batch has them. */
function pairsOf(): TranslationPair[] {
  const random = new Random(1);
  const pairs = Array.from({ length: batch }, () => {
    const length = shortest + random.below(longest - shortest + 1);
    const word = Array.from({ length }, () => String.fromCharCode(97 + random.below(letters)));
    return { source: word.join(''), target: word.toReversed().join('') };
  });
  return pairs.sort((a, b) => b.source.length - a.source.length);
}

interface Timed {
  readonly milliseconds: readonly number[];
  readonly losses: readonly number[];
}

async function open(feeding: Feeding, threads: number, blas: string) {
  const device = await openDevice('wasm', { threads, blas });
  const pairs = pairsOf();
  const { embedding, hidden } = sizes;
  const config = { cell: 'lstm', layers: 1, dropout: 0, embedding, hidden, feeding };
  const model = new Translator(device, sidesFor(pairs), config, 1);
  return { device, model, pairs: pairs.map((pair) => model.encode(pair)) };
}

async function ours(feeding: Feeding, threads: number, runs: number, warmup: number, blas: string): Promise<Timed> {
  const { device, model, pairs } = await open(feeding, threads, blas);
  const optimizer = new Optimizer(model.parameters, { method: 'adam' });
  const context = { training: true, random: new Random(1) } as const;
  const losses: number[] = [];
  const milliseconds = Array.from({ length: warmup + runs }, () => {
    const began = performance.now();
    const value = device.scope(() => {
      const loss = model.loss(pairs, context);
      model.parameters.backward(loss);
      return loss.item();
    });
    optimizer.update({ learningRate: sizes.rate, clipNorm: 1 });
    losses.push(value);
    return performance.now() - began;
  });
  device.close();
  return { milliseconds: milliseconds.slice(warmup), losses };
}

/** The same model with the same first weights in PyTorch. */
async function theirs(peer: Peer, feeding: Feeding, threads: number, runs: number, warmup: number): Promise<Timed> {
  const { device, model, pairs } = await open(feeding, 1, 'off');
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-bench-'));
  try {
    const weights = join(folder, 'weights');
    writeFileSync(weights, Float32Array.from(model.parameters.values.data()));
    const rowsOf = (values: ArrayLike<number>): number[][] =>
      Array.from({ length: values.length / batch }, (_, t) =>
        Array.from({ length: batch }, (_, b) => values[t * batch + b]),
      );
    const sources = padSequences(pairs.map(({ source }) => source));
    const targets = padSequences(
      pairs.map(({ target }) => target),
      { padding: -1 },
    );
    return peer.run<Timed>('pytorch_translate.py', {
      ...sizes,
      feeding,
      threads,
      runs,
      warmup,
      weights,
      parameters: Array.from(model.parameters.names, (name) => [name, model.parameters.get(name).shape]),
      sources: rowsOf(sources.values),
      targets: rowsOf(targets.values),
      lengths: sources.lengths,
      start: model.sides.target.start,
      sourceSize: model.sides.source.size,
      targetSize: model.sides.target.size,
    });
  } finally {
    device.close();
    rmSync(folder, { recursive: true });
  }
}

/** @throws Error where the losses are not those of the same model, learning */
function checked({ milliseconds, losses }: Timed, first: number): number {
  if (!(Math.abs(losses[0] - first) < 1e-3 && losses.at(-1)! < losses[0])) {
    throw new Error(`translate: losses were ${losses.join(', ')}; the first should be ${first}`);
  }
  return summarise(milliseconds).median;
}

export const translate: Question = {
  name: 'translate',
  asks: `ms of a training step of BiLSTM-256 and LSTM-256 with additive attention, E 128, B ${batch}, ${shortest}–${longest} characters`,
  async answer({ runs, rounds, peers: { pytorch } }) {
    const blas = await findBlas();
    const rows: Row[] = [];
    const warmup = 3;
    for (const feeding of feedings) {
      const [first] = (await ours(feeding, 1, 1, 1, 'off')).losses;
      const engines: Record<string, Engine> = {};
      for (const threads of threadCounts()) {
        const on = threadsName(threads);
        engines[`unrolled, ${on}`] = async () => checked(await ours(feeding, threads, runs, warmup, 'off'), first);
        if (blas) {
          const engine: Engine = async () => checked(await ours(feeding, threads, runs, warmup, blas), first);
          engines[`unrolled with BLAS, ${on}`] = engine;
        }
        if (pytorch) {
          engines[`PyTorch, ${on}`] = async () => checked(await theirs(pytorch, feeding, threads, runs, warmup), first);
        }
      }
      const timings = Object.entries(await interleave(engines, rounds));
      const others = timings.filter(([engine]) => !engine.startsWith('unrolled')).map(([, { median }]) => median);
      for (const [engine, { median, min, max }] of timings) {
        rows.push({
          'attention feeds': feeding === 'none' ? 'nothing' : 'the next step',
          engine,
          'ms per step': rounded(median),
          'min–max': `${rounded(min)}–${rounded(max)}`,
          'pairs/s': Math.round((batch * 1000) / median),
          ...besideBest(others, median),
        });
      }
    }
    return {
      rows,
      notes: ['PyTorch begins with our weights; its first loss was ours. It packs what has unequal lengths.'],
    };
  },
};
