import type { TypedArray } from '../../backend/backend.ts';
import { gatherRows } from '../../decode/tensor-step.ts';
import { inference } from '../../nn/layer.ts';
import type { LayerUnit } from '../../nn/recurrent.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { breather } from '../../train/breathe.ts';
import type { LanguageModel } from './model.ts';

interface PromptOptions {
  readonly hold?: readonly LayerUnit[] | undefined;
  readonly signal?: StopSignal | undefined;
}

/** The most steps, and the most tokens, of prompts that are read in one pass: bounds the memory. */
const [promptSteps, promptTokens] = [256, 4096];

/** Reads prompts and single tokens, carrying the state from one to the next. */
export class PromptReader {
  readonly #model: LanguageModel;
  readonly #hold: readonly LayerUnit[] | undefined;
  readonly #breathe: () => Promise<void> | undefined;
  #state: StackState | null = null;

  constructor(model: LanguageModel, { hold, signal }: PromptOptions) {
    this.#model = model;
    this.#hold = hold;
    this.#breathe = breather(signal);
  }

  /** Reads prompts of any lengths, in parts that bound the memory. */
  async read(prompts: readonly Int32Array[]): Promise<void> {
    const { device } = this.#model;
    const B = prompts.length;
    const longest = Math.max(0, ...prompts.map((prompt) => prompt.length));
    const steps = Math.min(promptSteps, Math.ceil(promptTokens / B));
    for (let start = 0; start < longest; start += steps) {
      await this.#breathe();
      const T = Math.min(steps, longest - start);
      const parts = prompts.map((prompt) => prompt.subarray(start, start + T));
      const ids = new Int32Array(T * B);
      for (const [b, part] of parts.entries())
        part.forEach((id, t) => {
          ids[t * B + b] = id;
        });
      const lengths = parts.some((part) => part.length < T) ? parts.map((part) => part.length) : null;
      const read = (state: StackState | null): StackState =>
        this.#model.read(device.ids(ids, [T, B]), { state, lengths, hold: this.#hold });
      this.#state = device.keep(device.withoutGradients(() => device.carry(this.#state, read)));
    }
  }

  /**
   * Reads one more token of each row. @returns logits `[B, V]` of what follows
   * @param rows  the row of the step before that each continues
   */
  async next(tokens: readonly number[], rows: Int32Array): Promise<TypedArray> {
    await this.#breathe();
    const { device } = this.#model;
    const [state, logits] = await device.carryAndRead<StackState, Tensor>(this.#state, (before) =>
      device.withoutGradients(() => {
        const options = { state: gatherRows(before, rows), hold: this.#hold };
        const next = this.#model.apply(device.ids(tokens, [1, tokens.length]), inference, options);
        return [next.state, next.logits];
      }),
    );
    this.#state = state;
    return logits;
  }

  release(): void {
    this.#model.device.release(this.#state);
    this.#state = null;
  }
}

/**
 * The prompt's tokens, with what stands before every text; of an empty prompt, the token to start from: one that ends a text, a
 * line break, or the last of the vocabulary.
 */
export function promptIds({ tokenizer }: LanguageModel, prompt: string): Int32Array {
  const ids = withBegin(tokenizer, tokenizer.encode(prompt));
  return ids.length > 0 ? ids : Int32Array.of(tokenizer.ends[0] ?? tokenizer.idOf('\n') ?? tokenizer.size - 1);
}

/** Ids after the one that stands before every text, where there is one. */
export function withBegin({ begin }: Tokenizer, ids: Int32Array): Int32Array {
  if (begin === null || ids[0] === begin) return ids;
  const all = new Int32Array(ids.length + 1).fill(begin, 0, 1);
  all.set(ids, 1);
  return all;
}
