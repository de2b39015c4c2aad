import { imageBatch } from '../../images/index.ts';
import { type Parameters, requireSaved, type SavedParameters } from '../../nn/parameters.ts';
import type { StopSignal } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import { breathe } from '../../train/breathe.ts';
import { type Clip, requireClip } from './clip.ts';
import { type ClipNetwork, trainsNetwork } from './clip-network.ts';
import type { ClipNetworkConfig } from './config.ts';

export interface ClipOptions {
  readonly signal?: StopSignal | undefined;
}

/** Frames that are computed together: images, and vectors. */
export const together = { frames: 128, features: 4096 };

/** A model whose eyes are a network for clips: what all models of videos share. */
export abstract class ClipReader<Config extends ClipNetworkConfig> {
  readonly device: Device;
  readonly config: Config;
  readonly network: ClipNetwork;
  /** Those of the network for frames are under `network.`, the scaling of features under `scaling.`. */
  abstract readonly parameters: Parameters;

  constructor(device: Device, config: Config, network: ClipNetwork) {
    this.device = device;
    this.config = config;
    this.network = network;
  }

  /**
   * Copies pretrained weights into the network for frames, before training; those of other layers are ignored.
   * @throws FormatError if one is missing, or of another shape
   */
  takeNetwork(weights: SavedParameters): void {
    const prefix = 'network.';
    const named = Object.fromEntries(Object.entries(weights).map(([name, value]) => [prefix + name, value]));
    const own = [...this.parameters].filter(({ name }) => name.startsWith(prefix));
    for (const parameter of own) requireSaved(named, parameter);
    for (const { name, value } of own) this.device.backend.write(value, named[name].data);
  }

  /** Sets mean and deviation of features that are not trained to those of clips, before training. */
  takeScaling(clips: Iterable<Clip>): void {
    const { features: F } = this.network;
    const [sums, squares] = [new Float64Array(F), new Float64Array(F)];
    let frames = 0;
    for (const clip of clips) {
      if (!('features' in clip)) continue;
      for (const row of clip.features) {
        frames++;
        for (let f = 0; f < F; f++) {
          sums[f] += row[f];
          squares[f] += row[f] ** 2;
        }
      }
    }
    if (frames === 0 || trainsNetwork(this.config.input)) return;
    const mean = sums.map((sum) => sum / frames);
    // A feature that never changes has no deviation to divide by.
    const deviation = squares.map((sum, f) => Math.sqrt(Math.max(0, sum / frames - mean[f] ** 2)) || 1);
    this.device.backend.write(this.parameters.get('scaling.mean'), Float32Array.from(mean));
    this.device.backend.write(this.parameters.get('scaling.deviation'), Float32Array.from(deviation));
  }

  /** The clips as the trained part of the model reads them: with a frozen network, its features. */
  async prepared(clips: readonly Clip[], { signal }: ClipOptions = {}): Promise<Clip[]> {
    for (const clip of clips) requireClip('video', clip);
    const { input } = this.config;
    const found: Clip[] = [];
    for (const clip of clips) {
      if (input.kind === 'features' || !input.frozen || !('frames' in clip)) {
        found.push(clip);
        continue;
      }
      const rows: Float32Array[] = [];
      for (let from = 0; from < clip.frames.length; from += together.frames) {
        await breathe(signal);
        const part = clip.frames.slice(from, from + together.frames);
        const flat = await this.device.read(() =>
          this.device.withoutGradients(() => this.network.see(imageBatch(part, input.preprocessing, this.device))),
        );
        const F = this.network.features;
        for (let t = 0; t < part.length; t++) rows.push(Float32Array.from(flat.subarray(t * F, (t + 1) * F)));
      }
      found.push({ features: rows });
    }
    return found;
  }
}
