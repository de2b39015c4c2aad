import { anything, count, flag, oneOf, rate, required } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { at, broadcastTo, concat, mul, reshape, sigmoid, stack, tanh } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  Attention,
  type AttentionMemory,
  type AttentionOptions,
  type AttentionStep,
  coverageLoss,
  type Drawn,
  type PrepareOptions,
} from '../attention.ts';
import { Buildable } from '../buildable.ts';
import type { CellSource } from '../cells/registry.ts';
import { Dropout } from '../dropout.ts';
import { type Context, inference, type Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import { Linear } from '../linear.ts';
import type { Declarations } from '../parameters.ts';
import { Recurrent } from '../recurrent.ts';
import type { StackState } from '../sequence-layer.ts';
import type { Encoded } from './encoded.ts';

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
  /** Null: no attention; the initial state is all the decoder knows of the source. Default null. */
  readonly attention?: AttentionOptions | null | undefined;
  /** Default 'none'. */
  readonly feeding?: Feeding | undefined;
  /** Whether the context is scaled by a gate β_t = σ(W_β s_{t−1} + b) (Xu 2015). Needs feeding 'context'. Default false. */
  readonly gate?: boolean | undefined;
  /** Number of output classes. */
  readonly choices: number;
}

/** Embeddings `[T, B, E]` of the tokens so far, and what they continue: its state in the decoder's own shapes. */
export interface DecoderInputs extends Encoded {
  readonly ys: Tensor;
}

export interface DecoderShapes {
  readonly ys: Shape;
  readonly memory: Shape;
  /** Of what is part of every input. Default: nothing. */
  readonly constant?: Shape | null | undefined;
}

interface DecoderParts {
  readonly width: number;
  readonly combine: Linear | null;
  readonly gate: Linear | null;
}

/** A decoder's state between steps; the batch is the first axis everywhere. */
export type DecoderState = {
  readonly recurrent: StackState;
  /** h̃ or s of the previous step, if it is fed. */
  readonly fed: Tensor | null; // [B, H]
  readonly coverage: Tensor | null; // [B, S]
  /** What is part of every input. */
  readonly constant: Tensor | null; // [B, K]
};

export interface DecoderStep {
  /** Input of the output layer, `[B, H]`. */
  readonly vector: Tensor;
  readonly weights: Tensor | null; // [B, S]
  /** Σ_s min(weight, coverage), `[B]`. */
  readonly repeated: Tensor | null;
  /** Where attention was drawn: log p of the position and the entropy of the weights, `[B]`; null elsewhere. */
  readonly drawn: Drawn | null;
  readonly state: DecoderState;
}

export interface DecoderRun {
  /** What the output layer reads, after dropout. */
  readonly vectors: Tensor; // [T, B, V]
  /** Σ_s min(weight, coverage) of every step, `[T, B]`; null without coverage. */
  readonly repeated: Tensor | null;
  /** Of every step, `[T, B, S]`; null where all steps were one pass, and without attention. */
  readonly weights: Tensor | null;
  /** Of every step, `[T, B]` each; null unless attention is hard and training. */
  readonly drawn: Drawn | null;
}

/** What writes a sequence step by step about a memory: `Decoder`, of recurrent layers, and `TransformerDecoder`. */
export interface SequenceDecoder extends Layer<DecoderInputs, Tensor, DecoderShapes> {
  /** The initial state, in the shapes a bridge must produce. */
  initialState(batch: number, device: Device): StackState;
  /** A memory `[S, B, D]` as it is looked at; null without attention. */
  prepare(encoded: Tensor, lengths?: readonly number[] | null, options?: PrepareOptions): AttentionMemory | null;
  /** The state before the first token. */
  begin(encoded: Omit<Encoded, 'memory'>, memory: AttentionMemory | null): DecoderState;
  /** One step: embeddings `[B, E]` of the last tokens. */
  step(ys: Tensor, memory: AttentionMemory | null, state: DecoderState, context: Context): DecoderStep;
  /** All steps of known sequences: embeddings `[T, B, E]` → vectors `[T, B, V]`. */
  run(ys: Tensor, memory: AttentionMemory | null, state: DecoderState, context: Context): DecoderRun;
  /** The same step by step. @param ysAt  embeddings `[B, E]` for step t, which may depend on the previous step's vector */
  walk(
    T: number,
    ysAt: (t: number, before: Tensor | null) => Tensor,
    memory: AttentionMemory | null,
    state: DecoderState,
    context: Context,
  ): DecoderRun;
  /** Logits `[…, choices]` of the vectors of one step, or of many. */
  logits(vectors: Tensor): Tensor;
}

