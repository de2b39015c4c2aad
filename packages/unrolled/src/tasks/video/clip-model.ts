import { shown } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import type { StackState } from '../../nn/sequence-layer.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Numbers } from '../../tensor/tensors-in.ts';
import { breathe } from '../../train/breathe.ts';
import { type Clip, framesAt, lengthOf } from './clip.ts';
import { ClipNetwork, type EmbeddedClips, type FrameBefore, trainsNetwork } from './clip-network.ts';
import { type ClipOptions, ClipReader, together } from './clip-reader.ts';
import type { ClipNetworkConfig } from './config.ts';

/** What is remembered of a clip that goes on: of bounded size, however long the clip. */
export interface ClipState {
  readonly before: FrameBefore;
  readonly stack: Numbers<StackState> | null;
}

export const beginning: ClipState = { before: null, stack: null };

/** A network for clips with a linear layer to K labels behind it. */
export class ClipModel<Config extends ClipNetworkConfig> extends ClipReader<Config> {
  readonly labels: readonly string[];
  readonly parameters: Parameters;
  readonly #output: Linear;

  constructor(
    device: Device,
    config: Config,
    labels: readonly string[],
    inOrder: boolean,
    initial: number | SavedParameters,
  ) {
    super(device, config, new ClipNetwork(config, inOrder));
    if (new Set(labels).size < 2)
      throw new ConfigError(`video: at least two labels are needed, received ${shown(labels)}`);
    this.labels = labels;
    this.#output = new Linear({ units: labels.length });
    this.parameters = initialiseParameters(this, null, device, initial);
  }

  build(_: null, declarations: Declarations): void {
    this.#output.build(this.network.build(declarations), declarations.within('output'));
  }

  /** Vectors of recurrent layers or of features, `[…, D]` → logits `[…, K]`. */
  logitsOf(vectors: Tensor): Tensor {
    return this.#output.apply(vectors);
  }

  /** Logits of each frame, `[T, B, K]`. */
  frameLogits(embedded: EmbeddedClips, context: Context = inference): Tensor {
    return this.logitsOf(this.network.run(embedded, context).outputs);
  }

  /**
   * Rows of each frame: its logits, or its embedded features. Clips that are short go together, long ones in parts; neither
   * changes a bit.
   */
  async rows(
    clips: readonly Clip[],
    what: 'logits' | 'features',
    { signal }: ClipOptions = {},
  ): Promise<Float64Array[][]> {
    const read = await this.prepared(clips, { signal });
    const found: Float64Array[][] = read.map(() => []);
    const most = trainsNetwork(this.config.input) ? together.frames : together.features;
    const cuts = what === 'features' || !this.config.bidirectional;
    const short = read.map((_, i) => i).filter((i) => !cuts || lengthOf(read[i]) <= most);
    short.sort((a, b) => lengthOf(read[b]) - lengthOf(read[a]));
    while (short.length > 0) {
      await breathe(signal);
      const batch = short.splice(0, Math.max(1, Math.floor(most / lengthOf(read[short[0]]))));
      const some = batch.map((i) => read[i]);
      const { rows } = await this.#read(some, what, beginning);
      for (const [b, i] of batch.entries()) found[i] = rows[b];
    }
    for (const [i, clip] of read.entries()) {
      let state = beginning;
      for (let from = found[i].length; from < lengthOf(clip); from += most) {
        await breathe(signal);
        const at = Array.from({ length: Math.min(most, lengthOf(clip) - from) }, (_, t) => from + t);
        const part = await this.#read([framesAt(clip, at)], what, state);
        found[i].push(...part.rows[0]);
        state = part.state;
      }
    }
    return found;
  }

  /** Rows of frames that follow a state, and the state after them. */
  async next(
    clip: Clip,
    what: 'logits' | 'features',
    state: ClipState,
  ): Promise<{ rows: Float64Array[]; state: ClipState }> {
    const [read] = await this.prepared([clip]);
    const { rows, state: after } = await this.#read([read], what, state);
    return { rows: rows[0], state: after };
  }

  async #read(
    clips: readonly Clip[],
    what: 'logits' | 'features',
    { before, stack }: ClipState,
  ): Promise<{ rows: Float64Array[][]; state: ClipState }> {
    const { device, network } = this;
    const read = await device.read(() =>
      device.withoutGradients(() => {
        const embedded = network.embed(clips, device, inference, [before]);
        if (what === 'features') return { values: embedded.xs, state: [] };
        const { outputs, state } = network.run(embedded, inference, this.#stack(stack));
        return { values: this.logitsOf(outputs), state };
      }),
    );
    const [B, lengths] = [clips.length, clips.map(lengthOf)];
    const width = read.values.length / Math.max(...lengths) / B;
    const rows = lengths.map((length, b) =>
      Array.from({ length }, (_, t) =>
        Float64Array.from(read.values.subarray((t * B + b) * width, (t * B + b + 1) * width)),
      ),
    );
    const last = clips.length === 1 ? framesAt(clips[0], [lengths[0] - 1]) : null;
    const after = last && ('frames' in last ? last.frames[0] : last.features[0]);
    return { rows, state: { before: after, stack: read.state as Numbers<StackState> } };
  }

  /** The state of recurrent layers from its numbers. */
  #stack(numbers: Numbers<StackState> | null): StackState | null {
    const { recurrent } = this.network;
    if (numbers === null || !recurrent) return null;
    const like = recurrent.initialState(1, this.device);
    return like.map((parts, i) =>
      Object.fromEntries(
        Object.entries(parts).map(([name, part]) => {
          const values = (numbers[i] as Readonly<Record<string, Float32Array>>)[name];
          return [name, this.device.tensor(values, part.shape)];
        }),
      ),
    );
  }

  /** Logits of vectors that were put together on this side. */
  async logitsOfFeatures(rows: readonly ArrayLike<number>[]): Promise<Float64Array[]> {
    const { device } = this;
    const F = rows[0].length;
    const flat = new Float32Array(rows.length * F);
    for (const [i, row] of rows.entries()) flat.set(row, i * F);
    const values = await device.read(() =>
      device.withoutGradients(() => {
        const xs = device.tensor(flat, [1, rows.length, F]);
        return this.frameLogits({ xs, lengths: rows.map(() => 1) });
      }),
    );
    const K = this.labels.length;
    return rows.map((_, i) => Float64Array.from(values.subarray(i * K, (i + 1) * K)));
  }
}
