import { crossEntropy, DataError, gradients, softmax, sum, type Tensor } from 'unrolled';
import { inference, type Probe, type StackState } from 'unrolled/nn';
import { describeCharacter, type LanguageModel, leaveOutUnknown } from 'unrolled/tasks/language-model';
import type { Part, UnrollInput, Unrolling } from '../protocol.ts';
import { tokensAsTyped } from './as-typed.ts';

/** The most steps that are unrolled: more than a page can show. */
export const mostSteps = 200;

/** A text that a model has read, with what is needed to say how each number came to be. */
export interface ReadText {
  readonly unrolling: Unrolling;
  /** The model's parameters when it read. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;
}

/** What is gathered of one layer: rows by part and step. */
interface Gathered {
  readonly gates: Map<string, ArrayLike<number>[]>;
  readonly states: Map<string, ArrayLike<number>[]>;
  readonly gradients: Map<string, ArrayLike<number>[]>;
}

/**
 * Reads a text step by step, in chunks of `truncation` steps as training does, and takes the gradient of the loss that was
 * chosen back to the beginning of its chunk. Changes nothing of what the model learns.
 * @throws DataError if there is no character in the text that the model knows
 */
export async function readText(model: LanguageModel, input: UnrollInput, step: number): Promise<ReadText> {
  const { device, tokenizer, parameters } = model;
  const { text, leftOut } = leaveOutUnknown(tokenizer, input.text);
  const ids = tokenizer.encode(text).subarray(0, mostSteps);
  const [T, V] = [ids.length, tokenizer.size];
  if (T === 0) throw new DataError('unroll: the model’s vocabulary has no character of this text; type another text');
  const k = input.truncation > 0 ? Math.min(input.truncation, T) : T;
  // The last step has nothing after it, so no loss.
  const lossAt = input.lossAt === null || T < 2 ? null : Math.min(Math.max(0, input.lossAt), T - 2);
  const layers: Gathered[] = [];
  const probabilities = new Float32Array(T * V);
  const losses = new Float32Array(T).fill(Number.NaN);
  const reads: Promise<void>[] = [];
  device.scope(() => {
    let state: StackState | null = null;
    for (let start = 0; start < T; start += k) {
      const steps = Math.min(k, T - start);
      const next = Int32Array.from({ length: steps }, (_, t) => ids[start + t + 1] ?? -1);
      const wanted = next.map((id, t) => (lossAt === null || start + t === lossAt ? id : -1));
      const probe = (layer: number): Probe => gather(layers, layer, start, reads);
      const run = model.apply(device.ids(ids.subarray(start, start + steps), [steps, 1]), inference, { state, probe });
      state = run.state.map((parts) =>
        Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.detach()])),
      );
      const each = crossEntropy(run.logits, device.ids(next, [steps, 1]));
      reads.push(
        softmax(run.logits)
          .read()
          .then((numbers) => probabilities.set(numbers, start * V)),
        each.read().then((numbers) =>
          next.forEach((id, t) => {
            if (id >= 0) losses[start + t] = numbers[t];
          }),
        ),
      );
      if (wanted.some((id) => id >= 0)) gradients(sum(crossEntropy(run.logits, device.ids(wanted, [steps, 1]))), []);
    }
  });
  // All is asked for before anything is waited for: a run may train meanwhile.
  const [saved] = await Promise.all([parameters.save(), ...reads]);
  const weights = new Map(Object.entries(saved));
  const embedding = weights.get('embedding.weight')!;
  const E = embedding.shape[1];
  const vectors = Float32Array.from({ length: T * E }, (_, i) => embedding.data[ids[Math.floor(i / E)] * E + (i % E)]);
  const { cell } = model.recurrent.config;
  const unrolling: Unrolling = {
    step,
    cell: typeof cell === 'string' ? cell : 'cell' in cell ? cell.cell : cell.name,
    tokens:
      tokenizer.kind === 'word'
        ? tokensAsTyped(tokenizer, text).slice(0, T)
        : Array.from(ids, (id) => tokenizer.vocabulary[id]),
    leftOut: Array.from(leftOut.keys(), describeCharacter),
    vocabulary: tokenizer.vocabulary,
    ids: Int32Array.from(ids),
    embedding: { name: 'x', range: 'open', size: E, values: vectors, gradients: null },
    layers: layers.map((gathered) => partsOf(gathered, T, lossAt)),
    probabilities,
    losses,
    truncation: k < T ? k : 0,
    lossAt,
  };
  return { unrolling, weights };
}

function gather(layers: Gathered[], layer: number, start: number, reads: Promise<void>[]): Probe {
  layers[layer] ??= { gates: new Map(), states: new Map(), gradients: new Map() };
  const put = (into: Map<string, ArrayLike<number>[]>, t: number, parts: Readonly<Record<string, Tensor>>): void => {
    for (const [name, tensor] of Object.entries(parts)) {
      if (!into.has(name)) into.set(name, []);
      const rows = into.get(name)!;
      const note = (numbers: ArrayLike<number>): void => {
        rows[start + t] = numbers;
      };
      reads.push(tensor.read().then(note));
    }
  };
  return {
    step(t, { state, gates }) {
      put(layers[layer].gates, t, gates);
      put(layers[layer].states, t, state);
    },
    gradient: (t, state) => put(layers[layer].gradients, t, state),
  };
}

/** Gates first, then the states, what a cell gives out last. */
function partsOf({ gates, states, gradients }: Gathered, T: number, lossAt: number | null): Part[] {
  const order = [...states].sort(([a], [b]) => Number(a === 'h') - Number(b === 'h'));
  const all = [...gates, ...order].filter(([, rows]) => rows.every((row) => row.length === rows[0].length));
  return all.map(([name, rows]) => {
    const size = rows[0].length;
    const values = flat(rows, T, size);
    const back = gradients.get(name);
    // What comes after the loss has no part in it.
    const seen = back?.map((row, t) => (lossAt !== null && t > lossAt ? undefined : row));
    return { name, range: rangeOf(values), size, values, gradients: seen ? flat(seen, T, size) : null };
  });
}

/** `[T, size]`; rows that are not there are NaN. */
function flat(rows: readonly (ArrayLike<number> | undefined)[], T: number, size: number): Float32Array {
  const values = new Float32Array(T * size).fill(Number.NaN);
  for (let t = 0; t < T; t++) {
    const row = rows[t];
    if (row) values.set(row, t * size);
  }
  return values;
}

function rangeOf(values: Float32Array): Part['range'] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low < -1 || high > 1) return 'open';
  return low < 0 ? 'signed' : 'unit';
}
