/**
 * The messages between the page and its workers: plain data in both directions. A room that needs something new from the
 * library adds a line to `Calls` and a function of that name to `worker/calls.ts`.
 */
import type { UnitSearch } from 'unrolled/inspect';
import type { OptimizerName, ScheduleName } from 'unrolled/optim';
import type { NgramLadder } from 'unrolled/tasks/language-model';
import type { SeeCalls } from './protocol-see.ts';

/** What makes a run, in the words of `npx unrolled train`. */
export interface RunSpec {
  /** Its name, which options may follow. */
  readonly cell: string;
  readonly hidden: number;
  readonly layers: number;
  readonly embedding: number;
  readonly dropout: number;
  readonly optimizer: OptimizerName;
  readonly lr: number;
  readonly schedule: ScheduleName;
  readonly clipNorm: number;
  readonly batch: number;
  readonly seq: number;
  readonly seed: number;
  /** When to end; 0: not before it is stopped. */
  readonly steps: number;
}

/** What is known of a model once it is loaded. */
export interface ModelAbout {
  /** Its task, such as `language-model` or `translate`. */
  readonly task: string;
  /** Null where the task's models have no choice of one, and of a Transformer. */
  readonly cell: string | null;
  /** Of a language model: its layer over sequences, such as `recurrent`. */
  readonly layer?: string;
  readonly hidden: number;
  readonly layers: number;
  readonly embedding: number;
  readonly parameters: number;
  /** Updates made so far. */
  readonly step: number;
  /** Of a language model: its tokens by id, as text. */
  readonly vocabulary: readonly string[];
  /** Of a forecaster, and of a classifier. */
  readonly series?: SeriesShape;
  readonly labels?: readonly string[];
  readonly threads: number;
}

/** What a forecaster reads and predicts. */
export interface SeriesShape {
  /** Columns it reads, and those it predicts. */
  readonly columns: readonly string[];
  readonly targets: readonly string[];
  /** Steps it reads, and steps it predicts. */
  readonly window: number;
  readonly horizon: number;
}

/** What may change during a run. */
export interface Tuning {
  readonly learningRate?: number;
  /** Of the samples. */
  readonly temperature?: number;
  /** The most steps a second; 0: as many as can be. */
  readonly pace?: number;
}

/** Calls by name: what the page gives, and what comes back. */
export interface Calls extends SeeCalls {
  /** A new model for a text, about to train. */
  begin: { input: { text: string; spec: RunSpec; tuning: Tuning; threads: number }; result: ModelAbout };
  /** A trained model, from its file or a checkpoint. */
  load: { input: { file: Uint8Array<ArrayBuffer> }; result: ModelAbout };
  run: { input: null; result: null };
  pause: { input: null; result: null };
  /** One update, then a pause. */
  step: { input: null; result: null };
  /** Ends the run; its model stays. */
  stop: { input: null; result: null };
  /** Ends the run and takes the model back to the update with the best validation loss. */
  stopAtBest: { input: null; result: null };
  tune: { input: Tuning; result: null };
  /** A file of the model as it is, which the command opens. */
  save: { input: null; result: Uint8Array<ArrayBuffer> };
  sample: { input: SampleInput; result: string };
  unroll: { input: UnrollInput; result: Unrolling };
  product: { input: Place; result: Product };
  /** Tokens come in parts, as they are written; another `write` ends it. The result: characters skipped in the prompt. */
  write: { input: WriteInput; result: { readonly leftOut: readonly string[] }; part: readonly WrittenToken[] };
  stopWriting: { input: null; result: null };
  /** How far gradients reach back, in the model as it is now. */
  gradients: { input: GradientsInput; result: GradientsSeen };
  /** Takes the recurrent weights of a layer apart, however large they are; the gates' come one by one. */
  spectra: { input: { layer: number }; result: WeightsApart; part: WeightsApart };
  /** The answer of a model of another task than language. */
  ask: { input: AskInput; result: Answered };
  ladder: { input: { text: string }; result: NgramLadder };
  /** Progress is the share of the text that was read. Null if it was cancelled or superseded. */
  findUnits: { input: FindUnitsInput; result: FoundUnits | null; part: number };
  stopFindingUnits: { input: null; result: null };
  textSpan: { input: TextSpanInput; result: TextSpan };
  holdUnit: { input: HoldUnitInput; result: HeldUnit };
  /** Finds other spans of the searched text with a similar state; progress is the share read. */
  similarSpans: { input: SimilarSpansInput; result: SimilarSpans | null; part: number };
}

