import { gradients } from '../../autodiff/gradients.ts';
import { shown } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { mean, mul, relu, resize, sum } from '../../ops/index.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  type ClassTarget,
  classScores,
  type ImageTarget,
  type InspectedNetwork,
  imageLayers,
  noLayer,
  type PixelMap,
  requireImage,
  targetOf,
} from './network.ts';

export interface GradCamOptions {
  /** Default: the last layer whose output has more than one position. */
  readonly layer?: string | undefined;
}

export interface GradCam extends PixelMap {
  readonly layer: string;
  /** The map as the layer sees it, `[h, w]`, before it is enlarged to the size of the image. */
  readonly coarse: PixelMap;
}

/**
 * Grad-CAM (Selvaraju et al. 2017): the maps A_k of a layer, weighted by how the class answers to each of them,
 *
 *     max(0, Σ_k α_k A_k),  α_k = 1/(h w) Σ_ij ∂S/∂A_kij
 *
 * enlarged bilinearly to the size of the image. Behind the layer there is only pooling and one linear layer: then it is 1/(h w)
 * times the class activation map (Zhou et al. 2016).
 * @throws ConfigError if there is no such layer, or it has no positions, or the target is a unit
 */
export async function gradCam(
  network: InspectedNetwork,
  image: Tensor,
  target: Extract<ImageTarget, number | ClassTarget>,
  { layer: named }: GradCamOptions = {},
): Promise<GradCam> {
  const x = requireImage('gradCam', image);
  const { device } = x;
  const wanted = targetOf('gradCam', target);
  if (!('class' in wanted))
    throw new ConfigError('gradCam: the target must be a class; for units use guidedBackpropagation');
  const layer = named ?? lastSpatial(network, x);
  const [, height, width] = x.shape;
  let [h, w] = [0, 0];
  const [coarse, values] = await device.read(() => {
    const { maps, gradient } = device.withGradients(() => layerGradient(network, x, wanted, layer));
    [, h, w] = maps.shape;
    return device.withoutGradients(() => {
      const weights = mean(gradient, { axes: [1, 2], keepDims: true });
      const map = relu(sum(mul(weights, maps), { axes: -1, keepDims: true })); // [1, h, w, 1]
      return [map, resize(map, [height, width], { method: 'bilinear' })];
    });
  });
  return { height, width, values, layer, coarse: { height: h, width: w, values: coarse } };
}

/** A layer's output A and ∂S/∂A, both `[1, h, w, c]`. The pass back ends at A. */
function layerGradient(
  network: InspectedNetwork,
  x: Tensor,
  target: ClassTarget,
  layer: string,
): { maps: Tensor; gradient: Tensor } {
  let maps: Tensor | null = null;
  const seen: string[] = [];
  const observe = (name: string, value: Tensor): Tensor => {
    seen.push(name);
    if (name !== layer) return value;
    if (value.rank !== 4) {
      const shape = formatShape(value.shape);
      throw new ConfigError(`gradCam: layer ${shown(layer)} has no positions; its output has shape ${shape}`, {
        layer,
      });
    }
    maps = value.detach().track();
    return maps;
  };
  const logits = network.logits(x.detach(), { training: false, observe });
  if (maps === null) throw noLayer('gradCam', layer, seen);
  return { maps, gradient: gradients(sum(classScores('gradCam', logits, target)), [maps])[0] };
}

function lastSpatial(network: InspectedNetwork, x: Tensor): string {
  const last = imageLayers(network, x).findLast(({ shape }) => shape.length === 3 && shape[0] * shape[1] > 1);
  if (last) return last.name;
  throw new ConfigError('gradCam: the network observes no layer with positions; name one as `layer`');
}
