import { Attention, type AttentionMemory, type AttentionScore, coverageLoss } from '../../nn/attention.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import type { Context } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { Recurrent, type StackState } from '../../nn/recurrent.ts';
import { at, concat, reshape, stack, tanh } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';

export const feedings = ['none', 'output', 'context'] as const;

/**
 * What attention feeds into the next step of the recurrence.
 *
 * - none: nothing; s_t is the query, after the recurrence (Luong 2015). All steps of a known sequence are one fused pass,
 *   which makes training fast.
 * - output: h̃_{t−1} is part of the next input (Luong's input feeding).
 * - context: s_{t−1} is the query, and the context is part of the input x_t (Bahdanau 2015).
 */
export type Feeding = (typeof feedings)[number];

export interface DecoderOptions {
  readonly cell: CellSource;
  /** H, hidden units of each layer, and the width of h̃. */
  readonly hidden: number;
  readonly layers: number;
  /** Dropout rate between layers and before the output. */
  readonly dropout: number;
  /** Null: no attention; the initial state is all the decoder knows of the source. */
  readonly attention: { readonly score: AttentionScore; readonly units: number; readonly coverage: boolean } | null;
  readonly feeding: Feeding;
  /** Number of output classes. */
  readonly choices: number;
}

/** A decoder's state between steps; the batch is the first axis everywhere. */
export type DecoderState = {
  readonly recurrent: StackState;
  /** h̃ or s of the previous step, if it is fed. */
  readonly fed: Tensor | null; // [B, H]
  readonly coverage: Tensor | null; // [B, S]
};

export interface DecoderStep {
  /** Input of the output layer, `[B, H]`. */
  readonly vector: Tensor;
  readonly weights: Tensor | null; // [B, S]
  /** Σ_s min(weight, coverage), `[B]`. */
  readonly repeated: Tensor | null;
  readonly state: DecoderState;
}

export interface DecoderRun {
  /** What the output layer reads, after dropout. */
  readonly vectors: Tensor; // [T, B, V]
  /** Σ_s min(weight, coverage) of every step, `[T, B]`; null without coverage. */
  readonly repeated: Tensor | null;
}

/**
 * A recurrent decoder over embeddings of the tokens so far, with or without attention to a memory:
 *
 *     s_t = cells([y_{t−1}; fed], s_{t−1});   c_t = attention(s_t or s_{t−1});   h̃_t = tanh(W_c [c_t; s_t] + b_c)
 *     logits_t = W h̃_t + b
 *
 * Without attention logits_t = W s_t + b. Parameters: the cells' own, `attention.…`, `combine.weight` [H, D + H],
 * `combine.bias` [H], `output.weight` [choices, H], `output.bias`.
 */
export class Decoder {
  readonly #options: DecoderOptions;
  readonly #recurrent: Recurrent;
  readonly #attention: Attention | null;
  readonly #dropout: Dropout;
  readonly #output: Linear;
  #combine: Linear | null = null;

