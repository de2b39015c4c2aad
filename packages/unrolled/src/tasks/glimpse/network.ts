import { Buildable } from '../../nn/buildable.ts';
import { LstmCell, type LstmState } from '../../nn/cells/lstm.ts';
import type { Context } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { unroll } from '../../nn/unroll.ts';
import { GlimpseSensor } from '../../nn/vision/glimpse-sensor.ts';
import { add, concat, relu, reshape, scale, square, sub, sum, tanh } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { GlimpseConfig } from './config.ts';

/** One glimpse of each image. */
export interface Glimpse {
  /** Where it looked, y and x from −1 to 1, `[B, 2]`. */
  readonly place: Tensor;
  /** Logits of the labels after it, `[B, K]`. */
  readonly logits: Tensor;
  /** log p(place) of a place that was drawn, up to a constant, `[B]`; null for one that was not. */
  readonly logProbability: Tensor | null;
  /** b, the return that was expected before it was drawn, `[B]`; null as above. */
  readonly baseline: Tensor | null;
}

/**
 * Recurrent attention (Mnih 2014; Ba 2015):
 *
 *     g_t = relu(W [relu(W_ρ ρ(x, l_t)); relu(W_l l_t)])        ρ: the glimpse sensor
 *     h_t = LSTM(h_{t−1}, g_t);   logits = W_y h_t
 *     l_{t+1} ~ N(tanh(W_loc h_t), σ²);   b = W_b h_t
 *
 * It begins in the middle of the image. With 'reinforce', place and baseline get no gradient into h. Parameters: `what.…`,
 * `where.…`, `glimpse.…`, `lstm.…`, `classify.…`, `locate.…`, `baseline.…`.
 */
export class GlimpseNetwork extends Buildable<true> {
  readonly config: { readonly layer: 'glimpse' } & Required<GlimpseConfig>;
  readonly #sensor: GlimpseSensor;
  readonly #what: Linear;
  readonly #where: Linear;
  readonly #glimpse: Linear;
  readonly #cell: LstmCell;
  readonly #classify: Linear;
  readonly #locate: Linear;
  readonly #baseline: Linear;

  constructor(config: Required<GlimpseConfig>, classes: number) {
    super();
    this.config = { layer: 'glimpse', ...config };
    const { patch, scales, hidden, units } = config;
    this.#sensor = new GlimpseSensor({ patch, scales });
    this.#what = new Linear({ units });
    this.#where = new Linear({ units });
    this.#glimpse = new Linear({ units: 2 * units });
    this.#cell = new LstmCell({ hidden });
    this.#classify = new Linear({ units: classes });
    this.#locate = new Linear({ units: 2, weight: { kind: 'normal', deviation: 0.01 } });
    this.#baseline = new Linear({ units: 1 });
  }

  /** @param images  `[−1, H, W]` */
  build(images: Shape, declarations: Declarations): Shape {
    const { hidden, units, reader } = this.config;
    this.#what.build([-1, this.#sensor.width], declarations.within('what'));
    this.#where.build([-1, 2], declarations.within('where'));
    this.#glimpse.build([-1, 2 * units], declarations.within('glimpse'));
    this.#cell.build(2 * units, declarations.within('lstm'));
    const h = [-1, hidden];
    const logits = this.#classify.build(h, declarations.within('classify'));
    if (reader !== 'random') this.#locate.build(h, declarations.within('locate'));
    if (reader === 'reinforce') this.#baseline.build(h, declarations.within('baseline'));
    this.parts = true;
    return [images[0], logits.at(-1)!];
  }

  /**
   * Looks at images `[B, H, W]`, whose pixels are from 0 to 1.
   * @param count  T, how many glimpses
   * @param context  in training, places are drawn
   */
  apply(images: Tensor, count: number, context: Context): Glimpse[] {
    const { device } = images;
    const [B] = images.shape;
    let state: LstmState = this.#cell.initialState(B, device);
    let next: Omit<Glimpse, 'logits'> = { place: device.zeros([B, 2]), logProbability: null, baseline: null };
    const glimpses: Glimpse[] = [];
    for (let t = 0; t < count; t++) {
      const { place } = next;
      const seen = relu(this.#what.apply(this.#sensor.apply(images, place)));
      const where = relu(this.#where.apply(place));
      const glimpse = relu(this.#glimpse.apply(concat([seen, where], -1)));
      // The fused operation over a sequence of one step.
      state = unroll(this.#cell, reshape(glimpse, [1, ...glimpse.shape]), state).state;
      glimpses.push({ ...next, logits: this.#classify.apply(state.h) });
      if (t + 1 < count) next = this.#look(state.h, t, context);
    }
    return glimpses;
  }

  /** Where to look next. */
  #look(h: Tensor, t: number, context: Context): Omit<Glimpse, 'logits'> {
    const { device } = h;
    const [B] = h.shape;
    const { reader, deviation } = this.config;
    if (reader === 'random') {
      // Without training, the same places for every image.
      const random = context.training ? context.random : new Random(t);
      const [y, x] = [random, random].map((one) => 1.6 * one.uniform() - 0.8);
      const numbers = context.training
        ? Float32Array.from({ length: 2 * B }, () => 1.6 * random.uniform() - 0.8)
        : Float32Array.from({ length: 2 * B }, (_, i) => (i % 2 === 0 ? y : x));
      return { place: device.tensor(numbers, [B, 2]), logProbability: null, baseline: null };
    }
    if (reader === 'bilinear') {
      return { place: tanh(this.#locate.apply(h)), logProbability: null, baseline: null };
    }
    const known = h.detach();
    const middle = tanh(this.#locate.apply(known));
    if (!context.training) return { place: middle.detach(), logProbability: null, baseline: null };
    const { random } = context;
    const noise = device.tensor(
      Float32Array.from({ length: 2 * B }, () => random.normal()),
      [B, 2],
    );
    const place = add(middle, scale(noise, deviation)).detach();
    const distance = scale(sub(place, middle), 1 / deviation);
    return {
      place,
      logProbability: scale(sum(square(distance), { axes: -1 }), -0.5),
      baseline: reshape(this.#baseline.apply(known), [B]),
    };
  }
}