/** `SequenceDecoder.walk` of any decoder. */
export function walkSteps(
  decoder: Pick<SequenceDecoder, 'step'>,
  dropout: Dropout,
  [T, ysAt, memory, state, context]: Parameters<SequenceDecoder['walk']>,
): DecoderRun {
  const steps: DecoderStep[] = [];
  for (let t = 0; t < T; t++) {
    const before = steps.at(-1);
    steps.push(decoder.step(ysAt(t, before?.vector ?? null), memory, before?.state ?? state, context));
  }
  const all = (of: (step: DecoderStep) => Tensor): Tensor => stack(steps.map(of));
  const { repeated, weights, drawn } = steps[0];
  return {
    vectors: dropout.apply(
      all(({ vector }) => vector),
      context,
    ),
    repeated: repeated && all((step) => step.repeated!),
    weights: weights && all((step) => step.weights!),
    drawn: drawn && {
      logProbability: all((step) => step.drawn!.logProbability),
      entropy: all((step) => step.drawn!.entropy),
    },
  };
}

/**
 * A recurrent decoder over embeddings of the tokens so far, with or without attention to a memory:
 *
 *     s_t = cells([y_{t−1}; fed], s_{t−1});   c_t = attention(s_t or s_{t−1});   h̃_t = tanh(W_c [c_t; s_t] + b_c)
 *     logits_t = W h̃_t + b
 *
 * Without attention logits_t = W s_t + b. Parameters: the cells' own, `attention.…`, `gate.weight` [1, H], `gate.bias` [1],
 * `combine.weight` [H, D + H], `combine.bias` [H], `output.weight` [choices, H], `output.bias`.
 */
export class Decoder extends Buildable<DecoderParts> implements SequenceDecoder {
  readonly config: { readonly layer: 'decoder' } & DecoderOptions;
  readonly #recurrent: Recurrent;
  readonly #attention: Attention | null;
  readonly #dropout: Dropout;
  readonly #output: Linear;