export interface SampleInput {
  readonly prompt?: string;
  readonly length: number;
  readonly temperature: number;
  readonly seed: number;
}

export interface WriteInput {
  readonly prompt: string;
  /** Tokens to write. */
  readonly length: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
}

/** A token that was read or written, with the alternatives the model expected. */
export interface WrittenToken {
  readonly text: string;
  /** Whether it is of the prompt. */
  readonly given: boolean;
  /** −log p in nats at temperature 1; null for the first, before which nothing stands. */
  readonly nats: number | null;
  /** The likeliest in its place, at temperature 1. */
  readonly expected: readonly Expected[];
}

export interface GradientsInput {
  /** What is read; it is repeated where it is short. */
  readonly text: string;
  /** K, how many steps to look back. */
  readonly lags: number;
}

/** How gradients flow through a model that reads a text. */
export interface GradientsSeen {
  readonly step: number;
  readonly cell: string;
  readonly lags: number;
  /** P, the steps t whose losses were sent back. */
  readonly positions: readonly number[];
  readonly layers: readonly {
    /** ‖∂L_t/∂s_{t−k}‖, `[P, K + 1]`. */
    readonly norms: Float32Array;
    /** Over all t, by lag k. */
    readonly mean: Float32Array;
    /** In words. */
    readonly verdict: string;
  }[];
  readonly gates: readonly {
    readonly layer: number;
    readonly name: string;
    /** Shares of its values near its lower and its upper end. */
    readonly low: number;
    readonly high: number;
    /** Shares of its values in even bins from `from` to `to`. */
    readonly from: number;
    readonly to: number;
    readonly shares: readonly number[];
  }[];
  /** The gates of the layers whose recurrent weights can be taken apart. */
  readonly blocks: readonly { readonly layer: number; readonly name: string }[];
  /** Their spectra; none where they are too large to be taken apart unasked. */
  readonly weights: readonly WeightsSeen[];
}

/** Spectra of W_hh after some update. */
export interface WeightsApart {
  readonly step: number;
  readonly weights: readonly WeightsSeen[];
}

export interface WeightsSeen {
  readonly layer: number;
  /** The gate, or W_hh where there is one alone. */
  readonly name: string;
  /** Largest first. */
  readonly singularValues: readonly number[];
  readonly eigenvalues: readonly { readonly re: number; readonly im: number }[];
}

/** A question to a model, as `Task` of the library has it. */
export interface AskInput {
  readonly task: string;
  readonly input: unknown;
  readonly options: object;
  /** Options of the explanation; null: none is asked for. */
  readonly explain: object | null;
}

export interface Answered {
  readonly answer: unknown;
  readonly explanation: unknown;
}

export interface Expected {
  readonly text: string;
  readonly probability: number;
}

export interface UnrollInput {
  readonly text: string;
  /** k, steps after which the way back is cut; 0: nowhere. */
  readonly truncation: number;
  /** The step whose loss is sent back; null: that of all steps. */
  readonly lossAt: number | null;
}

/** One kind of number over all steps, such as a gate: `[T, size]`, row after row. */
export interface Part {
  readonly name: string;
  /** What values it can take: of σ, of tanh, or any. */
  readonly range: 'unit' | 'signed' | 'open';
  readonly size: number;
  readonly values: Float32Array;
  /** ∂L/∂ of the same; only states have one. NaN beyond where the way back was cut. */
  readonly gradients: Float32Array | null;
}

/** A network unrolled over a text of T tokens. */
export interface Unrolling {
  readonly step: number;
  readonly cell: string;
  readonly tokens: readonly string[];
  /** Characters of the text that the model does not know, left out. */
  readonly leftOut: readonly string[];
  readonly vocabulary: readonly string[];
  /** Token ids, T. */
  readonly ids: Int32Array;
  readonly embedding: Part;
  /** From the lowest: gates first, then states. */
  readonly layers: readonly (readonly Part[])[];
  /** What follows, `[T, V]`. */
  readonly probabilities: Float32Array;
  /** In nats, of the token that did follow; NaN after the last. */
  readonly losses: Float32Array;
  readonly truncation: number;
  readonly lossAt: number | null;
}

/** One number in an unrolled network. */
export interface Place {
  readonly t: number;
  /** −1: the embedding; the number of layers: the output. */
  readonly layer: number;
  readonly part: string;
  readonly unit: number;
  /** Whether its gradient is meant. */
  readonly gradient: boolean;
}

