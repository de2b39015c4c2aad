import { AdaptiveSoftmax } from './adaptive-softmax.ts';
import { Attention } from './attention.ts';
import { withOwnCell } from './cells/registry.ts';
import { LinearChainCrf } from './crf.ts';
import { Embedding } from './embedding.ts';
import { Highway } from './highway.ts';
import type { Layer, LayerConfig } from './layer.ts';
import { type LayerKind, layerOf, type OwnParts } from './layer-kind.ts';
import { AttentionPooling } from './pooling.ts';
import { Recurrent } from './recurrent.ts';
import { Bridge } from './seq2seq/bridge.ts';
import { Decoder } from './seq2seq/decoder.ts';
import { EncoderDecoder } from './seq2seq/encoder-decoder.ts';
import { FeatureEncoder } from './seq2seq/feature-encoder.ts';
import { RecurrentEncoder } from './seq2seq/recurrent-encoder.ts';
import { TransformerReader } from './seq2seq/transformer-reader.ts';
import { SpellingEncoder } from './spelling-encoder.ts';
import { StackedAttention } from './stacked-attention.ts';
import { TiedLinear } from './tied-linear.ts';
import { TransformerDecoder } from './transformer/decoder.ts';
import { TransformerEncoder } from './transformer/encoder.ts';
import { Transformer } from './transformer/transformer.ts';
import { FilterAttention } from './vision/filter-attention.ts';
import { imageLayers } from './vision/image-layers.ts';
import { WordTable } from './word-table.ts';

/** Every layer of the library, by the name in its configuration. */
const kinds = {
  ...imageLayers,
  adaptiveSoftmax: AdaptiveSoftmax,
  attention: Attention,
  attentionPooling: AttentionPooling,
  bridge: Bridge,
  crf: LinearChainCrf,
  decoder: Decoder,
  embedding: Embedding,
  encoderDecoder: EncoderDecoder,
  featureEncoder: FeatureEncoder,
  filterAttention: FilterAttention,
  highway: Highway,
  recurrent: Recurrent,
  recurrentEncoder: RecurrentEncoder,
  spellingEncoder: SpellingEncoder,
  stackedAttention: StackedAttention,
  tiedLinear: TiedLinear,
  transformer: Transformer,
  transformerDecoder: TransformerDecoder,
  transformerReader: TransformerReader,
  transformerEncoder: TransformerEncoder,
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
  return layerOf(kinds, config, own, withOwnCell) as LayerFrom<Config>;
}
