/**
 * The golden values of this folder, typed. Each comes from a program that is not ours; the script that
 * wrote a file stands beside it under the same name and states the equations.
 */
import { readFileSync } from 'node:fs';

/** Numbers in row-major order; `shape: []` does not occur, a scalar is a plain number. */
export interface GoldenTensor {
  shape: number[];
  data: number[];
}

/** Tensors by PyTorch's parameter names, such as `weight_ih_l0` or `lstm.bias_hh_l1_reverse`. */
export type GoldenTensors = Record<string, GoldenTensor>;

export const recurrentKinds = ['lstm', 'gru', 'rnn-tanh', 'rnn-relu', 'lstm-projected'] as const;
export type RecurrentKind = (typeof recurrentKinds)[number];

/** torch.nn.LSTM, GRU or RNN, time-major, forward and backward. D is 2 if bidirectional, L the layers. */
export interface RecurrentGolden {
  source: string;
  kind: RecurrentKind;
  cases: RecurrentCase[];
}

export interface RecurrentCase {
  name: string;
  config: {
    T: number;
    B: number;
    inputSize: number;
    hiddenSize: number;
    layers: number;
    bidirectional: boolean;
    bias: boolean;
  };
  /** Steps of each row, [B]; beyond them the output is 0 and x, which is not 0 there, must not matter. */
  lengths: number[] | null;
  /** `weight_ih_l0` [G·H, F], `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`; then `_l0_reverse`, `_l1`, ... */
  parameters: GoldenTensors;
  /** x [T, B, F]; h0, c0 [L·D, B, H], null where none is given (zeros). Only an LSTM has c0; projected, h0 has [L·D, B, H // 2]. */
  inputs: { x: GoldenTensor; h0: GoldenTensor | null; c0?: GoldenTensor | null };
  /** output [T, B, D·H]; h_n, c_n [L·D, B, H], in PyTorch's order: layer 0 forward, layer 0 backward, layer 1 ... */
  results: RecurrentOutputs;
  /** loss = Σ output·w.output + Σ h_n·w.h_n + Σ c_n·w.c_n. */
  lossWeights: RecurrentOutputs;
  loss: number;
  /** ∂loss by every parameter's name and by x, h0 and c0 (these two also where the given state is null). */
  gradients: GoldenTensors;
}

export interface RecurrentOutputs {
  output: GoldenTensor;
  h_n: GoldenTensor;
  c_n?: GoldenTensor;
}

/** Embedding → 2 × LSTM → linear, ten Adam steps with clipping by the norm of all gradients together. */
export interface TrainingGolden {
  source: string;
  config: {
    T: number;
    B: number;
    V: number;
    embeddingSize: number;
    hiddenSize: number;
    layers: number;
    steps: number;
  };
  optimizer: { name: 'adam'; lr: number; betas: [number, number]; eps: number };
  /** Gradients are multiplied by min(1, maxNorm / (norm + 1e-6)). */
  maxNorm: number;
  /** The characters by id. */
  vocabulary: string;
  /** One [T, B] tensor of ids for each step. */
  inputs: GoldenTensor[];
  targets: GoldenTensor[];
  /** `embedding.weight`, `lstm.weight_ih_l0`, ..., `output.weight`, `output.bias`, before the first step. */
  initial: GoldenTensors;
  /** Mean cross-entropy over T·B, nats, before each step's update. */
  losses: number[];
  /** Before clipping. */
  gradientNorms: number[];
  /** Parameters after the last step. */
  final: GoldenTensors;
  finalSums: Record<string, number>;
  /** The state after the last batch, [2, B, H]. */
  finalState: { h: GoldenTensor; c: GoldenTensor };
  /** max |a − b| / max(1, |b|) between PyTorch's own float32 and float64 runs. */
  float32Difference: { losses: number; gradientNorms: number; final: number };
}

/** Ten steps of each optimizer on one vector of weights, with gradients that do not depend on them. */
export interface OptimizersGolden {
  source: string;
  /** [7] */
  initial: GoldenTensor;
  /** [10, 7] */
  gradients: GoldenTensor;
  cases: OptimizerCase[];
}