  constructor(options: DecoderOptions) {
    this.#options = options;
    const { cell, hidden, layers, dropout } = options;
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout });
    this.#attention = options.attention && new Attention(options.attention);
    this.#dropout = new Dropout({ rate: options.dropout });
    this.#output = new Linear({ units: options.choices });
  }

  /** Declares the parameters for embeddings of dimension E = `embedding` and a memory of depth D = `memory`. */
  build(embedding: number, memory: number, declarations: Declarations): void {
    const { feeding, hidden } = this.#options;
    const fed = { none: 0, output: hidden, context: memory }[feeding];
    this.#recurrent.build([-1, -1, embedding + fed], declarations);
    const { width } = this.#recurrent;
    if (this.#attention) {
      this.#attention.build({ queries: [-1, -1, width], memory: [-1, -1, memory] }, declarations.within('attention'));
      this.#combine = new Linear({ units: hidden });
      this.#combine.build([-1, memory + width], declarations.within('combine'));
    }
    this.#output.build([-1, this.#attention ? hidden : width], declarations.within('output'));
  }

  /** The initial state of the cells, in the shapes a bridge must produce. */
  initialState(batch: number, device: Device): StackState {
    return this.#recurrent.initialState(batch, device);
  }

  /** Keys and values of a memory; null without attention. @param encoded  `[S, B, D]` */
  prepare(encoded: Tensor, lengths: readonly number[]): AttentionMemory | null {
    return this.#attention?.prepare(encoded, lengths) ?? null;
  }

  /** The decoder's state before the first step. */
  begin(recurrent: StackState): DecoderState {
    const { feeding, hidden } = this.#options;
    const { width } = this.#recurrent;
    const top = recurrent.at(-1)!;
    const [{ shape, device }] = Object.values(top);
    const zeros = (size: number): Tensor => device.zeros([shape[0], size]);
    // The first query is the initial state, if the cell outputs its state.
    const first = top.h?.shape[1] === width ? top.h : null;
    const fed = { none: () => null, output: () => zeros(hidden), context: () => first ?? zeros(width) }[feeding]();
    return { recurrent, fed, coverage: null };
  }

  /** One step: embeddings `[B, E]` of the last tokens. */
  step(ys: Tensor, memory: AttentionMemory | null, state: DecoderState, context: Context): DecoderStep {
    const { feeding } = this.#options;
    const attend = (query: Tensor) => this.#attention!.step(query, memory!, state.coverage);
    const early = feeding === 'context' ? attend(state.fed!) : null;
    const fed = early?.context ?? state.fed;
    const xs = fed ? concat([ys, fed], -1) : ys;
    const run = this.#recurrent.run(reshape(xs, [1, ...xs.shape]), context, { state: state.recurrent });
    const s = at(run.outputs, 0); // [B, H]
    if (!this.#attention) {
      const next = { recurrent: run.state, fed: null, coverage: null };
      return { vector: s, weights: null, repeated: null, state: next };
    }
    const attended = early ?? attend(s);
    const vector = this.#combined(attended.context, s);
    const { weights, coverage } = attended;
    return {
      vector,
      weights,
      // Before the first step the coverage is 0.
      repeated: coverage && (state.coverage ? coverageLoss(weights, state.coverage) : s.device.zeros([s.shape[0]])),
      state: { recurrent: run.state, fed: { none: null, output: vector, context: s }[feeding], coverage },
    };
  }

  /** Logits `[…, choices]` of the vectors of one step, or of many. */
  logits(vectors: Tensor): Tensor {
    return this.#output.apply(vectors);
  }

  /**
   * All steps of known sequences: embeddings `[T, B, E]` → vectors `[T, B, V]`. One fused pass if no step depends on
   * the attention of the previous one.
   */
  run(ys: Tensor, memory: AttentionMemory | null, state: DecoderState, context: Context): DecoderRun {
    const { feeding, attention } = this.#options;
    if (feeding !== 'none' || attention?.coverage) {
      return this.walk(ys.shape[0], (t) => at(ys, t), memory, state, context);
    }
    const { outputs } = this.#recurrent.run(ys, context, { state: state.recurrent });
    const vectors = this.#attention
      ? this.#combined(this.#attention.attend(outputs, memory!).context, outputs)
      : outputs;
    return { vectors: this.#dropout.apply(vectors, context), repeated: null };
  }

  /** The same step by step. @param ysAt  embeddings `[B, E]` for step t, which may depend on the previous step's vector */
  walk(
    T: number,
    ysAt: (t: number, before: Tensor | null) => Tensor,
    memory: AttentionMemory | null,
    state: DecoderState,
    context: Context,
  ): DecoderRun {
    const steps: DecoderStep[] = [];
    for (let t = 0; t < T; t++) {
      const before = steps.at(-1);
      steps.push(this.step(ysAt(t, before?.vector ?? null), memory, before?.state ?? state, context));
    }
    return {
      vectors: this.#dropout.apply(stack(steps.map(({ vector }) => vector)), context),
      repeated: steps[0].repeated && stack(steps.map(({ repeated }) => repeated!)),
    };
  }

  #combined(contexts: Tensor, outputs: Tensor): Tensor {
    return tanh(this.#combine!.apply(concat([contexts, outputs], -1)));
  }
}
