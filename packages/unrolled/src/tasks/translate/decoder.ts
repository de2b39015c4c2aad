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
 * What attention hands to the next step of the recurrence.
 *
 * - none: nothing; a step's output s_t asks what to attend to, after the recurrence (Luong 2015). All steps of a known
 *   sequence are one pass, which makes training fast.
 * - output: what was worked out of the context, h̃_{t−1}, is a part of the next input (Luong's input feeding).
 * - context: s_{t−1} asks, and the context is a part of the input x_t (Bahdanau 2015).
 */
export type Feeding = (typeof feedings)[number];

export interface DecoderOptions {
  readonly cell: CellSource;
  /** H, units of each layer, and the width of h̃. */
  readonly hidden: number;
  readonly layers: number;
  /** Rate of dropout between layers and before the output. */
  readonly dropout: number;
  /** Null: no attention; all that is known of the source is the state to begin with. */
  readonly attention: { readonly score: AttentionScore; readonly units: number; readonly coverage: boolean } | null;
  readonly feeding: Feeding;
  /** Different ids there are to choose from. */
  readonly choices: number;
}

/** What a decoder knows between steps; the batch comes first everywhere. */
export type DecoderState = {
  readonly recurrent: StackState;
  /** h̃ or s of the step before, where it is fed. */
  readonly fed: Tensor | null; // [B, H]
  readonly coverage: Tensor | null; // [B, S]
};

export interface DecoderStep {
  /** What logits are worked out of, `[B, H]`. */
  readonly vector: Tensor;
  readonly weights: Tensor | null; // [B, S]
  /** Σ_s min(weight, coverage), `[B]`. */
  readonly repeated: Tensor | null;
  readonly state: DecoderState;
}

export interface DecoderRun {
  readonly logits: Tensor; // [T, B, choices]
  /** Σ_s min(weight, coverage) of every step, `[T, B]`; null without coverage. */
  readonly repeated: Tensor | null;
}

/**
 * A recurrent decoder over vectors of the tokens written so far, with or without attention to a memory:
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

  /** Declares the parameters for vectors of E = `embedding` numbers and a memory of depth D = `memory`. */
  build(embedding: number, memory: number, declarations: Declarations): void {
    const { feeding, hidden } = this.#options;
    const fed = { none: 0, output: hidden, context: memory }[feeding];
    this.#recurrent.build([-1, -1, embedding + fed], declarations);
    const { width } = this.#recurrent;
    if (this.#attention) {
      this.#attention.build(width, memory, declarations.within('attention'));
      this.#combine = new Linear({ units: hidden });
      this.#combine.build([-1, memory + width], declarations.within('combine'));
    }
    this.#output.build([-1, this.#attention ? hidden : width], declarations.within('output'));
  }

  /** The state of the cells that a bridge has to make. */
  initialState(batch: number, device: Device): StackState {
    return this.#recurrent.initialState(batch, device);
  }

  /** A memory made ready; null without attention. @param encoded  `[S, B, D]` */
  prepare(encoded: Tensor, lengths: readonly number[]): AttentionMemory | null {
    return this.#attention?.prepare(encoded, lengths) ?? null;
  }

  /** What a decoder begins with. */
  begin(recurrent: StackState): DecoderState {
    const { feeding, hidden } = this.#options;
    const { width } = this.#recurrent;
    const top = recurrent.at(-1)!;
    const [{ shape, device }] = Object.values(top);
    const zeros = (size: number): Tensor => device.zeros([shape[0], size]);
    // The first to ask is the state itself, where it is what the cell gives out.
    const first = top.h?.shape[1] === width ? top.h : null;
    const fed = { none: () => null, output: () => zeros(hidden), context: () => first ?? zeros(width) }[feeding]();
    return { recurrent, fed, coverage: null };
  }

  /** One step: vectors `[B, E]` of the tokens written last. */
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
      // Before the first step nothing was attended to.
      repeated: coverage && (state.coverage ? coverageLoss(weights, state.coverage) : s.device.zeros([s.shape[0]])),
      state: { recurrent: run.state, fed: { none: null, output: vector, context: s }[feeding], coverage },
    };
  }

  /** The logits of a step's vector, or of those of many. */
  logits(vectors: Tensor, context: Context): Tensor {
    return this.#output.apply(this.#dropout.apply(vectors, context));
  }

  /**
   * All steps of known sequences: vectors `[T, B, E]` → logits `[T, B, choices]`. One pass where no step needs what
   * attention found at the one before.
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
    return { logits: this.logits(vectors, context), repeated: null };
  }

  /** The same step by step. @param ysAt  vectors `[B, E]` for step t, which may look at the vector of the step before */
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
      logits: this.logits(stack(steps.map(({ vector }) => vector)), context),
      repeated: steps[0].repeated && stack(steps.map(({ repeated }) => repeated!)),
    };
  }

  #combined(contexts: Tensor, outputs: Tensor): Tensor {
    return tanh(this.#combine!.apply(concat([contexts, outputs], -1)));
  }
}