export interface OptimizerCase {
  name: string;
  optimizer: 'sgd' | 'adagrad' | 'rmsprop' | 'adam' | 'adamw';
  /** By PyTorch's names. */
  options: {
    lr: number;
    momentum?: number;
    nesterov?: boolean;
    alpha?: number;
    betas?: [number, number];
    eps?: number;
    weight_decay?: number;
  };
  /** The update in words of mathematics; moving values start at 0. */
  rule: string;
  /** [10, 7]: after each step. */
  weights: GoldenTensor;
}

/** A one-layer tanh character model trained with Adagrad, by numpy. */
export interface MinimalCharRnnGolden {
  source: string;
  text: string;
  /** The text's characters, sorted; a character's id is its place. */
  vocabulary: string;
  config: { V: number; hiddenSize: number; chunk: number; iterations: number; clip: number; epsilon: number };
  /** See `initialWeights` in minimal-char-rnn.ts, which draws the same numbers. */
  generator: { rule: string; seed: number; scale: number; order: string };
  initialSums: Record<MinimalCharRnnParameter, number>;
  /** The first four numbers of each weight matrix. */
  initialFirst: { Wxh: number[]; Whh: number[]; Why: number[] };
  /** Rate 0.1, which is chaotic, and rate 0.01, which is not. */
  runs: MinimalCharRnnRun[];
}

export type MinimalCharRnnParameter = 'Wxh' | 'Whh' | 'Why' | 'bh' | 'by';

export interface MinimalCharRnnRun {
  learningRate: number;
  /** Nats, summed over the chunk, before each iteration's update. */
  losses: number[];
  /** 0.999·s + 0.001·loss from s = chunk · ln V, after each iteration's loss. */
  smoothedLosses: number[];
  /** Iterations that start at the beginning of the text with state zero. */
  resetsAt: number[];
  /** Gradient elements beyond ±clip, over all iterations. */
  clippedElements: number;
  /** Null where the run is chaotic. */
  finalSums: Record<MinimalCharRnnParameter, number> | null;
  /**
   * How many leading losses stay within relative 1e-8 (float64) or 1e-5 (float32) when the last bits of the
   * initial weights change: a second program can be held to these, and to no later ones.
   */
  comparable: { float64: number; float32: number };
  /** Where the last smoothed loss lies when the last bits of the initial weights change, in either precision. */
  lastSmoothedRange: [number, number];
}

export interface LossesGolden {
  source: string;
  crossEntropy: CrossEntropyCase[];
  logSoftmax: LogSoftmaxCase[];
  layerNorm: LayerNormCase[];
  embedding: EmbeddingCase[];
}

/** `mean` divides by the number of targets that are not `ignoreIndex`. */
export interface CrossEntropyCase {
  name: string;
  ignoreIndex: number;
  /** [N, V] */
  logits: GoldenTensor;
  /** [N] */
  targets: GoldenTensor;
  perTarget: GoldenTensor;
  sum: number;
  mean: number;
  gradientOfSum: GoldenTensor;
  gradientOfMean: GoldenTensor;
}

/** Over the last axis; `gradient` is `upstream` pulled back to x. */
export interface LogSoftmaxCase {
  name: string;
  x: GoldenTensor;
  upstream: GoldenTensor;
  output: GoldenTensor;
  gradient: GoldenTensor;
}

/** Over the last axis, with the biased variance: (x − mean) / √(variance + eps) · weight + bias. */
export interface LayerNormCase {
  name: string;
  eps: number;
  x: GoldenTensor;
  weight: GoldenTensor;
  bias: GoldenTensor;
  upstream: GoldenTensor;
  output: GoldenTensor;
  gradients: { x: GoldenTensor; weight: GoldenTensor; bias: GoldenTensor };
}

/** `gradient` has the shape of `weight`; an id that occurs twice receives both upstream rows. */
export interface EmbeddingCase {
  name: string;
  weight: GoldenTensor;
  ids: GoldenTensor;
  upstream: GoldenTensor;
  output: GoldenTensor;
  gradient: GoldenTensor;
}

/** Corpus scores by sacreBLEU, 0 to 100, and its 13a tokens. */
export interface TranslationMetricsGolden {
  source: string;
  /** Tokens joined by spaces. */
  tokens: { line: string; tokens: string }[];
  corpora: {
    name: string;
    hypotheses: string[];
    /** For each hypothesis one or several. */
    references: string[][];
    bleu: {
      score: number;
      precisions: number[];
      brevityPenalty: number;
      hypothesisLength: number;
      referenceLength: number;
      signature: string;
    };
    chrf: { score: number; signature: string };
  }[];
}

