import { Buildable } from '../../nn/buildable.ts';
import { LstmCell, type LstmState } from '../../nn/cells/lstm.ts';
import { zeros } from '../../nn/initialisers.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameter } from '../../nn/parameters.ts';
import { unroll } from '../../nn/unroll.ts';
import { FilterAttention, type FilterFocus } from '../../nn/vision/filter-attention.ts';
import { readPatches, writePatches } from '../../nn/vision/filter-banks.ts';
import { add, concat, div, exp, mul, reshape, scale, sigmoid, slice, square, sub, sum } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { DrawConfig } from './config.ts';

/** What is carried from step to step. */
export type DrawState = {
  readonly encoder: LstmState;
  readonly decoder: LstmState;
  /** c, logits of the pixels so far, `[B, H, W]`. */
  readonly canvas: Tensor;
};

/** The distribution Q(z_t | x, z_<t) of one step, and its distance from the prior. */
export interface Encoded {
  readonly mean: Tensor; // [B, Z]
  readonly logDeviation: Tensor; // [B, Z]
  /** KL(Q(z_t | …) ‖ N(0, 1)) in nats, `[B]`. */
  readonly divergence: Tensor;
  readonly encoder: LstmState;
  /** Where it read; null without attention. */
  readonly focus: FilterFocus | null;
}

export interface Decoded {
  readonly state: DrawState;
  /** Where it wrote; null without attention. */
  readonly focus: FilterFocus | null;
}

interface Parts {
  readonly initialCanvas: Parameter;
  readonly initialEncoder: Parameter;
  readonly initialDecoder: Parameter;
}

/**
 * Deep Recurrent Attentive Writer (Gregor 2015):
 *
 *     x̂ = x − σ(c_{t−1});   r = read(x, x̂, h_dec)
 *     h_enc = LSTM_enc(h_enc, [r; h_dec]);   z ~ Q(z | h_enc) = N(μ, σ²),  μ = W h_enc,  log σ = W h_enc
 *     h_dec = LSTM_dec(h_dec, z);   c_t = c_{t−1} + write(h_dec)
 *
 * Parameters: `encoder.…` and `decoder.…` of the LSTM cells, `latent.…` (μ and log σ), `write.…`, `read_focus.…` and `write_focus.…`;
 * the states before the first step `encoder_state`, `decoder_state` [H], and `canvas` [H, W].
 */
export class DrawNetwork extends Buildable<Parts> {
  readonly config: { readonly layer: 'draw' } & Required<DrawConfig>;
  readonly #encoder: LstmCell;
  readonly #decoder: LstmCell;
  readonly #latent: Linear;
  readonly #read: FilterAttention | null;
  readonly #writeFocus: FilterAttention | null;
  readonly #write: Linear;

  constructor(config: Required<DrawConfig>) {
    super();
    this.config = { layer: 'draw', ...config };
    const { height, width, hidden, latent, read, write } = config;
    const focus = (filters: number, intensity: number) =>
      filters > 0 ? new FilterAttention({ filters, height, width, intensity }) : null;
    this.#encoder = new LstmCell({ hidden });
    this.#decoder = new LstmCell({ hidden });
    this.#latent = new Linear({ units: 2 * latent });
    this.#read = focus(read, 1);
    // The filters' weights sum to 1 over pixels: where they tile the canvas, each pixel gets (N / side)² of what is written.
    this.#writeFocus = focus(write, (write / Math.max(height, width)) ** 2);
    this.#write = new Linear({ units: write > 0 ? write ** 2 : height * width });
  }

  /** @param images  `[−1, H, W]` */
  build(images: Shape, declarations: Declarations): Shape {
    const { height, width, hidden, latent, read } = this.config;
    const h = [-1, hidden];
    const seen = 2 * (read > 0 ? read ** 2 : height * width);
    this.#encoder.build(seen + hidden, declarations.within('encoder'));
    this.#decoder.build(latent, declarations.within('decoder'));
    this.#latent.build(h, declarations.within('latent'));
    this.#read?.build(h, declarations.within('read_focus'));
    this.#writeFocus?.build(h, declarations.within('write_focus'));
    this.#write.build(h, declarations.within('write'));
    this.parts = {
      initialCanvas: declarations.declare('canvas', [height, width], zeros),
      initialEncoder: declarations.declare('encoder_state', [hidden], zeros),
      initialDecoder: declarations.declare('decoder_state', [hidden], zeros),
    };
    return images;
  }

  begin(batch: number, device: Device): DrawState {
    const { height, width, hidden } = this.config;
    const { initialCanvas, initialEncoder, initialDecoder } = this.parts;
    const row = device.zeros([batch, hidden]);
    return {
      encoder: { h: add(row, initialEncoder.value), c: row },
      decoder: { h: add(row, initialDecoder.value), c: row },
      canvas: add(device.zeros([batch, height, width]), initialCanvas.value),
    };
  }

  /** What the encoder makes of images x `[B, H, W]`, whose pixels are from 0 to 1. */
  encode(x: Tensor, { encoder, decoder, canvas }: DrawState): Encoded {
    const [B] = x.shape;
    const focus = this.#read?.apply(decoder.h) ?? null;
    const read = (image: Tensor): Tensor =>
      reshape(focus ? mul(readPatches(image, focus), focus.intensity) : image, [B, -1]);
    // Reading is linear: that of x − σ(c) is a difference of patches.
    const seen = read(x);
    const error = sub(seen, read(sigmoid(canvas)));
    const { state } = stepOf(this.#encoder, concat([seen, error, decoder.h], -1), encoder);
    const numbers = this.#latent.apply(state.h);
    const { latent: Z } = this.config;
    const [mean, logDeviation] = [slice(numbers, -1, 0, Z), slice(numbers, -1, Z, 2 * Z)];
    // ½ Σ μ² + σ² − log σ² − 1
    const each = sub(add(square(mean), exp(scale(logDeviation, 2))), add(scale(logDeviation, 2), 1));
    const divergence = scale(sum(each, { axes: -1 }), 0.5);
    return { mean, logDeviation, divergence, encoder: state, focus };
  }

  /** Writes what z `[B, Z]` says onto the canvas. */
  decode(z: Tensor, { encoder, decoder, canvas }: DrawState): Decoded {
    const { height, width, write } = this.config;
    const { state } = stepOf(this.#decoder, z, decoder);
    const written = this.#write.apply(state.h);
    const focus = this.#writeFocus?.apply(state.h) ?? null;
    const stroke = focus
      ? writePatches(div(reshape(written, [-1, write, write]), focus.intensity), focus)
      : reshape(written, [-1, height, width]);
    return { state: { encoder, decoder: state, canvas: add(canvas, stroke) }, focus };
  }
}

/** One step as the fused operation over a sequence of one. */
const stepOf = (cell: LstmCell, x: Tensor, state: LstmState) => unroll(cell, reshape(x, [1, ...x.shape]), state);
