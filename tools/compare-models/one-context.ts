// Measures the time and the memory of a token after a context, in a process of its own: see speed.ts, which starts it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Device, openDevice, Random, type Tensor } from 'unrolled';
import { inference, type StackState } from 'unrolled/nn';
import { LanguageModel, type LanguageModelConfig, type LanguageModelDescription } from 'unrolled/tasks/language-model';
import { decodeCheckpoint } from 'unrolled/train';
import { joinTexts, readTextFiles } from '../../packages/cli/src/input/text-files.ts';
import { configOf } from './folder.ts';
import type { ContextJob, ContextMeasure } from './speed.ts';

/** Steps that are read at once, and the most of a whole cache that are read and not made up. */
const [partSteps, mostRead] = [256, 10_000];
/** Seconds after which warming up and timing end, once they have had so few tokens. */
const [warmUp, timing] = [
  { tokens: 500, seconds: 3, fewest: 2 },
  { seconds: 30, fewest: 10 },
];
/** Longer than any text. */
const unlimited = 2 ** 31;

/** A text that is read and written, with the model's state. */
class Stream {
  readonly #model: LanguageModel;
  state: StackState;

  constructor(model: LanguageModel) {
    this.#model = model;
    this.state = model.device.keep(model.initialState(1));
  }

  get #device(): Device {
    return this.#model.device;
  }

  read(ids: Int32Array): void {
    for (let start = 0; start < ids.length; start += partSteps) {
      const part = ids.subarray(start, start + partSteps);
      const read = (state: StackState | null): StackState =>
        this.#model.read(this.#device.ids(part, [part.length, 1]), { state });
      this.state = this.#device.keep(this.#device.withoutGradients(() => this.#device.carry(this.state, read)));
    }
  }

  /** Reads a token. @returns the likeliest one that follows */
  async next(id: number): Promise<number> {
    const device = this.#device;
    const [state, logits] = await device.carryAndRead<StackState, Tensor>(this.state, (before) =>
      device.withoutGradients(() => {
        const next = this.#model.apply(device.ids([id], [1, 1]), inference, { state: before });
        return [next.state, next.logits];
      }),
    );
    this.state = state;
    let best = 0;
    for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
    return best;
  }

  /** Puts random keys and values, a block of them over and over, in the place of those of the steps that were read. */
  pretend(S: number): void {
    const device = this.#device;
    const random = new Random(1);
    const block = Float32Array.from({ length: 2 ** 16 }, () => random.uniform() - 0.5);
    const { counted, next, ...inputs } = this.state.at(-1)!;
    if (Object.keys(inputs).length > 0) throw new Error('speed: positions added to the input cannot be made up');
    const made = ({ shape: [B, , width] }: Tensor): Tensor => {
      const values = new Float32Array(B * S * width);
      for (let at = 0; at < values.length; at += block.length) {
        values.set(block.subarray(0, values.length - at), at);
      }
      return device.keep(device.tensor(values, [B, S, width]));
    };
    const blocks = this.state.slice(0, -1).map(({ k, v }) => ({ k: made(k), v: made(v) }));
    const steps = { counted: device.ids(new Int32Array(S).fill(1), [1, S]), next: device.ids([S], [1]) };
    device.release(this.state);
    this.state = device.keep([...blocks, steps]);
  }

  get bytes(): number {
    const tensors = this.state.flatMap((entry) => Object.values(entry));
    return tensors.reduce((sum, { size }) => sum + 4 * size, 0);
  }
}

/** The same model, if its Transformer forgot nothing. */
function withWholeCache(description: LanguageModelDescription): LanguageModelDescription {
  const { sequence, ...rest } = description.config;
  if (sequence === undefined) throw new Error('speed: recurrent layers have no cache');
  const config = { ...rest, sequence: { ...sequence, context: unlimited } };
  return { ...description, config: config as LanguageModelConfig };
}

async function measure({ run, context, whole, tokens, threads }: ContextJob): Promise<ContextMeasure> {
  const device = await openDevice('wasm', { threads });
  const { model: stored, parameters } = decodeCheckpoint(readFileSync(join(run, 'checkpoints', 'best.safetensors')));
  const description = stored as unknown as LanguageModelDescription;
  const model = LanguageModel.from(device, whole ? withWholeCache(description) : description, {}, parameters);
  const ids = model.tokenizer.encode(joinTexts(readTextFiles(configOf(run).files.map(({ path }) => path))));
  const began = performance.now();
  const stream = new Stream(model);
  const madeUp = whole && context > mostRead;
  stream.read(Int32Array.from({ length: madeUp ? 2 : context }, (_, i) => ids[i % ids.length]));
  if (madeUp) stream.pretend(context);
  const filled = performance.now();
  const stateBytes = stream.bytes;
  let last = ids[0];
  const write = async (end: { tokens: number; seconds: number; fewest: number }): Promise<number[]> => {
    const milliseconds: number[] = [];
    const start = performance.now();
    while (milliseconds.length < end.tokens) {
      const before = performance.now();
      last = await stream.next(last);
      const after = performance.now();
      milliseconds.push(after - before);
      if (after - start > 1000 * end.seconds && milliseconds.length >= end.fewest) break;
    }
    return milliseconds;
  };
  await write(warmUp);
  const milliseconds = await write({ tokens, ...timing });
  globalThis.gc?.();
  const { rss } = process.memoryUsage();
  const peakBytes = 1024 * process.resourceUsage().maxRSS;
  device.close();
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.round(share * (sorted.length - 1))];
  return {
    ...{ tokens: sorted.length, median: quantile(0.5), lower: quantile(0.25), upper: quantile(0.75) },
    ...{ least: sorted[0], most: sorted[sorted.length - 1], stateBytes, residentBytes: rss, peakBytes },
    ...{ filling: context === 0 ? 'none' : madeUp ? 'random' : 'read', fillingSeconds: (filled - began) / 1000 },
  };
}

process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
