import { Buildable } from '../../nn/buildable.ts';
import { shapeDevice } from '../../nn/cells/shape-device.ts';
import { Dropout } from '../../nn/dropout.ts';
import { type Context, inference, type Layer, type Sequences } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { Bridge } from '../../nn/seq2seq/bridge.ts';
import { Decoder } from '../../nn/seq2seq/decoder.ts';
import { shapesOf } from '../../nn/seq2seq/encoded.ts';
import type { Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { RecurrentEncoder } from '../../nn/seq2seq/recurrent-encoder.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation } from '../../nn/vision/activation.ts';
import { Conv2d } from '../../nn/vision/conv2d.ts';
import { Flatten } from '../../nn/vision/flatten.ts';
import { concat, embedding, relu } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { NavigatorConfig } from './config.ts';
import { actions } from './pose.ts';

/** What is seen before each action, and the action before that, as one-hot numbers. */
export interface Seen {
  /** Each different view once: features `[N, F]` or images `[N, H, W, 3]`. */
  readonly views: Tensor;
  /** Which of them is seen, int32 `[…]`. */
  readonly which: Tensor;
  readonly last: Tensor; // […, A]
}

/**
 * Encoder, aligner and decoder (Mei, Bansal & Walter 2016): a bidirectional encoder reads the words; at each step the decoder
 * reads what is seen, attends to the words, and chooses an action. Parameters: those of `RecurrentEncoder`, `senses.…`,
 * `bridge.…`, and the decoder's under `decoder.`.
 */
export class NavigatorNetwork extends Buildable<{ readonly bridge: Bridge }> {
  readonly config: { readonly layer: 'navigator' } & Required<NavigatorConfig>;
  readonly decoder: Decoder;
  readonly #encoder: RecurrentEncoder;
  readonly #senses: Sequential;
  readonly #dropout: Dropout;

  constructor(config: Required<NavigatorConfig>, words: number) {
    super();
    this.config = { layer: 'navigator', ...config };
    const { cell, hidden, layers, dropout, embedding, senses, feeding, multiLevel, view } = config;
    const recurrent = { cell, hidden, layers, dropout };
    this.#encoder = new RecurrentEncoder({
      ...{ vocabularySize: words, dimension: embedding, bidirectional: true, multiLevel },
      ...recurrent,
    });
    this.#senses = new Sequential([...(view === 'image' ? eye() : []), new Linear({ units: senses })]);
    this.#dropout = new Dropout({ rate: dropout });
    this.decoder = new Decoder({
      ...{ attention: { score: 'additive', units: hidden }, feeding, choices: actions.length },
      ...recurrent,
    });
  }

  /** @param views  shape of what is seen, `[N, F]` or `[N, H, W, 3]` */
  build({ words, views }: { readonly words: Shape; readonly views: Shape }, declarations: Declarations): Shape {
    const { memory, state } = this.#encoder.build(words, declarations);
    const seen = this.#senses.build(views, declarations.within('senses'));
    const width = seen.at(-1)! + (this.config.lastAction ? actions.length : 0);
    const logits = this.decoder.build({ ys: [-1, -1, width], memory }, declarations.within('decoder'));
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

  /** The decoder's inputs `[…, W + A]`. */
  sense({ views, which, last }: Seen, context: Context = inference): Tensor {
    const mapped = embedding(relu(this.#senses.apply(views, context)), which);
    const dropped = this.#dropout.apply(mapped, context);
    return this.config.lastAction ? concat([dropped, last], -1) : dropped;
  }
}

/** Reads images of 24 × 24: three convolutions with stride 2. */
const eye = (): Layer[] =>
  [16, 24, 32]
    .flatMap((channels, i) => [
      new Conv2d({ channels, kernel: i === 0 ? 5 : 3, stride: 2, padding: 'same' }),
      new Activation({ kind: 'relu' }),
    ])
    .concat(new Flatten() as never);