/** How a number came to be. */
export interface Product {
  /** As the books write it, such as `h = o ⊙ tanh(c)`. */
  readonly equation: string;
  readonly value: number;
  /** What was added up, each the product of its factors. */
  readonly terms: readonly Term[];
  /** The sum, and what was made of it: `tanh`; empty where the sum is the value. */
  readonly sum: number;
  readonly activation: string;
}

export interface Term {
  /** Its factors by name, such as `W_hh[3, 0]` and `h[0] before`. */
  readonly names: readonly string[];
  readonly factors: readonly number[];
  readonly product: number;
}

export interface FindUnitsInput {
  readonly text: string;
  /** The name of a built-in property, or an expression. */
  readonly property: string;
  /** How many tokens to search, at the end of the text; null: all. */
  readonly most: number | null;
  /** The length of the span that will be shown, in tokens. */
  readonly span: number;
}

/** The result of a search: every unit, best first. */
export interface FoundUnits extends UnitSearch {
  /** Tokens of the whole text. */
  readonly tokens: number;
  /** The first token that was searched. */
  readonly searchedFrom: number;
  /** Characters of the text outside the model's vocabulary; they are skipped. */
  readonly leftOut: readonly string[];
  /** The start of a span in which the property changes. */
  readonly from: number;
  /** Updates the model had made. */
  readonly modelStep: number;
}

/** A span of the text that was searched last. */
export interface TextSpanInput {
  readonly from: number;
  readonly length: number;
}

export interface TextSpan {
  readonly from: number;
  /** N tokens, as text. */
  readonly pieces: readonly string[];
  /** Names of C units. */
  readonly units: readonly string[];
  /** Each unit's value after each token, `[C, N]`. */
  readonly values: Float32Array;
  /** The property's value after each token. */
  readonly labels: Float32Array;
}

export interface SimilarSpansInput {
  /** The selected tokens: from this one up to, but not including, `to`. */
  readonly from: number;
  readonly to: number;
  /** A unit counts as active where its value is at least this far from 0 in its own direction. */
  readonly threshold: number;
  /** Whether a unit may not be active on the token before the selection, nor on the one after it. */
  readonly onlyThere: boolean;
  /** How many other spans to return at most. */
  readonly most: number;
}

/** Places whose state resembles that of a selection. */
export interface SimilarSpans {
  /** Units that are active over the whole selection, strongest first; `sign`: above or below 0. */
  readonly units: readonly { readonly name: string; readonly sign: 1 | -1 }[];
  /** Best first. */
  readonly spans: readonly SimilarSpan[];
  /** Tokens that were compared. */
  readonly searched: number;
}

export interface SimilarSpan {
  readonly from: number;
  readonly to: number;
  /** Mean number of the units that are active, over the span. */
  readonly score: number;
  readonly before: string;
  readonly text: string;
  readonly after: string;
}

export interface HoldUnitInput extends SampleInput {
  readonly unit: string;
  readonly value: number;
  readonly prompt: string;
}

/** The model with one unit clamped, beside the unchanged model. */
export interface HeldUnit {
  readonly unit: string;
  readonly value: number;
  readonly prompt: string;
  /** Loss in nats a token on the held-out part, and a sample that continues the prompt. */
  readonly before: { readonly loss: number; readonly text: string };
  readonly after: { readonly loss: number; readonly text: string };
}

/** Events a worker posts without being asked. */
export type WorkerEvent =
  | {
      readonly type: 'state';
      readonly state: 'running' | 'paused' | 'finished' | 'stopped' | 'failed';
      readonly message: string;
    }
  | ({ readonly type: 'progress' } & Progress)
  | { readonly type: 'validation'; readonly step: number; readonly loss: number; readonly best: boolean }
  /** `kept`: one of the steps that tell the story; otherwise what it writes now. */
  | { readonly type: 'sample'; readonly step: number; readonly text: string; readonly kept: boolean };

export interface Progress {
  /** After the last of these losses. */
  readonly step: number;
  /** Of the steps since the last such message, in nats. */
  readonly losses: Float32Array;
  readonly epoch: number;
  readonly gradientNorm: number;
  readonly clipped: number;
  readonly learningRate: number;
  /** How fast it trains: characters of a language model, examples of any other. */
  readonly speed: number | null;
  readonly secondsElapsed: number;
  readonly secondsLeft: number | null;
}

export type CallName = keyof Calls;
export type CallMessage = { [Name in CallName]: { id: number; call: Name; input: Calls[Name]['input'] } }[CallName];
/** What a call reports before it ends. */
export type PartOf<Name extends CallName> = Calls[Name] extends { part: infer Part } ? Part : never;
export type WorkerMessage =
  | { readonly id: number; readonly part: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly event: WorkerEvent };
