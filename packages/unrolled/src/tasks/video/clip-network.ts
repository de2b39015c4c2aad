import { padSequences } from '../../data/padding.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { type Image, imageBatch, inputChannels, inputSize } from '../../images/index.ts';
import { cellNameOf } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import { ones } from '../../nn/initialisers.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameter } from '../../nn/parameters.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import { imageLayerFrom } from '../../nn/vision/image-layers.ts';
import { concat, embedding, globalAveragePool, relu } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Clip, lengthOf } from './clip.ts';
import type { ClipNetworkConfig, FrameInput } from './config.ts';

/** Clips as vectors of their frames: `[T, B, F]`, and the length of each. */
export interface EmbeddedClips {
  readonly xs: Tensor;
  readonly lengths: readonly number[];
}

/** The frame before the first one of a clip, of which the clip is a part. */
export type FrameBefore = Image | ArrayLike<number> | null;

/** A convolutional network as the model's eyes. */
type FrameNetwork = ReturnType<typeof imageLayerFrom>;

/**
 * Videos to a vector for each frame: network (and that of differences) → scaling → stack of recurrent layers, `[T, B, 2H]` when
 * bidirectional, or a hidden layer with relu where frames are not read in order. Parameters: the network's under `network.`,
 * that of differences under `motion.`; buffers `scaling.mean` [F], `scaling.deviation` [F] of features that are not trained;
 * `<cell>.weight_ih_l0` … as in PyTorch, or `hidden.weight` [H, F], `hidden.bias`.
 */
export class ClipNetwork {
  readonly config: ClipNetworkConfig;
  readonly recurrent: Recurrent | null;
  readonly #network: FrameNetwork | null;
  readonly #motion: FrameNetwork | null;
  readonly #hidden: Linear | null;
  readonly #dropout: Dropout;
  #scaling: { readonly mean: Parameter; readonly deviation: Parameter } | null = null;
  #features = 0;
  #width = 0;

  /** @param inOrder  whether frames are read in order */
  constructor(config: ClipNetworkConfig, inOrder: boolean) {
    this.config = config;
    const { input, cell, hidden, layers, dropout, bidirectional, differences } = config;
    const network = (): FrameNetwork | null => (input.kind === 'frames' ? imageLayerFrom(input.network) : null);
    this.#network = network();
    this.#motion = differences && trainsNetwork(input) ? network() : null;
    this.recurrent = inOrder ? new Recurrent({ cell, hidden, layers, dropout, bidirectional }) : null;
    this.#hidden = inOrder ? null : new Linear({ units: hidden });
    this.#dropout = new Dropout({ rate: dropout });
  }

  /** F, the features of a frame, without differences. */
  get features(): number {
    return this.#features;
  }

  /** Width of what the recurrent layers read of a frame: features, and those of differences. */
  get width(): number {
    return this.#width;
  }

  /** Whether frames are read in order. */
  get inOrder(): boolean {
    return this.recurrent !== null;
  }

