import { Buildable } from '../../nn/buildable.ts';
import type { Cell, CellState } from '../../nn/cells/cell.ts';
import { createCell } from '../../nn/cells/registry.ts';
import type { Initialiser } from '../../nn/initialisers.ts';
import type { Context } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameter } from '../../nn/parameters.ts';
import { unroll } from '../../nn/unroll.ts';
import { GlimpseSensor } from '../../nn/vision/glimpse-sensor.ts';
import { add, broadcastTo, concat, relu, reshape, scale, slice, square, sub, sum, tanh } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
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
 *     h_t = cell(h_{t−1}, g_t);   logits = W_y h_t
 *     l_{t+1} ~ N(tanh(W_loc h_t / √H + s_{t+1}), σ²);   b = W_b h_t
 *
 * It begins in the middle of the image. The scan s, a place for each further glimpse, is learnt; it starts spread around the
 * middle, since a policy that starts there for all glimpses sees little else, and has little to learn from. Without the
 * division by √H, Adam moves a place by its learning rate times the sum of H units, further than it may move in a step.
 *
 * With 'reinforce', place and baseline get no gradient into h. Parameters: `what.…`, `where.…`, `glimpse.…`, `cell.…`,
 * `classify.…`, `locate.weight`, `scan`, `baseline.…`.
 */
export class GlimpseNetwork extends Buildable<{ scan: Parameter | null }> {
  readonly config: { readonly layer: 'glimpse' } & Required<GlimpseConfig>;
  readonly #count: number;
  readonly #sensor: GlimpseSensor;
  readonly #what: Linear;
  readonly #where: Linear;
  readonly #glimpse: Linear;
  readonly #cell: Cell;
  readonly #classify: Linear;
  readonly #locate: Linear;
  readonly #baseline: Linear;

  /** @param count  T, how many glimpses */
  constructor(config: Required<GlimpseConfig>, count: number, classes: number) {
    super();
    this.config = { layer: 'glimpse', ...config };
    this.#count = count;
    const { patch, scales, hidden, units, cell } = config;
    this.#sensor = new GlimpseSensor({ patch, scales });
    this.#what = new Linear({ units });
    this.#where = new Linear({ units });
    this.#glimpse = new Linear({ units: 2 * units });
    this.#cell = cell === 'irnn' ? createCell({ ...summing, hidden }) : createCell(cell, hidden);
    this.#classify = new Linear({ units: classes });
    this.#locate = new Linear({ units: 2, bias: false, weight: { kind: 'normal', deviation: 0.01 } });
    this.#baseline = new Linear({ units: 1 });
  }

  /** @param images  `[−1, H, W]` */
  build(images: Shape, declarations: Declarations): Shape {
    const { hidden, units, reader } = this.config;
    this.#what.build([-1, this.#sensor.width], declarations.within('what'));
    this.#where.build([-1, 2], declarations.within('where'));
    this.#glimpse.build([-1, 2 * units], declarations.within('glimpse'));
    this.#cell.build(2 * units, declarations.within('cell'));
    const h = [-1, hidden];
    const logits = this.#classify.build(h, declarations.within('classify'));
    const further = this.#count - 1;
    this.parts = { scan: null };
    if (further === 0 || reader === 'random') return [images[0], logits.at(-1)!];
    const scan = [[2 * further], spread(further)] as const;
    this.parts.scan = reader === 'fixed' ? declarations.buffer('scan', ...scan) : declarations.declare('scan', ...scan);
    if (reader !== 'fixed') this.#locate.build(h, declarations.within('locate'));
    if (reader === 'reinforce') this.#baseline.build(h, declarations.within('baseline'));
    return [images[0], logits.at(-1)!];
  }

  /**
   * Looks T times at images `[B, H, W]`, whose pixels are from 0 to 1.
   * @param context  in training, places are drawn
   */
  apply(images: Tensor, context: Context): Glimpse[] {
    const { device } = images;
    const [B] = images.shape;
    let state: CellState = this.#cell.initialState(B, device);
    let next: Omit<Glimpse, 'logits'> = chosen(device.zeros([B, 2]));
    const glimpses: Glimpse[] = [];
    for (let t = 0; t < this.#count; t++) {
      const { place } = next;
      const seen = relu(this.#what.apply(this.#sensor.apply(images, place)));
      const where = relu(this.#where.apply(place));
      const glimpse = relu(this.#glimpse.apply(concat([seen, where], -1)));
      // The fused operation over a sequence of one step.
      const { outputs, state: after } = unroll(this.#cell, reshape(glimpse, [1, ...glimpse.shape]), state);
      state = after;
      const h = reshape(outputs, [B, outputs.shape[2]]);
      glimpses.push({ ...next, logits: this.#classify.apply(h) });
      if (t + 1 < this.#count) next = this.#look(h, t, context);
    }
    return glimpses;
  }

  /** Where to look next. */
  #look(h: Tensor, t: number, context: Context): Omit<Glimpse, 'logits'> {
    const { device } = h;
    const [B] = h.shape;
    const { reader, deviation } = this.config;
    if (reader === 'fixed') return chosen(broadcastTo(tanh(this.#scan(t)), [B, 2]));
    if (reader === 'random') return chosen(randomPlaces(device, B, t, context));
    if (reader === 'bilinear') return chosen(this.#policy(h, t));
    const known = h.detach();
    const middle = this.#policy(known, t);
    if (!context.training) return chosen(middle.detach());
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
  /** tanh(W_loc h / √H + s), `[B, 2]`. */
  #policy(h: Tensor, t: number): Tensor {
    return tanh(add(scale(this.#locate.apply(h), this.config.hidden ** -0.5), this.#scan(t)));
  }

  /** s_{t+1}, `[2]`. */
  #scan(t: number): Tensor {
    return slice(this.parts.scan!.value, 0, 2 * t, 2 * t + 2);
  }
}

/** A place that was not drawn. */
const chosen = (place: Tensor): Omit<Glimpse, 'logits'> => ({ place, logProbability: null, baseline: null });

/** Without training, the same places for every image. */
function randomPlaces(device: Device, B: number, t: number, context: Context): Tensor {
  const random = context.training ? context.random : new Random(t);
  const draw = (): number => 1.6 * random.uniform() - 0.8;
  if (context.training) return device.tensor(Float32Array.from({ length: 2 * B }, draw), [B, 2]);
  const same = [draw(), draw()];
  return device.tensor(
    Float32Array.from({ length: 2 * B }, (_, i) => same[i % 2]),
    [B, 2],
  );
}

/** The atanh of places around the middle, on a sunflower's spiral (Vogel 1979) of half the image: y and x of one after the other. */
function spread(places: number): Initialiser {
  const golden = Math.PI * (3 - Math.sqrt(5));
  const gates = Array.from({ length: places }, (_, i) => {
    const [radius, angle] = [0.5 * Math.sqrt((i + 1) / places), (i + 1) * golden];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  return { kind: 'gates', gates: gates.flat().map((place) => ({ kind: 'constant', value: Math.atanh(place) })) };
}

/** Like `irnn`, but with inputs of ordinary size, as there are few steps. */
const summing = { cell: 'rnn', activation: 'relu', weightHh: { kind: 'identity' } } as const;
