import { type Image, imageBatch, type Preprocessing } from '../../images/index.ts';
import type { InspectedNetwork } from '../../inspect/index.ts';
import { softmaxOf } from '../../metrics/label-predictions.ts';
import type { Parameters } from '../../nn/parameters.ts';
import type { Device } from '../../tensor/device.ts';
import type { ImageNetwork } from '../../vision/index.ts';
import { ImageClassifier } from './model.ts';

/** A network that classifies images, whatever file it comes from, as the maps of `unrolled/inspect` take it. */
export interface InspectedClassifier extends InspectedNetwork {
  readonly device: Device;
  readonly preprocessing: Preprocessing;
  /** By class; null where the file does not say them. */
  readonly labels: readonly string[] | null;
  readonly parameters: Parameters;
  /** The probability of each class: of a trained classifier what its `predict` gives, with its temperature and mirror image. */
  probabilities(image: Image): Promise<Float64Array>;
}

/**
 * A pretrained network or a trained classifier, to be looked into.
 *
 * @example
 * const network = inspectedClassifier(ImageClassifier.load(device, file));
 * const map = await gradCam(network, imageBatch([image], network.preprocessing, device), 0);
 */
export function inspectedClassifier(network: ImageNetwork | ImageClassifier): InspectedClassifier {
  const { device, preprocessing, labels, parameters } = network;
  const about = { device, preprocessing, labels, parameters };
  if (network instanceof ImageClassifier) {
    return {
      ...about,
      logits: (x, context) => network.apply(x, context),
      async probabilities(image) {
        const [logits] = await network.logits([image]);
        return softmaxOf(logits, network.temperature);
      },
    };
  }
  return {
    ...about,
    logits: (x, context) => network.logits(x, context),
    async probabilities(image) {
      const logits = await device.read(() =>
        device.withoutGradients(() => network.logits(imageBatch([image], preprocessing, device))),
      );
      return softmaxOf(logits, 1);
    },
  };
}
