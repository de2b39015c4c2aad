import { Dropout } from '../../nn/dropout.ts';
import type { Context } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { StackedAttention } from '../../nn/stacked-attention.ts';
import { WordTable } from '../../nn/word-table.ts';
import { add, concat, div, embedding, mean, mul, relu, reshape, sum, tanh } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { WordVectors, WordVocabulary } from '../../words/index.ts';
import { takeVectors, wordTableOptions } from '../../words/take-vectors.ts';
import { SentenceEncoder } from '../sentence-encoder.ts';
import type { CompleteAnswererConfig } from './config.ts';

/** What a network may use. */
export interface Sees {
  readonly image: boolean;
  readonly question: boolean;
}

/** A batch of questions as networks read it. */
export interface ReadQuestions {
  /** What is seen at L places, `[L, B, D]`. */
  readonly memory: Tensor;
  /** Ids of the words of each question. */
  readonly questions: readonly (readonly number[])[];
  /** For yes or no: ids of the words of all choices, and the question of each. */
  readonly choices: readonly (readonly number[])[];
  readonly owners: readonly number[];
}

export type NetworkOutput = {
  /** Of K answers `[B, K]`, or of N choices `[N]`. */
  readonly logits: Tensor;
  /** Of each layer of attention, `[B, L]`. */
  readonly weights: readonly Tensor[];
};

/**
 * Answers questions about what is seen:
 *
 *     q = tanh(W_q LSTM(question)),   v_l = tanh(W_v x_l),   v = mean over l of v_l, or attention guided by q
 *     c = q ⊙ v,   logits = W relu(W_h c)
 *
 * For yes or no of a choice with mean word vector a: a' = tanh(W_a a), and [c; a'; c ⊙ a'] in place of c. What a network may not
 * use is left out: c is v, q, or nothing, and a' stands alone.
 */
export class AnswerNetwork {
  readonly #config: CompleteAnswererConfig;
  readonly #sees: Sees;
  readonly #dropout: Dropout;
  readonly #vocabulary: WordVocabulary;
  readonly #encoder: SentenceEncoder | null;
  readonly #query: Linear | null;
  readonly #place: Linear | null;
  readonly #attention: StackedAttention | null;
  readonly #answer: { readonly words: WordTable; readonly map: Linear } | null;
  readonly #hidden: Linear | null;
  readonly #output: Linear;

  /** @param answers  K */
  constructor(config: CompleteAnswererConfig, sees: Sees, vocabulary: WordVocabulary, answers: number) {
    const { units, dropout, attention, attentionUnits, answering, headHidden, embedding: dimension } = config;
    this.#config = config;
    this.#sees = sees;
    this.#vocabulary = vocabulary;
    this.#dropout = new Dropout({ rate: dropout });
    this.#encoder = sees.question ? new SentenceEncoder(vocabulary, config) : null;
    this.#query = sees.question ? new Linear({ units }) : null;
    this.#place = sees.image ? new Linear({ units }) : null;
    const attends = sees.image && sees.question && attention > 0;
    this.#attention = attends ? new StackedAttention({ layers: attention, units: attentionUnits }) : null;
    const binary = answering === 'binary';
    this.#answer = binary
      ? { words: new WordTable(wordTableOptions(vocabulary, dimension)), map: new Linear({ units }) }
      : null;
    this.#hidden = headHidden > 0 ? new Linear({ units: headHidden, weight: { kind: 'he' } }) : null;
    this.#output = new Linear({ units: binary ? 1 : answers });
  }

