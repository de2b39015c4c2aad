import { ConfigError, type Device, openDevice, type Tensor, unlessAborted } from 'unrolled';
import { type Image, imageBatch, imagesFromBatch, inputSize, valueRange } from 'unrolled/images';
import {
  ascent,
  type ChannelMap,
  drawGradient,
  drawMap,
  featureMaps,
  gradCam,
  guidedBackpropagation,
  imageLayers,
  occlusion,
  overlayMap,
  type PixelMap,
  saliency,
  smoothGrad,
  strongestChannel,
  styleTransfer,
} from 'unrolled/inspect';
import { ImageClassifier, type InspectedClassifier, inspectedClassifier } from 'unrolled/tasks/classify-images';
import { isModelFile } from 'unrolled/train';
import { ImageNetwork, openImageNetwork } from 'unrolled/vision';
import type {
  GrowInput,
  GrowingImage,
  PaintInput,
  SeeAbout,
  SeeMapInput,
  SeenImage,
  SeenLayer,
  SeenMap,
} from '../protocol-see.ts';

/** A network that looks at one image at a time, on a device of its own. */
export class Seeing {
  readonly device: Device;
  readonly #network: InspectedClassifier;
  readonly about: SeeAbout;
  /** The image it looks at. */
  #x: Tensor | null = null;
  #stop = new AbortController();

  private constructor(device: Device, network: InspectedClassifier) {
    this.device = device;
    this.#network = network;
    const [height, width] = inputSize(network.preprocessing);
    const channels = network.preprocessing.mean.length;
    const layers = device.scope(() => imageLayers(network, device.zeros([height, width, channels])));
    const K = layers.at(-1)?.shape.at(-1) ?? 0;
    const labels = network.labels ?? Array.from({ length: K }, (_, k) => `class ${k}`);
    this.about = { labels, height, width, parameters: network.parameters.size, layers };
  }

  /** @throws FormatError, ConfigError if the file holds no network for images */
  static async open(file: Uint8Array, untrained: boolean): Promise<Seeing> {
    const device = await openDevice('wasm', { threads: 1 });
    try {
      return new Seeing(device, openNetwork(device, file, untrained));
    } catch (error) {
      device.close();
      throw error;
    }
  }

  close(): void {
    this.stop();
    this.device.close();
  }

  /** Aborts what runs. @returns the signal of what comes next */
  begin(): AbortSignal {
    this.stop();
    this.#stop = new AbortController();
    return this.#stop.signal;
  }

  stop(): void {
    this.#stop.abort();
  }

  get #image(): Tensor {
    if (this.#x === null) throw new ConfigError('there is no image yet; give one first');
    return this.#x;
  }

  async look(image: Image): Promise<SeenImage> {
    const { device } = this;
    const { preprocessing } = this.#network;
    this.stop();
    device.release(this.#x);
    const x = device.keep(imageBatch([image], preprocessing, device));
    this.#x = x;
    const [pixels, probabilities] = [await x.read(), await this.#network.probabilities(image)];
    const classes = Array.from(probabilities, (probability, index) => {
      return { index, label: this.about.labels[index], probability };
    }).sort((a, b) => b.probability - a.probability);
    return { picture: imagesFromBatch(pixels, preprocessing)[0], classes };
  }

  async layer(name: string): Promise<SeenLayer> {
    const { height, width, channels, values } = await featureMaps(this.#network, this.#image, name);
    return { height, width, channels, values: Float32Array.from(values) };
  }

  async map(input: SeeMapInput, signal: AbortSignal, tell: (share: number) => void): Promise<SeenMap | null> {
    const x = this.#image;
    const found = await unlessAborted(this.#compute(x, input, signal, tell), signal);
    if (!found || signal.aborted) return null;
    const { map, gradient } = found;
    const { order } = this.#network.preprocessing;
    const [picture] = imagesFromBatch(await x.read(), this.#network.preprocessing);
    return {
      method: input.method,
      ...{ height: map.height, width: map.width, values: Float32Array.from(map.values) },
      alone: gradient ? drawGradient(gradient, { order }) : drawMap(map),
      over: overlayMap(picture, map, { opacity: 1 }),
    };
  }

  async #compute(
    x: Tensor,
    { method, target }: SeeMapInput,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<{ map: PixelMap; gradient?: ChannelMap }> {
    const network = this.#network;
    switch (method) {
      case 'occlusion':
        return { map: await occlusion(network, x, target, { signal, onProgress, batch: 8 }) };
      case 'saliency':
        return { map: await saliency(network, x, target) };
      case 'smoothgrad':
        return { map: await smoothGrad(network, x, target, { signal }) };
      case 'guided': {
        const gradient = await guidedBackpropagation(network, x, target);
        return { map: strongestChannel(gradient), gradient };
      }
      case 'gradcam':
        if (!('class' in target)) throw new ConfigError('Grad-CAM explains a class; choose one, or another method');
        return { map: await gradCam(network, x, target) };
    }
  }

  grow({ target, steps, seed }: GrowInput, signal: AbortSignal, tell: (part: GrowingImage) => void): Promise<boolean> {
    const { preprocessing } = this.#network;
    const shape = [...inputSize(preprocessing), preprocessing.mean.length] as const;
    const options = { shape: shape as [number, number, number], steps, seed, signal, ...valueRange(preprocessing) };
    return this.#tellAll(ascent(this.device, this.#network, target, options), signal, ({ step, score, image }) =>
      tell({ step, score, image: imagesFromBatch(image.values, preprocessing)[0] }),
    );
  }

  paint(
    { style, styleWeight, steps }: PaintInput,
    signal: AbortSignal,
    tell: (part: GrowingImage) => void,
  ): Promise<boolean> {
    const { preprocessing } = this.#network;
    const images = { content: this.#image, style: imageBatch([style], preprocessing, this.device) };
    const options = { steps, styleWeight, signal, ...valueRange(preprocessing) };
    return this.#tellAll(styleTransfer(this.#network, images, options), signal, ({ step, style: score, image }) =>
      tell({ step, score, image: imagesFromBatch(image.values, preprocessing)[0] }),
    );
  }

  /** Tells every step, and lets messages in between them. @returns whether it came to its end */
  async #tellAll<Step>(steps: AsyncIterable<Step>, signal: AbortSignal, tell: (step: Step) => void): Promise<boolean> {
    const all = async (): Promise<true> => {
      for await (const step of steps) {
        tell(step);
        await new Promise((resolve) => setTimeout(resolve));
      }
      return true;
    };
    return (await unlessAborted(all(), signal)) ?? false;
  }
}

function openNetwork(device: Device, file: Uint8Array, untrained: boolean): InspectedClassifier {
  if (!isModelFile(file)) {
    const found = openImageNetwork(file, device);
    return inspectedClassifier(untrained ? new ImageNetwork(device, found.describe(), 1) : found);
  }
  const found = ImageClassifier.load(device, file);
  return inspectedClassifier(untrained ? ImageClassifier.from(device, found.describe(), 1) : found);
}
