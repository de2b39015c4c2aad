import { StateDict } from '../state-dict.ts';
import { languageModel, takeOutput } from './language-model.ts';
import type { Layout } from './layout.ts';

/**
 * Llama's names (Touvron 2023): RMS norm before each part, SwiGLU, rotary positions that turn halves, grouped queries, no biases.
 * The output layer is `lm_head.weight`, or the embedding with `tie_word_embeddings`.
 */
export const llama: Layout = ({ config, weights, tokenizer }) => {
  for (const name of ['attention_bias', 'mlp_bias']) config.require(name, false);
  const { theta, scaling } = ropeOf(config.get('rope_parameters'), config.get('rope_scaling'));
  if (scaling !== 'default') {
    config.refuse('rope_scaling', 'scaled rotary positions are not computed here');
  }
  const [layers, heads] = [config.layers('num_hidden_layers', weights), config.count('num_attention_heads')];
  const [V, E, units] = [config.count('vocab_size'), config.count('hidden_size'), config.count('intermediate_size')];
  const groups = config.count('num_key_value_heads', heads);
  config.require('head_dim', E / heads);
  const narrow = (E / heads) * groups;
  const dict = new StateDict(weights, {
    prefixes: ['model.'],
    ignored: /^(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq$/,
  });
  dict.copy('embedding.weight', 'embed_tokens.weight', [V, E]);
  for (let i = 0; i < layers; i++) {
    const [from, to] = [`layers.${i}`, `transformer.blocks.${i}`];
    dict.norm(`${to}.norm1`, `${from}.input_layernorm`, E, false);
    const maps = { query: ['q', E, E], key: ['k', narrow, E], value: ['v', narrow, E], output: ['o', E, E] } as const;
    for (const [own, [name, out, F]] of Object.entries(maps)) {
      dict.linear(`${to}.attention.${own}`, `${from}.self_attn.${name}_proj`, [out, F], false);
    }
    dict.norm(`${to}.norm2`, `${from}.post_attention_layernorm`, E, false);
    for (const own of ['gate', 'up'])
      dict.linear(`${to}.feedForward.${own}`, `${from}.mlp.${own}_proj`, [units, E], false);
    dict.linear(`${to}.feedForward.down`, `${from}.mlp.down_proj`, [E, units], false);
  }
  dict.norm('transformer.norm', 'norm', E, false);
  const tied = config.flag('tie_word_embeddings', false);
  const output = { output: 'lm_head.weight', embedding: 'embed_tokens.weight', tied };
  return languageModel(
    {
      ...{ name: 'Llama', dict, vocabularySize: V, width: E, tied: takeOutput(dict, output, [V, E]) },
      sequence: {
        ...{ layers, heads, groups, feedForward: units, positions: 'rotary', norm: 'rms', gated: true, bias: false },
        activation: config.activation('hidden_act', 'silu'),
        context: config.count('max_position_embeddings', 2048),
        epsilon: config.positive('rms_norm_eps', 1e-6),
        base: theta ?? config.positive('rope_theta', 10_000),
      },
    },
    tokenizer,
  );
};

/** The base and the kind of rotary positions, which newer files keep together. */
function ropeOf(parameters: unknown, scaling: unknown): { readonly theta: number | null; readonly scaling: unknown } {
  const all = { ...(scaling as object | null), ...(parameters as object | null) } as Readonly<Record<string, unknown>>;
  return {
    theta: typeof all.rope_theta === 'number' ? all.rope_theta : null,
    scaling: all.rope_type ?? all.type ?? 'default',
  };
}
