import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice, Random } from 'unrolled';
import { padSequences } from 'unrolled/data';
import type { AttentionScore } from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';
import { type Feeding, type Sides, sidesFrom, Translator } from 'unrolled/tasks/translate';
import { threadCounts, threadsName } from '../machine.ts';
import type { Peer } from '../peers/peer.ts';
import { besideBest, type Question, type Row } from '../question.ts';
import { type Engine, interleave, rounded, summarise } from '../timing.ts';
import { findBlas } from '../training-step.ts';

const sizes = { embedding: 128, hidden: 256, rate: 5e-4 };
const batch = 64;

interface Case {
  readonly tokens: 'characters' | 'words';
  readonly attention: AttentionScore;
  /** What attention passes to the next step: nothing, so that all steps are one pass; the context, as Bahdanau's; or h̃, as Luong's. */
  readonly feeding: Feeding;
  /** Different tokens of the source and of the target, without the end. */
  readonly vocabularies: readonly [number, number];
  /** The least and the most tokens in a text. */
  readonly lengths: readonly [number, number];
}

const characters = { tokens: 'characters', attention: 'additive', vocabularies: [26, 26], lengths: [16, 24] } as const;
const cases: readonly Case[] = [
  { ...characters, feeding: 'none' },
  { ...characters, feeding: 'context' },
  { tokens: 'words', attention: 'general', feeding: 'output', vocabularies: [8000, 6000], lengths: [10, 18] },
];

/** Random texts and the same backwards, the longest first, as a batch has them; and the vocabularies of both. */
function dataOf({ tokens, vocabularies, lengths: [shortest, longest] }: Case): {
  sides: Sides;
  pairs: ReturnType<Translator['encode']>[];
} {
  const random = new Random(1);
  const [source, target] = vocabularies.map((size) => ({ kind: 'word' as const, vocabulary: namesOf(tokens, size) }));
  const sides = sidesFrom({ source, target, longest: longest + 1 });
  const [few] = [...vocabularies].sort((a, b) => a - b);
  const pairs = Array.from({ length: batch }, () => {
    const length = shortest + random.below(longest - shortest + 1);
    const text = Array.from({ length }, () => random.below(few));
    return { source: [...text, sides.source.end], target: [...text.toReversed(), sides.target.end] };
  });
  return { sides, pairs: pairs.sort((a, b) => b.source.length - a.source.length) };
}

/** A vocabulary of this size. */
const namesOf = (tokens: Case['tokens'], size: number): string[] =>
  Array.from({ length: size }, (_, i) => (tokens === 'words' ? ` w${i}` : String.fromCharCode(97 + i)));

interface Timed {
  readonly milliseconds: readonly number[];
  readonly losses: readonly number[];
}

async function open(one: Case, threads: number, blas: string) {
  const device = await openDevice('wasm', { threads, blas });
  const { sides, pairs } = dataOf(one);
  const { embedding, hidden } = sizes;
  const { attention, feeding } = one;
  const config = { cell: 'lstm', layers: 1, dropout: 0, embedding, hidden, attention, feeding };
  return { device, model: new Translator(device, sides, config, 1), pairs };
}

async function ours(one: Case, threads: number, runs: number, warmup: number, blas: string): Promise<Timed> {
  const { device, model, pairs } = await open(one, threads, blas);
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
async function theirs(peer: Peer, one: Case, threads: number, runs: number, warmup: number): Promise<Timed> {
  const { device, model, pairs } = await open(one, 1, 'off');
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
      attention: one.attention,
      feeding: one.feeding,
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
  asks: `ms of a training step of BiLSTM-256 and LSTM-256 with attention, E 128, B ${batch}; characters, and 8,000 + 6,000 words`,
  async answer({ runs, rounds, peers: { pytorch } }) {
    const blas = await findBlas();
    const rows: Row[] = [];
    const warmup = 3;
    for (const one of cases) {
      const [first] = (await ours(one, 1, 1, 1, 'off')).losses;
      const engines: Record<string, Engine> = {};
      for (const threads of threadCounts()) {
        const on = threadsName(threads);
        engines[`unrolled, ${on}`] = async () => checked(await ours(one, threads, runs, warmup, 'off'), first);
        if (blas) {
          const engine: Engine = async () => checked(await ours(one, threads, runs, warmup, blas), first);
          engines[`unrolled with BLAS, ${on}`] = engine;
        }
        if (pytorch) {
          engines[`PyTorch, ${on}`] = async () => checked(await theirs(pytorch, one, threads, runs, warmup), first);
        }
      }
      const timings = Object.entries(await interleave(engines, rounds));
      const others = timings.filter(([engine]) => !engine.startsWith('unrolled')).map(([, { median }]) => median);
      for (const [engine, { median, min, max }] of timings) {
        rows.push({
          tokens: one.tokens,
          attention: one.attention,
          feeding: one.feeding,
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
      notes: [
        'PyTorch starts from the same weights, and its first loss must equal ours. It packs sequences of unequal length.',
      ],
    };
  },
};
