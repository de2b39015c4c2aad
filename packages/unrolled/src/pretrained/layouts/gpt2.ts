import { StateDict } from '../state-dict.ts';
import { type LanguageModelParts, languageModel, takeOutput } from './language-model.ts';
import type { Layout } from './layout.ts';

/**
 * GPT-2's names (Radford 2019), with or without `transformer.` in front: also those of minGPT and nanoGPT, whose maps are `nn.Linear`
 * `[units, F]` where GPT-2's are `Conv1D` `[F, units]`. The shape of the first one says which. The output layer is the
 * embedding unless `lm_head.weight` is another one; it has no bias.
 */
export const gpt2: Layout = ({ config, weights, tokenizer }) => {
  config.require('scale_attn_weights', true);
  config.require('scale_attn_by_inverse_layer_idx', false);
  config.require('add_cross_attention', false);
  const [layers, heads, E] = [config.layers('n_layer', weights), config.count('n_head'), config.count('n_embd')];
  const V = config.count('vocab_size');
  const context = config.count(['n_positions', 'n_ctx', 'block_size']);
  const units = config.count('n_inner', 4 * E);
  const dict = new StateDict(weights, { prefixes: ['transformer.'], ignored: /^h\.\d+\.attn\.(bias|masked_bias)$/ });
  const turned = dict.shapeOf('h.0.attn.c_attn.weight')?.[0] !== 3 * E;
  const bias = dict.has('h.0.attn.c_attn.bias');

  /** Maps of E or more features whose weights stand beside each other in one. */
  const maps = (names: readonly string[], name: string, [out, F]: readonly [number, number]): void => {
    const weight = dict.take(`${name}.weight`, turned ? [F, out] : [out, F]);
    if (weight.length === 0) return;
    const each = out / names.length;
    const biases = bias ? dict.take(`${name}.bias`, [out]) : null;
    for (const [i, own] of names.entries()) {
      const data = new Float32Array(each * F);
      for (let row = 0; row < each; row++) {
        const from = i * each + row;
        for (let f = 0; f < F; f++) data[row * F + f] = turned ? weight[f * out + from] : weight[from * F + f];
      }
      dict.set(`${own}.weight`, [each, F], data);
      if (biases) dict.set(`${own}.bias`, [each], Float32Array.from(biases).slice(i * each, (i + 1) * each));
    }
  };

  dict.copy('embedding.weight', 'wte.weight', [V, E]);
  dict.copy('transformer.positions.weight', 'wpe.weight', [context, E]);
  for (let i = 0; i < layers; i++) {
    const [from, to] = [`h.${i}`, `transformer.blocks.${i}`];
    dict.norm(`${to}.norm1`, `${from}.ln_1`, E, bias);
    const attention = ['query', 'key', 'value'].map((one) => `${to}.attention.${one}`);
    maps(attention, `${from}.attn.c_attn`, [3 * E, E]);
    maps([`${to}.attention.output`], `${from}.attn.c_proj`, [E, E]);
    dict.norm(`${to}.norm2`, `${from}.ln_2`, E, bias);
    maps([`${to}.feedForward.up`], `${from}.mlp.c_fc`, [units, E]);
    maps([`${to}.feedForward.down`], `${from}.mlp.c_proj`, [E, units]);
  }
  dict.norm('transformer.norm', 'ln_f', E, bias);
  const output = { output: 'lm_head.weight', embedding: 'wte.weight', tied: true };
  const parts: LanguageModelParts = {
    ...{ name: 'GPT-2', dict, vocabularySize: V, width: E, tied: takeOutput(dict, output, [V, E]) },
    sequence: {
      ...{ layers, heads, context, feedForward: units, positions: 'learnt' },
      activation: config.activation('activation_function', 'gelu_new'),
      epsilon: config.positive('layer_norm_epsilon', 1e-5),
      ...(!bias && { bias }),
    },
  };
  return languageModel(parts, tokenizer);
};
