import { FormatError } from '../../errors.ts';
import { StateDict } from '../state-dict.ts';
import type { Layout } from './layout.ts';

/**
 * BERT's names (Devlin 2019), with a head for masked words: norms after each part, learnt positions, exact GELU. The vector of
 * segment A stands in the positions, since texts are read as one segment; what the pretraining on pairs of sentences added, is
 * left out.
 */
export const bert: Layout = ({ config, weights, tokenizer }) => {
  config.require('position_embedding_type', 'absolute');
  config.require('is_decoder', false);
  config.require('add_cross_attention', false);
  const [layers, heads] = [config.layers('num_hidden_layers', weights), config.count('num_attention_heads')];
  const [V, E, units] = [config.count('vocab_size'), config.count('hidden_size'), config.count('intermediate_size')];
  const [context, segments] = [config.count('max_position_embeddings'), config.count('type_vocab_size', 2)];
  const [activation, epsilon] = [config.activation('hidden_act', 'gelu'), config.positive('layer_norm_eps', 1e-12)];
  const dict = new StateDict(weights, {
    prefixes: ['bert.'],
    ignored: /^embeddings\.(position_ids|token_type_ids)$/,
    leftOut: { names: /^(pooler\.|cls\.seq_relationship\.)/, what: 'what predicts the next sentence' },
    renamed: [
      [/LayerNorm\.gamma$/, 'LayerNorm.weight'],
      [/LayerNorm\.beta$/, 'LayerNorm.bias'],
    ],
  });
  if (!dict.has('cls.predictions.transform.dense.weight')) {
    throw new FormatError(
      "BERT: it has no head for masked words ('cls.predictions.…'); take a file of BertForMaskedLM or BertForPreTraining",
    );
  }
  const embeddings = 'embeddings.word_embeddings.weight';
  dict.copy('encoder.embedding.weight', embeddings, [V, E]);
  const positions = dict.take('embeddings.position_embeddings.weight', [context, E]);
  const segment = dict.take('embeddings.token_type_embeddings.weight', [segments, E]);
  const places = Float32Array.from(positions, (value, i) => value + segment[i % E]);
  dict.set('encoder.positions.weight', [context, E], places);
  dict.norm('encoder.inputNorm', 'embeddings.LayerNorm', E);
  for (let i = 0; i < layers; i++) {
    const [from, to] = [`encoder.layer.${i}`, `encoder.blocks.${i}`];
    for (const own of ['query', 'key', 'value'])
      dict.linear(`${to}.attention.${own}`, `${from}.attention.self.${own}`, [E, E]);
    dict.linear(`${to}.attention.output`, `${from}.attention.output.dense`, [E, E]);
    dict.norm(`${to}.norm1`, `${from}.attention.output.LayerNorm`, E);
    dict.linear(`${to}.feedForward.up`, `${from}.intermediate.dense`, [units, E]);
    dict.linear(`${to}.feedForward.down`, `${from}.output.dense`, [E, units]);
    dict.norm(`${to}.norm2`, `${from}.output.LayerNorm`, E);
  }
  dict.linear('transform', 'cls.predictions.transform.dense', [E, E]);
  dict.norm('norm', 'cls.predictions.transform.LayerNorm', E);
  const decoder = 'cls.predictions.decoder.weight';
  if (dict.has(decoder) && !dict.same(decoder, embeddings)) {
    throw new FormatError(
      `BERT: '${decoder}' is not the embedding of words; an output layer of its own is not read here`,
    );
  }
  dict.skip(decoder);
  dict.copy('output.bias', dict.has('cls.predictions.bias') ? 'cls.predictions.bias' : 'cls.predictions.decoder.bias', [
    V,
  ]);
  dict.skip('cls.predictions.decoder.bias');
  dict.finish('BERT');
  const encoder = {
    ...{
      dimension: E,
      layers,
      heads,
      context,
      feedForward: units,
      positions: 'learnt',
      postNorm: true,
      inputNorm: true,
    },
    ...{ activation, epsilon },
  };
  return {
    what: `BERT, ${layers} blocks of width ${E}`,
    notes: dict.notes,
    parameters: dict.parameters,
    model: { task: 'masked-language-model', config: { encoder, activation }, tokenizer: tokenizer(V) },
    step: 0,
  };
};
