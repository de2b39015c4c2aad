import { AdaptiveSoftmax } from './adaptive-softmax.ts';
import { Attention } from './attention.ts';
import { LinearChainCrf } from './crf.ts';
import { Dropout } from './dropout.ts';
import { Embedding } from './embedding.ts';
import { Highway } from './highway.ts';
import type { Layer, LayerConfig } from './layer.ts';
import { type LayerKind, layerOf, type OwnParts } from './layer-kind.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { AttentionPooling } from './pooling.ts';
import { Recurrent } from './recurrent.ts';
import { Bridge } from './seq2seq/bridge.ts';
import { Decoder } from './seq2seq/decoder.ts';
import { EncoderDecoder } from './seq2seq/encoder-decoder.ts';
import { FeatureEncoder } from './seq2seq/feature-encoder.ts';
import { RecurrentEncoder } from './seq2seq/recurrent-encoder.ts';
import { Sequential } from './sequential.ts';
import { SpellingEncoder } from './spelling-encoder.ts';
import { TiedLinear } from './tied-linear.ts';
import {
  Activation,
  AveragePool2d,
  BatchNorm,
  ChannelDropout,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  DepthwiseConv2d,
  Fire,
  Flatten,
  GlobalAveragePool,
  InvertedResidual,
  MaxPool2d,
  Residual,
  SeparableConv2d,
  SqueezeExcite,
} from './vision/index.ts';
import { WordTable } from './word-table.ts';

/** Every layer of the library, by the name in its configuration. */
const kinds = {
  activation: Activation,
  adaptiveSoftmax: AdaptiveSoftmax,
  attention: Attention,
  attentionPooling: AttentionPooling,
  averagePool2d: AveragePool2d,
  batchNorm: BatchNorm,
  bridge: Bridge,
  channelDropout: ChannelDropout,
  conv1d: Conv1d,
  conv2d: Conv2d,
  convTranspose2d: ConvTranspose2d,
  crf: LinearChainCrf,
  decoder: Decoder,
  depthwiseConv2d: DepthwiseConv2d,
  dropout: Dropout,
  embedding: Embedding,
  encoderDecoder: EncoderDecoder,
  fire: Fire,
  featureEncoder: FeatureEncoder,
  flatten: Flatten,
  globalAveragePool: GlobalAveragePool,
  highway: Highway,
  invertedResidual: InvertedResidual,
  layerNorm: LayerNorm,
  linear: Linear,
  maxPool2d: MaxPool2d,
  recurrent: Recurrent,
  recurrentEncoder: RecurrentEncoder,
  residual: Residual,
  separableConv2d: SeparableConv2d,
  sequential: Sequential,
  spellingEncoder: SpellingEncoder,
  squeezeExcite: SqueezeExcite,
  tiedLinear: TiedLinear,
  wordTable: WordTable,
} satisfies Readonly<Record<string, LayerKind>>;

/** The layer that a configuration makes: a class of the library where its name is known, else one of the caller's own. */
export type LayerFrom<Config extends LayerConfig> = Config['layer'] extends keyof typeof kinds
  ? InstanceType<(typeof kinds)[Config['layer']]>
  : Layer;

/**
 * Makes a layer from its configuration, such as one read from a file: `layerFrom(layer.config)` is a layer like it, not built
 * yet, with the layers inside it.
 *
 * @param own  classes of your own layers and cells that the configuration names
 * @throws ConfigError if there is no such layer or cell, or an option that cannot work
 *
 * @example
 * const text = JSON.stringify(new Sequential([new Linear({ units: 8 }), new Scale()]).config);
 * const layer = layerFrom(JSON.parse(text), { layers: { scale: Scale } });
 */
export function layerFrom<Config extends LayerConfig>(config: Config, own: OwnParts = {}): LayerFrom<Config> {
  return layerOf(kinds, config, own) as LayerFrom<Config>;
}