  /** @throws ConfigError on an unknown option, a value that cannot work, or feeding without attention */
  constructor(options: DecoderOptions) {
    super();
    this.config = layerConfig('decoder', options, {
      cell: required(anything),
      hidden: required(count),
      layers: required(count),
      dropout: required(rate),
      attention: anything,
      feeding: oneOf(feedings),
      gate: flag,
      choices: required(count),
    });
    const { cell, hidden, layers, dropout, attention, feeding = 'none', gate = false } = options;
    if (!attention && feeding !== 'none') {
      throw new ConfigError('decoder: feeding needs attention; choose an attention, or leave feeding out', { feeding });
    }
    if (gate && feeding !== 'context') {
      throw new ConfigError(
        "decoder: a gate scales the context that is fed; use feeding 'context', or leave gate out",
        {
          feeding,
        },
      );
    }
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout });
    this.#attention = attention ? new Attention(attention) : null;
    this.#dropout = new Dropout({ rate: dropout });
    this.#output = new Linear({ units: options.choices });
  }

  get #feeding(): Feeding {
    return this.config.feeding ?? 'none';
  }

  build({ ys, memory, constant }: DecoderShapes, declarations: Declarations): Shape {
    const { hidden } = this.config;
    const D = memory.at(-1)!;
    const fed = { none: 0, output: hidden, context: D }[this.#feeding];
    const features = ys.at(-1)! + fed + (constant?.at(-1) ?? 0);
    const outputs = this.#recurrent.build([...ys.slice(0, -1), features], declarations);
    const width = outputs.at(-1)!;
    let vectors: Shape = outputs;
    let combine: Linear | null = null;
    if (this.#attention) {
      this.#attention.build({ queries: outputs, memory }, declarations.within('attention'));
      combine = new Linear({ units: hidden });
      vectors = combine.build([...outputs.slice(0, -1), D + width], declarations.within('combine'));
    }
    const gate = this.config.gate ? new Linear({ units: 1 }) : null;
    gate?.build([-1, width], declarations.within('gate'));
    this.parts = { width, combine, gate };
    return this.#output.build(vectors, declarations.within('output'));
  }

  /** Logits `[T, B, choices]` of known sequences; see `run`. */
  apply({ ys, memory, lengths, ...encoded }: DecoderInputs, context: Context): Tensor {
    const attended = this.prepare(memory, lengths, { context });
    return this.logits(this.run(ys, attended, this.begin(encoded, attended), context).vectors);
  }

  /** The initial state of the cells, in the shapes a bridge must produce. */
  initialState(batch: number, device: Device): StackState {
    return this.#recurrent.initialState(batch, device);
  }

  /** Keys and values of a memory; null without attention. @param encoded  `[S, B, D]` */
  prepare(encoded: Tensor, lengths?: readonly number[] | null, options?: PrepareOptions): AttentionMemory | null {
    return this.#attention?.prepare(encoded, lengths, options) ?? null;
  }

  /** The decoder's state before the first token. */
  begin({ state, constant = null, first }: Omit<Encoded, 'memory'>, memory: AttentionMemory | null): DecoderState {
    const begun = { ...this.#begin(state), constant };
    return first ? this.step(first, memory, begun, inference).state : begun;
  }

  #begin(recurrent: StackState): Omit<DecoderState, 'constant'> {
    const { hidden } = this.config;
    const { width } = this.parts;
    const top = recurrent.at(-1)!;
    const [{ shape, device }] = Object.values(top);
    const zeros = (size: number): Tensor => device.zeros([shape[0], size]);
    // The first query is the initial state, if the cell outputs its state.
    const first = top.h?.shape[1] === width ? top.h : null;
    const fed = { none: () => null, output: () => zeros(hidden), context: () => first ?? zeros(width) }[
      this.#feeding
    ]();
    return { recurrent, fed, coverage: null };
  }

  /** One step: embeddings `[B, E]` of the last tokens. */
  step(ys: Tensor, memory: AttentionMemory | null, state: DecoderState, context: Context): DecoderStep {
    const feeding = this.#feeding;
    const { constant } = state;
    const attend = (query: Tensor) => this.#attention!.step(query, memory!, { coverage: state.coverage, context });
    const early = feeding === 'context' ? this.#gated(attend(state.fed!), state.fed!) : null;
    const fed = early?.context ?? state.fed;
    const xs = joined([ys, fed, constant]);
    const run = this.#recurrent.run(reshape(xs, [1, ...xs.shape]), context, { state: state.recurrent });
    const s = at(run.outputs, 0); // [B, H]
    if (!this.#attention) {
      const next = { recurrent: run.state, fed: null, coverage: null, constant };
      return { vector: s, weights: null, repeated: null, drawn: null, state: next };
    }
    const attended = early ?? attend(s);
    const vector = this.#combined(attended.context, s);
    const { weights, coverage, drawn } = attended;
    return {
      vector,
      weights,
      // Before the first step the coverage is 0.
      repeated: coverage && (state.coverage ? coverageLoss(weights, state.coverage) : s.device.zeros([s.shape[0]])),
      drawn,
      state: { recurrent: run.state, fed: { none: null, output: vector, context: s }[feeding], coverage, constant },
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
    const { coverage, hard } = this.#attention?.config ?? {};
    if (this.#feeding !== 'none' || coverage || hard) {
      return this.walk(ys.shape[0], (t) => at(ys, t), memory, state, context);
    }
    const { constant } = state;
    const [T, B] = ys.shape;
    const xs = joined([ys, constant && broadcastTo(constant, [T, B, constant.shape[1]])]);
    const { outputs } = this.#recurrent.run(xs, context, { state: state.recurrent });
    const vectors = this.#attention
      ? this.#combined(this.#attention.attend(outputs, memory!).context, outputs)
      : outputs;
    return { vectors: this.#dropout.apply(vectors, context), repeated: null, weights: null, drawn: null };
  }

  /** The same step by step. @param ysAt  embeddings `[B, E]` for step t, which may depend on the previous step's vector */
  walk(...given: Parameters<SequenceDecoder['walk']>): DecoderRun {
    return walkSteps(this, this.#dropout, given);
  }

  #gated(attended: AttentionStep, query: Tensor): AttentionStep {
    const { gate } = this.parts;
    return gate ? { ...attended, context: mul(attended.context, sigmoid(gate.apply(query))) } : attended;
  }

  #combined(contexts: Tensor, outputs: Tensor): Tensor {
    return tanh(this.parts.combine!.apply(concat([contexts, outputs], -1)));
  }
}

/** What there is of the parts of an input, along the last axis. */
const joined = (parts: readonly (Tensor | null)[]): Tensor =>
  concat(
    parts.filter((part) => part !== null),
    -1,
  );