/** Byte pairs learnt on a text by Hugging Face's tokenizers. */
export interface BytePairsGolden {
  source: string;
  /** Of the vocabulary. */
  size: number;
  text: string;
  /** Tokens by id, and `left right` in the order learnt: lists written as JSON, which keeps them short. */
  vocabulary: string;
  merges: string;
  encodings: { text: string; ids: number[] }[];
}

/** Images resized by Pillow: of a size [height, width, channels]. */
export interface ImageResizeGolden {
  resized: { from: number[]; to: [number, number]; bytes: number[] }[];
  prepared: { from: number[]; resize: number; size: [number, number]; bytes: number[] }[];
  grey: { from: number[]; bytes: number[] }[];
}

/** torchvision's networks with weights by rule (vision.ts makes the same numbers). */
export interface VisionGolden {
  source: string;
  networks: {
    name: 'mobilenet-v2' | 'resnet18' | 'squeezenet-1.1';
    /** Images, and their height and width. */
    count: number;
    size: number;
    /** [count, 5] */
    logits: GoldenTensor;
    /** Means of each channel's map, and of its squares, over all images, places and channels: [2, C]. */
    maps: GoldenTensors;
    /** A training step with labels 0, 1, 2, …: the loss, running statistics after it, and gradients. */
    training?: { loss: number; buffers: GoldenTensors; gradients: GoldenTensors };
  }[];
  /** The shapes in a state dict. */
  shapes: { vgg16: Record<string, number[]> };
  /** torchvision.ops.SqueezeExcitation(6, 2) of images [2, 3, 4, 6]. */
  squeezeExcitation: GoldenTensor;
}

/** Texts are JSON, as many have control characters. */
export interface GoldenEncoding {
  text: string;
  ids: number[];
  decoded: string;
}

interface GoldenTokenizer {
  /** The content of tokenizer.json. */
  file: string;
  /** The ids of 'the time' with what stands around a text. */
  framed: number[];
  encodings: GoldenEncoding[];
}

export interface PublishedTokenizersGolden {
  source: string;
  byteLevel: GoldenTokenizer;
  digits: GoldenTokenizer;
  llama: GoldenTokenizer;
  llamaNew: GoldenTokenizer;
  bert: GoldenTokenizer;
  bertCased: GoldenTokenizer;
  /** The tokenizer.bin of llama2.c in base64, of a model of SentencePiece. */
  scores: { file: string; encodings: GoldenEncoding[] };
  /** Of GPT-2's own files, which are not here. */
  gpt2: GoldenEncoding[];
}

/** A small model as Hugging Face's libraries name it. */
export interface GoldenTransformer {
  /** JSON of its config.json. */
  config: string;
  /** JSON of the shapes of its tensors by name, in order. */
  tensors: string;
  /** All their numbers, times 64, as int8 in base64. */
  data: string;
  /** Logits: [B, T, V], or [B, K] of images. */
  output: GoldenTensor;
}

export interface TransformersGolden {
  source: string;
  /** [B, T]; the lengths are for BERT alone. */
  ids: GoldenTensor;
  lengths: number[];
  /** [B, H, W, C] */
  images: GoldenTensor;
  gpt2: GoldenTransformer;
  llama: GoldenTransformer;
  bert: GoldenTransformer;
  vit: GoldenTransformer;
}

const read = <Golden>(file: string): Golden => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));

export const loadRecurrent = (kind: RecurrentKind) => read<RecurrentGolden>(`recurrent-${kind}.json`);
export const loadTraining = () => read<TrainingGolden>('training.json');
export const loadOptimizers = () => read<OptimizersGolden>('optimizers.json');
export const loadMinimalCharRnn = () => read<MinimalCharRnnGolden>('minimal-char-rnn.json');
export const loadLosses = () => read<LossesGolden>('losses.json');
export const loadTranslationMetrics = () => read<TranslationMetricsGolden>('translation-metrics.json');
export const loadBytePairs = () => read<BytePairsGolden>('byte-pairs.json');
export const loadImageResize = () => read<ImageResizeGolden>('image-resize.json');
export const loadVision = () => read<VisionGolden>('vision.json');
export const loadPublishedTokenizers = () => read<PublishedTokenizersGolden>('published-tokenizers.json');
export const loadTransformers = () => read<TransformersGolden>('transformers.json');