  /** @returns the shape of its output, `[−1, −1, H]` */
  build(declarations: Declarations): Shape {
    const { input, cell, differences } = this.config;
    if (input.kind === 'features') this.#features = input.features;
    else {
      const within = declarations.within('network');
      const images = [-1, ...inputSize(input.preprocessing), inputChannels(input.preprocessing)];
      this.#features = featureCount(this.#network!.build(images, input.frozen ? within.frozen() : within));
      this.#motion?.build(images, declarations.within('motion'));
    }
    if (!trainsNetwork(input)) {
      const within = declarations.within('scaling');
      const [mean, deviation] = [
        within.buffer('mean', [this.#features]),
        within.buffer('deviation', [this.#features], ones),
      ];
      this.#scaling = { mean, deviation };
    }
    this.#width = differences ? 2 * this.#features : this.#features;
    const shape = [-1, -1, this.#width];
    if (this.recurrent) return this.recurrent.build(shape, declarations.within(cellNameOf(cell)));
    return this.#hidden!.build(shape, declarations.within('hidden'));
  }

  /** What a frozen network computes of images, `[N, F]`. */
  see(images: Tensor, context: Context = inference): Tensor {
    return meanOfPlaces(this.#network!.apply(images, context));
  }

  /**
   * The vectors of clips' frames, before recurrence. Clips have features, or frames where the network is trained.
   * @param before  of each clip, for differences
   */
  embed(
    clips: readonly Clip[],
    device: Device,
    context: Context = inference,
    before: readonly FrameBefore[] = [],
  ): EmbeddedClips {
    const lengths = clips.map(lengthOf);
    const xs = trainsNetwork(this.config.input)
      ? this.#seen(clips.map(framesOf), lengths, device, context, before)
      : this.#scaled(clips.map(rowsOf), device, before);
    return { xs: this.#dropout.apply(xs, context), lengths };
  }

  /** `[T, B, F]` → `[T, B, H]`, and the state of recurrent layers after it. */
  run(
    { xs, lengths }: EmbeddedClips,
    context: Context = inference,
    state: StackState | null = null,
  ): { readonly outputs: Tensor; readonly state: StackState } {
    const run = this.recurrent
      ? this.recurrent.run(xs, context, { lengths, state })
      : { outputs: relu(this.#hidden!.apply(xs)), state: [] };
    return { ...run, outputs: this.#dropout.apply(run.outputs, context) };
  }

  #seen(
    clips: readonly (readonly Image[])[],
    lengths: readonly number[],
    device: Device,
    context: Context,
    before: readonly FrameBefore[],
  ): Tensor {
    const { preprocessing } = this.config.input as Extract<FrameInput, { kind: 'frames' }>;
    // Without padding: the networks see each frame once.
    const x = imageBatch(clips.flat(), preprocessing, device); // [N, H, W, C]
    const parts = [this.see(x, context)];
    if (this.#motion) {
      const earlier = imageBatch(
        clips.flatMap((frames, b) => shifted(frames, before[b] as Image | null)),
        preprocessing,
        device,
      );
      parts.push(meanOfPlaces(this.#motion.apply(x.sub(earlier), context)));
    }
    const [T, B] = [Math.max(...lengths), lengths.length];
    const starts = lengths.map((_, b) => lengths.slice(0, b).reduce((sum, length) => sum + length, 0));
    const places = Array.from(
      { length: T * B },
      (_, i) => starts[i % B] + Math.min(Math.floor(i / B), lengths[i % B] - 1),
    );
    return embedding(concat(parts, -1), device.ids(places, [T, B]));
  }

  #scaled(clips: readonly (readonly ArrayLike<number>[])[], device: Device, before: readonly FrameBefore[]): Tensor {
    const F = this.#features;
    const scaled = (some: readonly (readonly ArrayLike<number>[])[]): Tensor => {
      const { values, shape } = padSequences(
        some.map((rows) => flat(rows, F)),
        { width: F },
      );
      const { mean, deviation } = this.#scaling!;
      return device.tensor(values, shape).sub(mean.value).div(deviation.value);
    };
    const xs = scaled(clips);
    if (!this.config.differences) return xs;
    const earlier = scaled(clips.map((rows, b) => shifted(rows, before[b] as ArrayLike<number> | null)));
    return concat([xs, xs.sub(earlier)], -1);
  }
}

/** Whether a network for frames is a part of the model that is trained. */
export const trainsNetwork = (input: FrameInput): boolean => input.kind === 'frames' && !input.frozen;

/** Each item's predecessor; the first one's is `before`, or itself. */
const shifted = <Item>(items: readonly Item[], before: Item | null | undefined): Item[] => [
  before ?? items[0],
  ...items.slice(0, -1),
];

function framesOf(clip: Clip): readonly Image[] {
  if ('frames' in clip) return clip.frames;
  throw new DataError('video: the model reads frames, received features');
}

function rowsOf(clip: Clip): readonly ArrayLike<number>[] {
  if ('features' in clip) return clip.features;
  throw new DataError('video: the model reads features, received frames');
}

function flat(rows: readonly ArrayLike<number>[], F: number): Float32Array {
  const numbers = new Float32Array(rows.length * F);
  for (const [t, row] of rows.entries()) {
    if (row.length !== F) {
      throw new DataError(`video: the model reads ${F} features of each frame, received ${row.length}`, {
        received: row.length,
      });
    }
    numbers.set(row, t * F);
  }
  return numbers;
}

function featureCount(shape: Shape): number {
  if (shape.length === 2 || shape.length === 4) return shape.at(-1)!;
  throw new ConfigError(
    `video: the network turns frames into ${formatShape(shape)}; it must give features [-1, F] or maps [-1, h, w, D]`,
    { shape },
  );
}

const meanOfPlaces = (y: Tensor): Tensor => (y.rank === 4 ? globalAveragePool(y) : y);