  /** @param depth  D of what is seen */
  build(depth: number, declarations: Declarations): void {
    const { units: U, embedding: E } = this.#config;
    this.#encoder?.build(declarations.within('question'));
    this.#query?.build([-1, this.#encoder!.width], declarations.within('query'));
    this.#place?.build([-1, -1, depth], declarations.within('place'));
    this.#attention?.build({ query: [-1, U], memory: [-1, -1, U] }, declarations.within('attention'));
    this.#answer?.words.build([-1], declarations.within('answer'));
    this.#answer?.map.build([-1, E], declarations.within('answer').within('map'));
    const C = this.#contextWidth;
    let width = this.#answer ? C + U + (C === U ? U : 0) : C;
    if (this.#hidden) [, width] = this.#hidden.build([-1, width], declarations.within('hidden')) as [number, number];
    this.#output.build([-1, width], declarations.within('output'));
  }

  /** Copies given vectors of words. @returns how many trainable words have one */
  takeVectors(vectors: WordVectors): number {
    if (this.#answer) takeVectors(this.#answer.words, this.#vocabulary, vectors);
    return this.#encoder?.takeVectors(vectors) ?? 0;
  }

  apply(read: ReadQuestions, context: Context): NetworkOutput {
    const { memory, questions, choices, owners } = read;
    const { device } = memory;
    const drop = (x: Tensor): Tensor => this.#dropout.apply(x, context);
    const q = this.#encoder && tanh(this.#query!.apply(drop(this.#encoder.read(device, questions, context).last)));
    const { seen, weights, query } = this.#look(memory, q, drop);
    const c = this.#fused(query, seen);
    const answered = this.#answer ? this.#withChoices(c, choices, device.ids([...owners]), drop) : c!;
    const hidden = this.#hidden ? relu(this.#hidden.apply(drop(answered))) : answered;
    const logits = this.#output.apply(drop(hidden));
    return { logits: this.#answer ? reshape(logits, [choices.length]) : logits, weights };
  }

  /** Width of c. */
  get #contextWidth(): number {
    const { units, fusion } = this.#config;
    const { image, question } = this.#sees;
    return !image && !question ? 0 : image && question && fusion === 'concat' ? 2 * units : units;
  }

  #look(memory: Tensor, q: Tensor | null, drop: (x: Tensor) => Tensor) {
    if (!this.#place) return { seen: null, query: q, weights: [] };
    if (!this.#attention) {
      return { seen: tanh(this.#place.apply(drop(mean(memory, { axes: 0 })))), query: q, weights: [] };
    }
    const places = tanh(this.#place.apply(drop(memory))); // [L, B, U]
    const { query, context, weights } = this.#attention.run({ query: q!, memory: places });
    // A sum has u_K, with what every layer saw; the others join what was asked with what was seen last.
    return this.#config.fusion === 'sum' ? { seen: null, query, weights } : { seen: context, query: q, weights };
  }

  #fused(q: Tensor | null, v: Tensor | null): Tensor | null {
    if (q === null || v === null) return q ?? v;
    const { fusion } = this.#config;
    return fusion === 'concat' ? concat([q, v], -1) : fusion === 'sum' ? add(q, v) : mul(q, v);
  }

  /** c `[B, ·]` and N choices → `[N, ·]`. */
  #withChoices(c: Tensor | null, choices: ReadQuestions['choices'], owners: Tensor, drop: (x: Tensor) => Tensor) {
    const { words, map } = this.#answer!;
    const a = tanh(map.apply(drop(meanVectors(words, choices, owners))));
    if (c === null) return a;
    const own = embedding(c, owners);
    return own.shape[1] === a.shape[1] ? concat([own, a, mul(own, a)], -1) : concat([own, a], -1);
  }
}

/** The mean of the vectors of each row's words, `[N, E]`. */
function meanVectors(table: WordTable, rows: readonly (readonly number[])[], { device }: Tensor): Tensor {
  const [N, T] = [rows.length, Math.max(...rows.map(({ length }) => length))];
  const ids = rows.flatMap((row) => Array.from({ length: T }, (_, t) => row[t] ?? 0));
  const given = rows.flatMap((row) => Array.from({ length: T }, (_, t) => Number(t < row.length)));
  const vectors = table.apply(device.ids(ids, [N, T])); // [N, T, E]
  const total = sum(mul(vectors, device.tensor(given, [N, T, 1])), { axes: 1 });
  const counts = rows.map(({ length }) => length);
  return div(total, device.tensor(counts, [N, 1]));
}
