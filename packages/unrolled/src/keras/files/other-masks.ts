import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { KerasLayer, KerasLayerConfig } from '../layer.ts';
import type { Model } from '../model.ts';
import type { SymbolicTensor } from '../symbolic.ts';

type Options = KerasLayerConfig & {
  readonly maskZero?: boolean;
  readonly returnSequences?: boolean;
  readonly zeroOutputForMask?: boolean;
  readonly useMask?: boolean;
  readonly of?: Options;
};

/** Layers to which TensorFlow.js gives no mask: it throws. */
const unmasked =
  /^(flatten|reshape|permute|repeatVector|conv|depthwise|separable|max\w*Pooling|average\w*Pooling|global|zeroPadding|cropping|upSampling)/;
const recurrent = /^(simpleRNN|lstm|gru|rnn|bidirectional)$/;

/** The layers of a model to which a mask comes, those of models inside left out. */
function maskedLayers(model: Model<unknown>): ReadonlySet<KerasLayer<unknown>> {
  const masked = new Set<SymbolicTensor>();
  const found = new Set<KerasLayer<unknown>>();
  for (const { layer, inputs, outputs } of model.graph.nodes) {
    const { layer: kind, maskZero, of, returnSequences = of?.returnSequences } = layer!.config as Options;
    const isMasked = inputs.some((symbol) => masked.has(symbol));
    if (isMasked) found.add(layer!);
    const ends = unmasked.test(kind) || kind === 'attentionPooling' || (recurrent.test(kind) && !returnSequences);
    const makes = kind === 'masking' || maskZero === true;
    if (makes || (isMasked && !ends)) masked.add(outputs[0]);
  }
  return found;
}

/** @throws FormatError for a layer that computes masked steps otherwise in the program that it is written for, or takes no mask there */
export function refuseOtherMasks(model: Model<unknown>, isTfjs: boolean): void {
  for (const layer of maskedLayers(model)) {
    const { layer: kind, of, useMask } = layer.config as Options;
    const refuse = (why: string): never => {
      const name = model.nameOf(layer);
      throw new FormatError(`keras: layer ${shown(name)} (${kind}): ${why}`, { layer: name });
    };
    if (isTfjs && unmasked.test(kind)) refuse('TensorFlow.js takes no mask there');
    // It repeats the output before a masked step, where Keras and this library give zeros.
    if (isTfjs && kind === 'bidirectional' && of?.returnSequences === true && of.zeroOutputForMask !== false) {
      refuse('TensorFlow.js computes its masked steps otherwise');
    }
    if (kind === 'globalMaxPooling1D' && useMask !== false) {
      refuse('Keras takes padding into the maximum; with useMask: false it does here, too');
    }
  }
}
