import { Attention } from '../../nn/attention.ts';
import { Buildable } from '../../nn/buildable.ts';
import { Dropout } from '../../nn/dropout.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { EncoderDecoder } from '../../nn/seq2seq/encoder-decoder.ts';
import { add, concat, mul, relu, reshape, transpose } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { TargetSelectorConfig } from './config.ts';
import { type DotBatch, DotEncoder } from './dots.ts';

/** Words of dialogues, ids `[T, B]` that begin with the start, and how many each row has. */
export interface DialogueWords {
  readonly ids: Tensor;
  readonly lengths: readonly number[];
}

/** What was read of games. */
export interface ReadGames {
  /** How well each dot fits, `[B, N]`; −10⁴ beyond the dots of a row. */
  readonly scores: Tensor;
  /** States after each word, from which the language model predicts the next one, `[T, B, H]`. */
  readonly vectors: Tensor;
  /** For each dot, which words say so, `[N, B, T]`; null where it was not asked for, and without the dialogue. */
  readonly weights: Tensor | null;
}

interface Parts {
  readonly attention: Attention;
  readonly said: Linear;
  readonly dot: Linear;
  readonly both: Linear;
  readonly score: Linear;
}

/**
 * Chooses the dot that a dialogue is about. A recurrent language model reads the words and attends to the dots (`Decoder` over
 * `DotEncoder`); each dot m_i attends to its states h_t,
 *
 *     z_i = Σ_t α_it h_t;   e_i = vᵀ relu(A z_i ⊙ B m_i + C [z_i; m_i] + c);   p(i) = softmax over i of e_i
 *
 * Parameters: those of `EncoderDecoder`, and `select.attention.…`, `select.said.…` A, `select.dot.…` B, `select.both.…` C,
 * `select.score.…` v.
 */
export class TargetNetwork extends Buildable<Parts> {
  readonly config: { readonly layer: 'targetNetwork' } & Required<TargetSelectorConfig>;
  readonly language: EncoderDecoder<DotBatch, null>;
  readonly #dots: DotEncoder;
  readonly #dropout: Dropout;

  constructor(config: Required<TargetSelectorConfig>, words: number) {
    super();
    this.config = { layer: 'targetNetwork', ...config };
    const { cell, hidden, layers, dropout, embedding, units } = config;
    this.#dropout = new Dropout({ rate: dropout });
    this.#dots = new DotEncoder({ units, cell, hidden, layers });
    this.language = new EncoderDecoder(this.#dots, {
      ...{ vocabularySize: words, dimension: embedding, cell, hidden, layers, dropout },
      attention: { score: 'scaled-general' },
    });
  }

  build(_: null, declarations: Declarations): void {
    const { hidden: H, units } = this.config;
    const M = 2 * units;
    this.language.build({ source: null, targets: [-1, -1] }, declarations);
    const own = declarations.within('select');
    const attention = new Attention({ score: 'scaled-general' });
    attention.build({ queries: [-1, -1, M], memory: [-1, -1, H] }, own.within('attention'));
    const part = (name: string, width: number, outputs: number): Linear => {
      const made = new Linear({ units: outputs });
      made.build([-1, width], own.within(name));
      return made;
    };
    this.parts = {
      attention,
      said: part('said', H, H),
      dot: part('dot', M, H),
      both: part('both', H + M, H),
      score: part('score', H, 1),
    };
  }

  read(dots: DotBatch, words: DialogueWords, context: Context = inference, weights = false): ReadGames {
    const { attention, said, dot, both, score } = this.parts;
    const encoded = this.#dots.apply(dots, context);
    const { memory, state } = this.language.continue(encoded);
    const { vectors } = this.language.decoder.run(this.language.embed(words.ids, context), memory, state, context);
    const dropped = this.#dropout.apply(encoded.memory, context); // [N, B, M]
    const [N, B] = dropped.shape;
    const found = this.config.dialogue
      ? attention.attend(dropped, attention.prepare(vectors, words.lengths), { weights })
      : { context: dots.dots.device.zeros([N, B, this.config.hidden]), weights: null };
    const z = found.context;
    const hidden = relu(add(mul(said.apply(z), dot.apply(dropped)), both.apply(concat([z, dropped], -1))));
    const fits = transpose(reshape(score.apply(this.#dropout.apply(hidden, context)), [N, B]), [1, 0]);
    const missing = dots.lengths.flatMap((length) => Array.from({ length: N }, (_, i) => (i < length ? 0 : -1e4)));
    return { scores: add(fits, fits.device.tensor(missing, [B, N])), vectors, weights: found.weights };
  }
}
