import { Buildable } from '../../nn/buildable.ts';
import { shapeDevice } from '../../nn/cells/shape-device.ts';
import { Dropout } from '../../nn/dropout.ts';
import { type Context, inference, type Sequences } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { Bridge } from '../../nn/seq2seq/bridge.ts';
import { Decoder } from '../../nn/seq2seq/decoder.ts';
import { shapesOf } from '../../nn/seq2seq/encoded.ts';
import type { Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { RecurrentEncoder } from '../../nn/seq2seq/recurrent-encoder.ts';
import { concat, relu } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { NavigatorConfig } from './config.ts';
import { actions } from './pose.ts';

/** What is seen before each action, and the action before that, as one-hot numbers. */
export interface Seen {
  readonly senses: Tensor; // [T, B, F]
  readonly last: Tensor; // [T, B, A]
}

/**
 * Encoder, aligner and decoder (Mei, Bansal & Walter 2016): a bidirectional encoder reads the words; at each step the decoder
 * reads what is seen, attends to the words, and chooses an action. Parameters: those of `RecurrentEncoder`, `senses.weight`
 * [W, F], `senses.bias`, `bridge.…`, and the decoder's under `decoder.`.
 */
export class NavigatorNetwork extends Buildable<{ readonly bridge: Bridge }> {
  readonly config: { readonly layer: 'navigator' } & Required<NavigatorConfig>;
  readonly decoder: Decoder;
  readonly #encoder: RecurrentEncoder;
  readonly #senses: Linear;
  readonly #dropout: Dropout;

  constructor(config: Required<NavigatorConfig>, words: number) {
    super();
    this.config = { layer: 'navigator', ...config };
    const { cell, hidden, layers, dropout, embedding, senses, feeding, multiLevel } = config;
    const recurrent = { cell, hidden, layers, dropout };
    this.#encoder = new RecurrentEncoder({
      ...{ vocabularySize: words, dimension: embedding, bidirectional: true, multiLevel },
      ...recurrent,
    });
    this.#senses = new Linear({ units: senses });
    this.#dropout = new Dropout({ rate: dropout });
    this.decoder = new Decoder({
      ...{ attention: { score: 'additive', units: hidden }, feeding, choices: actions.length },
      ...recurrent,
    });
  }

  /** @param senses  shape of what is seen, `[T, B, F]` */
  build({ words, senses }: { readonly words: Shape; readonly senses: Shape }, declarations: Declarations): Shape {
    const { memory, state } = this.#encoder.build(words, declarations);
    const ys = this.#senses.build(senses, declarations.within('senses'));
    const width = ys.at(-1)! + (this.config.lastAction ? actions.length : 0);
    const logits = this.decoder.build({ ys: [...ys.slice(0, -1), width], memory }, declarations.within('decoder'));
    const bridge = new Bridge({ state: shapesOf(this.decoder.initialState(1, shapeDevice())) });
    bridge.build(state, declarations.within('bridge'));
    this.parts = { bridge };
    return logits;
  }

  /** Reads instructions, ids `[S, B]`: the state before the first action. */
  read(words: Sequences, context: Context = inference): Reading {
    const { memory, lengths, state } = this.#encoder.apply(words, context);
    const attended = this.decoder.prepare(memory, lengths);
    return { memory: attended, state: this.decoder.begin({ state: this.parts.bridge.apply(state) }, attended) };
  }

  /** The decoder's inputs `[…, W + A]` from what is seen, `[…, F]`. */
  sense({ senses, last }: Seen, context: Context = inference): Tensor {
    const mapped = this.#dropout.apply(relu(this.#senses.apply(senses)), context);
    return this.config.lastAction ? concat([mapped, last], -1) : mapped;
  }
}
