import { padSequences } from '../../data/buckets.ts';
import { ConfigError, DataError } from '../../errors.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { type CellSource, cellNameOf, withCell } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import { Embedding } from '../../nn/embedding.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import type { Declarations, Parameters } from '../../nn/parameters.ts';
import { AttentionPooling, type Pooling, pool } from '../../nn/pooling.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { concat, slice } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { createTokenizer } from '../../tokenizers/create.ts';
import type { Tokenizer, TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import type { Json } from '../../train/checkpoint.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import type { LabelledText } from './format.ts';
import { TextReader } from './text-reader.ts';

/** What makes one vector of a text: a pooling, or a mean whose weights are learnt. */
export const summaries = ['last', 'mean', 'max', 'attention'] as const;
export type Summary = Pooling | 'attention';

/** Sizes and kind of a classifier: plain data. */
export interface ClassifierConfig {
  /** Name of the cell, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units in each layer and direction. */
  readonly hidden: number;
  /** L, recurrent layers. */
  readonly layers: number;
  /** E, length of a token's vector. */
  readonly embedding: number;
  /** Rate of dropout after the embedding, between the layers and before the output. */
  readonly dropout: number;
  /** Whether a second cell reads from the end. */
  readonly bidirectional: boolean;
  /** 'last' takes the state after the last token, of each direction. */
  readonly pooling: Summary;
  /** The most tokens of a text that are read; what is beyond is left out. */
  readonly longest: number;
}

/** Everything that makes the model besides its parameters. */
export interface ClassifierDescription {
  readonly task: 'classify';
  readonly config: ClassifierConfig;
  readonly tokenizer: TokenizerConfig;
  readonly labels: readonly string[];
  /** T of softmax(logits / T), fitted on texts held back so that a probability means what it says (Guo 2017). */
  readonly temperature: number;
}

/** What a classifier makes of a text. */
export interface Classification {
  readonly label: string;
  readonly probability: number;
  /** Of all labels, the likeliest first. */
  readonly probabilities: readonly { readonly label: string; readonly probability: number }[];
}

/**
 * Many to one: a text → one of K labels.
 *
 *     x_t = embedding[id_t];   h_t = cells(x_t, h_{t−1});   v = pool(h_1 … h_T);   p = softmax((W v + b) / temperature)
 *
 * Parameters: `embedding.weight` [V, E], `<cell>.weight_ih_l0` … as in PyTorch, `attention.*` where it pools by
 * attention, `output.weight` [K, 2H], `output.bias` [K].
 *
 * @example
 * const device = await openDevice();
 * const classifier = Classifier.load(device, await (await fetch('sentiment.safetensors')).arrayBuffer());
 * classifier.classify(['what a lovely film'])[0].label;   // 'positive'
 */
export class Classifier {
  readonly device: Device;
  readonly config: ClassifierConfig;
  readonly tokenizer: Tokenizer;
  readonly labels: readonly string[];
  readonly parameters: Parameters;
  /** See `ClassifierDescription`; 1 until it is fitted. */
  temperature = 1;
  readonly #reader: TextReader;
  readonly #embedding: Embedding;
  readonly #recurrent: Recurrent;
  readonly #dropout: Dropout;
  readonly #attention: AttentionPooling | null;
  readonly #output: Linear;

  /** @throws ConfigError on a size out of range, or fewer than two labels */
  constructor(device: Device, tokenizer: Tokenizer, labels: readonly string[], config: ClassifierConfig, seed = 1) {
    for (const name of ['hidden', 'layers', 'embedding', 'longest'] as const) {
      if (!Number.isInteger(config[name]) || config[name] < 1) {
        throw new ConfigError(`classify: ${name} must be a whole number from 1, received ${config[name]}`);
      }
    }
    if (!(config.dropout >= 0 && config.dropout < 1)) {
      throw new ConfigError(`classify: dropout must be in [0, 1), received ${config.dropout}`);
    }
    if (!summaries.includes(config.pooling)) {
      throw new ConfigError(`classify: there is no pooling '${config.pooling}'; use ${summaries.join(', ')}`);
    }
    if (new Set(labels).size < 2) {
      throw new ConfigError(`classify: at least two labels are needed, received ${labels.join(', ') || 'none'}`);
    }
    this.device = device;
    this.config = config;
    this.tokenizer = tokenizer;
    this.labels = labels;
    const { cell, hidden, layers, embedding, dropout, bidirectional, pooling, longest } = config;
    this.#reader = new TextReader(tokenizer, longest);
    this.#embedding = new Embedding({ vocabularySize: this.#reader.size, dimension: embedding });
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout, bidirectional });
    this.#dropout = new Dropout({ rate: dropout });
    this.#attention = pooling === 'attention' ? new AttentionPooling() : null;
    this.#output = new Linear({ units: labels.length });
    this.parameters = initialiseParameters(this, [-1, -1], device, seed);
  }

  /**
   * The same model from what `describe` gave; its parameters have yet to be loaded.
   * @param own  the cell, where it is one of your own: a description that was a file has only its name
   */
  static from(device: Device, description: ClassifierDescription, own?: DefinedCell): Classifier {
    const { config, tokenizer, labels, temperature } = description;
    const model = new Classifier(device, createTokenizer(tokenizer), labels, withCell(config, own));
    model.temperature = temperature;
    return model;
  }

  /** The model of a file: exported, or a checkpoint. @throws FormatError if the file is damaged, or of another task */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Classifier {
    const names = ['config', 'tokenizer', 'labels', 'temperature'] as const;
    return loadModel<ClassifierDescription, Classifier>(source, 'classify', names, (description) =>
      Classifier.from(device, description, own),
    );
  }

  describe(): Json {
    const { config, tokenizer, labels, temperature } = this;
    const description: ClassifierDescription = {
      task: 'classify',
      config,
      tokenizer: tokenizer.config,
      labels,
      temperature,
    };
    return description as unknown as Json;
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const embedded = this.#embedding.build(ids, declarations.within('embedding'));
    const hidden = this.#recurrent.build(embedded, declarations.within(cellNameOf(this.config.cell)));
    this.#attention?.build(hidden, declarations.within('attention'));
    return this.#output.build(hidden.slice(1), declarations.within('output'));
  }

  /** How many steps a text takes: its tokens, as far as they are read, and at least one. */
  lengthOf(text: string): number {
    return this.#reader.read(text).length;
  }

  /** The tokens of a text as they are read, as text. */
  tokensOf(text: string): string[] {
    return this.#reader.tokens(text);
  }

  /** The vectors of texts' tokens, `[T, B, E]`, and how many steps of each row count. */
  embed(texts: readonly string[], context: Context = inference): { embedded: Tensor; lengths: readonly number[] } {
    const { values, shape, lengths } = padSequences(texts.map((text) => this.#reader.read(text, context)));
    return { embedded: this.#embedding.apply(this.device.ids(values, shape)), lengths };
  }

  /** Vectors of tokens `[T, B, E]` → logits `[B, K]`. */
  apply(embedded: Tensor, lengths: readonly number[], context: Context = inference): Tensor {
    const { pooling, bidirectional } = this.config;
    const { outputs } = this.#recurrent.run(this.#dropout.apply(embedded, context), context, { lengths });
    const summary = (): Tensor => {
      if (this.#attention) return this.#attention.run(outputs, lengths).pooled;
      if (pooling !== 'last') return pool(pooling as Pooling, outputs, lengths);
      const last = pool('last', outputs, lengths);
      if (!bidirectional) return last;
      // The way back ends at the first token.
      const half = this.#recurrent.width / 2;
      return concat([slice(last, 1, 0, half), slice(outputs.at(0), 1, half)], -1);
    };
    return this.#output.apply(this.#dropout.apply(summary(), context));
  }

  /** Mean cross-entropy in nats. @throws DataError on a label the model does not have */
  loss(examples: readonly LabelledText[], context: Context = inference): Tensor {
    const { embedded, lengths } = this.embed(
      examples.map(({ text }) => text),
      context,
    );
    const targets = this.device.ids(examples.map(({ label }) => this.labelId(label)));
    return crossEntropyLoss(this.apply(embedded, lengths, context), targets);
  }

  /** @throws DataError if the model has no such label */
  labelId(label: string): number {
    const id = this.labels.indexOf(label);
    if (id < 0) throw new DataError(`classify: there is no label '${label}'; there are ${this.labels.join(', ')}`);
    return id;
  }

  /** Logits of texts, a row of K each, before the temperature. What a text is batched with does not change its row. */
  logits(texts: readonly string[]): Float64Array[] {
    const { device } = this;
    return device.withoutGradients(() =>
      device.scope(() => {
        const { embedded, lengths } = this.embed(texts);
        const flat = this.apply(embedded, lengths).data();
        const K = this.labels.length;
        return texts.map((_, row) => Float64Array.from(flat.subarray(row * K, (row + 1) * K)));
      }),
    );
  }

  /** @param batch  texts read side by side; changes nothing but the time it takes. Default 64 */
  classify(texts: readonly string[], { batch = 64 }: { readonly batch?: number } = {}): Classification[] {
    const found: Classification[] = [];
    for (let start = 0; start < texts.length; start += batch) {
      for (const row of this.logits(texts.slice(start, start + batch))) found.push(this.#classification(row));
    }
    return found;
  }

  #classification(logits: Float64Array): Classification {
    const probabilities = softmaxOf(logits, this.temperature);
    const ranked = this.labels
      .map((label, k) => ({ label, probability: probabilities[k] }))
      .sort((a, b) => b.probability - a.probability);
    return { ...ranked[0], probabilities: ranked };
  }
}

/** softmax(logits / temperature) */
export function softmaxOf(logits: ArrayLike<number>, temperature: number): Float64Array {
  const most = Math.max(...Array.from(logits));
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  const mass = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / mass);
}
