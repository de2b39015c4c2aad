import { type Image, imageBatch, type Preprocessing } from '../../images/index.ts';
import { initialiseParameters } from '../../nn/layer.ts';
import { binaryCrossEntropyLoss } from '../../nn/losses.ts';
import type { Parameters, SavedParameters } from '../../nn/parameters.ts';
import { add, exp, mul, scale, stack, sub, sum } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { completeConfig, type DrawConfig, type DrawDescription } from './config.ts';
import { drawDescription } from './description.ts';
import { DrawNetwork, type DrawState } from './network.ts';

/** What is known of images after they were drawn, all of them in nats. */
export interface Bound {
  /** −log p(x | z), `[B]`. */
  readonly reconstruction: Tensor;
  /** KL(Q(z_t | x, z_<t) ‖ P(z_t)) of each step, `[T, B]`. */
  readonly divergence: Tensor;
  /** log p(x, z) − log Q(z | x) of the z that were drawn, `[B]`: the logarithm of an importance weight. */
  readonly logWeight: Tensor;
  /** Logits of the pixels, `[B, H, W]`. */
  readonly canvas: Tensor;
}

/**
 * Draws images step by step, and learns from images of binary pixels by the variational bound (Gregor 2015):
 *
 *     −log p(x) ≤ E_Q[−log p(x | z)] + Σ_t KL(Q(z_t | x, z_<t) ‖ N(0, 1))
 *
 * with z = μ + σ ε, ε ~ N(0, 1) (Kingma & Welling 2014). Parameters: those of `DrawNetwork`.
 *
 * @example
 * const device = await openDevice();
 * const model = DrawModel.load(device, await (await fetch('digits.safetensors')).arrayBuffer());
 * const [drawing] = await drawings(model, [{ seed: 1 }]);
 */
export class DrawModel {
  readonly device: Device;
  readonly config: Required<DrawConfig>;
  readonly network: DrawNetwork;
  readonly parameters: Parameters;

  /**
   * @param initial  a seed, or saved parameters
   * @throws ConfigError on an invalid configuration; FormatError if saved parameters do not fit it
   */
  constructor(device: Device, config: DrawConfig, initial: number | SavedParameters = 1) {
    this.device = device;
    this.config = completeConfig(config);
    this.network = new DrawNetwork(this.config);
    this.parameters = initialiseParameters(this.network, [-1, config.height, config.width], device, initial);
  }

  /** @throws FormatError if the description is not one, or does not fit the parameters */
  static from(device: Device, description: DrawDescription, initial: number | SavedParameters = 1): DrawModel {
    return new DrawModel(device, drawDescription(description, 'model').config, initial);
  }

  /** Loads an exported model or a checkpoint. @throws FormatError if the file is damaged or of another task */
  static load(device: Device, source: ModelSource): DrawModel {
    return loadModel(source, 'draw', (description, parameters) =>
      DrawModel.from(device, description as DrawDescription, parameters),
    );
  }

  describe(): DrawDescription {
    return { task: 'draw', config: this.config };
  }

  /** How images become what it draws: grey, white as 1. */
  get preprocessing(): Preprocessing {
    return { size: [this.config.height, this.config.width], mean: [0], std: [1] };
  }

  /** Images with binary pixels: each is white with the probability that its brightness says. `[B, H, W]` */
  binarised(images: readonly Image[], random: Random): Tensor {
    const { height, width } = this.config;
    const grey = this.device.withoutGradients(() => imageBatch(images, this.preprocessing, this.device));
    const noise = Float32Array.from({ length: grey.size }, () => random.uniform());
    return this.device.tensor(noise, grey.shape).less(grey).reshape([images.length, height, width]);
  }

  /**
   * Draws images x `[B, H, W]` of pixels 0 and 1, by z from Q.
   * @param random  of ε; null: z = μ
   */
  bound(x: Tensor, random: Random | null): Bound {
    const { device, network, config } = this;
    const [B] = x.shape;
    const divergences: Tensor[] = [];
    let state = network.begin(B, device);
    let logRatio: Tensor = device.zeros([B]);
    for (let t = 0; t < config.glimpses; t++) {
      const { mean, logDeviation, divergence, encoder } = network.encode(x, state);
      const noise = random ? normals(device, [B, config.latent], random) : device.zeros([B, config.latent]);
      const z = add(mean, mul(exp(logDeviation), noise));
      // log N(z; 0, 1) − log N(z; μ, σ²), in which ½ log 2π cancels
      const ratio = add(scale(sub(noise.square(), z.square()), 0.5), logDeviation);
      logRatio = add(logRatio, sum(ratio, { axes: -1 }));
      divergences.push(divergence);
      state = network.decode(z, { ...state, encoder }).state;
    }
    const { canvas } = state;
    const reconstruction = sum(binaryCrossEntropyLoss(canvas, x, { reduction: 'none' }), { axes: [1, 2] });
    return { reconstruction, divergence: stack(divergences), logWeight: sub(logRatio, reconstruction), canvas };
  }

  /** The recorded mean bound of images x, in nats. */
  loss(x: Tensor, random: Random): Tensor {
    const { reconstruction, divergence } = this.bound(x, random);
    return scale(add(sum(reconstruction), sum(divergence)), 1 / x.shape[0]);
  }

  /** μ of each step, by which images would be drawn again: `[B, Z]` for each t. */
  latents(x: Tensor): Tensor[] {
    const { device, network, config } = this;
    const found: Tensor[] = [];
    let state: DrawState = network.begin(x.shape[0], device);
    for (let t = 0; t < config.glimpses; t++) {
      const { mean, encoder } = network.encode(x, state);
      found.push(mean);
      state = network.decode(mean, { ...state, encoder }).state;
    }
    return found;
  }
}

/** Numbers from N(0, 1). */
export function normals(device: Device, shape: readonly number[], random: Random): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return device.tensor(
    Float32Array.from({ length: count }, () => random.normal()),
    shape,
  );
}
