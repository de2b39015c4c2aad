import {
  anything,
  count,
  type Kinds,
  listOfKind,
  number,
  oneOf,
  requireOptions,
  seed as seedKind,
} from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { add, mul, reciprocal, scale, square, sub, sum } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { type StopSignal, throwIfAborted } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ChannelMap, type InspectedNetwork, imageLayers, requireImage, runLayers } from './network.ts';
import { Picture, totalVariation, unitOfRange, type ValueRange } from './picture.ts';

export interface StyleOptions extends ValueRange {
  /** Layers whose outputs are to be those of the content. Default: `styleLayers` of the network. */
  readonly contentLayers?: readonly string[] | undefined;
  /** Layers whose Gram matrices are to be those of the style. Default: `styleLayers` of the network. */
  readonly styleLayers?: readonly string[] | undefined;
  /** α. Default 1. */
  readonly contentWeight?: number | undefined;
  /** β. Default 10. */
  readonly styleWeight?: number | undefined;
  /** γ of the total variation. Default 0.1. */
  readonly variationWeight?: number | undefined;
  /** Where it begins. Default 'content'. */
  readonly start?: 'content' | 'noise' | undefined;
  /** Default 300. */
  readonly steps?: number | undefined;
  /** Of Adam, in units of high − low. Default 0.02. */
  readonly learningRate?: number | undefined;
  /** Steps from one image to the next. Default 1. */
  readonly every?: number | undefined;
  /** Of the noise. Default 1. */
  readonly seed?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

const weight = number({ from: 0 });
const names = listOfKind({ must: 'the name of a layer', fits: (value) => typeof value === 'string' });
const kinds: Kinds<StyleOptions> = {
  contentLayers: names,
  styleLayers: names,
  contentWeight: weight,
  styleWeight: weight,
  variationWeight: weight,
  start: oneOf(['content', 'noise']),
  low: anything,
  high: anything,
  steps: count,
  learningRate: number({ above: 0 }),
  every: count,
  seed: seedKind,
  signal: anything,
};

/** An image on its way, with the parts of its loss before the last step. */
export interface Styled {
  readonly step: number;
  readonly loss: number;
  /** Each as a share of what is to be reached: 0 is reached, 1 is as far as nothing. */
  readonly content: number;
  readonly style: number;
  readonly image: ChannelMap;
}

/**
 * Style transfer (Gatys et al. 2016): an image whose layers are those of one image and whose textures, the Gram matrices of its
 * layers, are those of another. With the outputs F_l of a layer l as `[h·w, c]` and G_l = F_lᵀF_l/(h·w),
 *
 *     L = α Σ_l ‖F_l − F_l(content)‖²/‖F_l(content)‖² + β/n Σ_l ‖G_l − G_l(style)‖²/‖G_l(style)‖² + γ TV(I)/TV(content)
 *
 * The paper's losses are divided by what they compare with, so that the same weights serve every network and layer. Adam
 * changes the image; content and style may have different sizes.
 * @throws ConfigError if a layer does not exist
 */
export async function* styleTransfer(
  network: InspectedNetwork,
  images: { readonly content: Tensor; readonly style: Tensor },
  options: StyleOptions = {},
): AsyncGenerator<Styled, void, undefined> {
  requireOptions('styleTransfer', options, kinds);
  const { contentWeight = 1, styleWeight = 10, variationWeight = 0.1, steps = 300, learningRate = 0.02 } = options;
  const { start = 'content', every = 1, seed = 1, signal } = options;
  const content = requireImage('styleTransfer', images.content);
  const style = requireImage('styleTransfer', images.style);
  const { device } = content;
  const layers = layersFor(network, content, options);
  const all = [...new Set([...layers.content, ...layers.style])];
  const run = (x: Tensor, wanted: readonly string[]): ((layer: string) => Tensor) => {
    const found = runLayers('styleTransfer', network, x, wanted);
    return (layer) => found.get(layer)!;
  };
  const goal = device.keep(
    device.withoutGradients(() =>
      device.scope(() => {
        const [contentOf, styleOf] = [run(content, layers.content), run(style, layers.style)];
        return {
          content: layers.content.map((layer) => goalOf(contentOf(layer))),
          style: layers.style.map((layer) => goalOf(gram(styleOf(layer)))),
          variation: inverse(totalVariation(content)),
        };
      }),
    ),
  );
  const begin =
    start === 'content' ? await content.read() : noise(content.size, new Random(seed), 0.1 * unitOfRange(options));
  const picture = new Picture(device, content.shape, begin, options);
  try {
    for (let step = 1; step <= steps; step++) {
      throwIfAborted(signal);
      const { loss, content, style } = await picture.descend((image) => {
        const of = run(image, all);
        const content = layers.content.map((layer, i) => distance(of(layer), goal.content[i])).reduce(add);
        const grams = layers.style.map((layer, i) => distance(gram(of(layer)), goal.style[i])).reduce(add);
        const style = scale(grams, 1 / layers.style.length);
        const variation = mul(totalVariation(image), goal.variation);
        const loss = add(
          add(scale(content, contentWeight), scale(style, styleWeight)),
          scale(variation, variationWeight),
        );
        return { loss, content, style };
      }, learningRate * unitOfRange(options));
      if (step % every === 0 || step === steps) yield { step, loss, content, style, image: await picture.read() };
    }
  } finally {
    device.release(goal);
    picture.close();
  }
}

/** What is to be reached, and 1/‖what is to be reached‖². */
interface Goal {
  readonly value: Tensor;
  readonly weight: Tensor;
}

const goalOf = (value: Tensor): Goal => ({ value, weight: inverse(sum(square(value))) });

/** 1/x, and no more than can be computed with where a layer is silent. */
const inverse = (x: Tensor): Tensor => reciprocal(add(x, 1e-12));

const distance = (value: Tensor, goal: Goal): Tensor => mul(sum(square(sub(value, goal.value))), goal.weight);

/** The Gram matrix of a layer's maps, FᵀF/(h·w) `[c, c]`: which channels are active together, wherever that is. */
export function gram(maps: Tensor): Tensor {
  const [, h, w, c] = maps.shape;
  const F = maps.reshape([h * w, c]);
  return scale(F.matmul(F, { transposeA: true }), 1 / (h * w));
}

const noise = (size: number, random: Random, deviation: number): Float64Array =>
  Float64Array.from({ length: size }, () => deviation * random.normal());

interface StyleLayers {
  readonly content: readonly string[];
  readonly style: readonly string[];
}

/**
 * The layers that `styleTransfer` compares by default: the last one at each resolution down to an eighth of the image's for the
 * style (as Johnson et al. 2016 choose them in VGG), and of these the last but one for the content.
 * @throws ConfigError if the network observes no layer with positions
 */
export function styleLayers(network: InspectedNetwork, image: Tensor): StyleLayers {
  const [, H] = requireImage('styleLayers', image).shape;
  const byHeight = new Map<number, string>();
  for (const { name, shape } of imageLayers(network, image)) {
    if (shape.length === 3 && shape[0] >= H / 10) byHeight.set(shape[0], name);
  }
  const style = [...byHeight.values()];
  if (style.length === 0) {
    throw new ConfigError(
      'styleLayers: the network observes no layer with positions; name contentLayers and styleLayers',
    );
  }
  return { style, content: [style[Math.max(0, style.length - 2)]] };
}

function layersFor(
  network: InspectedNetwork,
  image: Tensor,
  { contentLayers, styleLayers: named }: StyleOptions,
): StyleLayers {
  if (contentLayers && named) return { content: contentLayers, style: named };
  const found = styleLayers(network, image);
  return { content: contentLayers ?? found.content, style: named ?? found.style };
}
