import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { Preprocessing } from '../../images/index.ts';
import { type JsonObject, type ModelFolder, readJson } from '../folder.ts';
import { StateDict } from '../state-dict.ts';
import type { Layout } from './layout.ts';

/** A Vision Transformer's names (Dosovitskiy 2021), with a head for classes: a classifier of images. */
export const vit: Layout = ({ config, weights, folder }) => {
  config.require('qkv_bias', true);
  const [layers, heads] = [config.layers('num_hidden_layers', weights), config.count('num_attention_heads')];
  const [E, units] = [config.count('hidden_size'), config.count('intermediate_size')];
  const [size, patch, channels] = [
    config.count('image_size', 224),
    config.count('patch_size', 16),
    config.count('num_channels', 3),
  ];
  const [activation, epsilon] = [config.activation('hidden_act', 'gelu'), config.positive('layer_norm_eps', 1e-12)];
  const dict = new StateDict(weights, {
    prefixes: ['vit.'],
    leftOut: { names: /^pooler\./, what: 'what no class is computed with' },
  });
  const labels = labelsOf(config.get('id2label'), dict.shapeOf('classifier.bias')?.[0] ?? 0);
  const context = (size / patch) ** 2 + 1;
  const encoder = 'vit.encoder';
  dict.linear('classifier', 'classifier', [labels.length, E]);
  dict.copy('vit.token', 'embeddings.cls_token', [1, 1, E]);
  dict.copy(`${encoder}.positions.weight`, 'embeddings.position_embeddings', [1, context, E]);
  for (const [name, shape] of [['vit.token', [E]] as const, [`${encoder}.positions.weight`, [context, E]] as const]) {
    dict.set(name, shape, dict.parameters[name].data);
  }
  const projection = 'embeddings.patch_embeddings.projection';
  dict.copy('vit.patches.weight', `${projection}.weight`, [E, channels, patch, patch]);
  dict.copy('vit.patches.bias', `${projection}.bias`, [E]);
  for (let i = 0; i < layers; i++) {
    const [from, to] = [`encoder.layer.${i}`, `${encoder}.blocks.${i}`];
    for (const own of ['query', 'key', 'value']) {
      dict.linear(`${to}.attention.${own}`, `${from}.attention.attention.${own}`, [E, E]);
    }
    dict.linear(`${to}.attention.output`, `${from}.attention.output.dense`, [E, E]);
    dict.norm(`${to}.norm1`, `${from}.layernorm_before`, E);
    dict.linear(`${to}.feedForward.up`, `${from}.intermediate.dense`, [units, E]);
    dict.linear(`${to}.feedForward.down`, `${from}.output.dense`, [E, units]);
    dict.norm(`${to}.norm2`, `${from}.layernorm_after`, E);
  }
  dict.norm(`${encoder}.norm`, 'layernorm', E);
  dict.finish('ViT');
  const body = {
    layer: 'visionTransformer',
    dimension: E,
    patch,
    layers,
    heads,
    feedForward: units,
    activation,
    epsilon,
  };
  const network = { layer: 'sequential', layers: { vit: body, classifier: { layer: 'linear', units: labels.length } } };
  return {
    what: `ViT, ${layers} blocks of width ${E}, ${labels.length} classes`,
    notes: dict.notes,
    parameters: dict.parameters,
    model: {
      ...{ task: 'classify-images', config: { network }, labels, temperature: 1 },
      preprocessing: preprocessingOf(folder, size, channels),
    },
    step: 0,
  };
};

/** The names of classes by number. Those that are given twice, as some of ImageNet's, get their number. */
function labelsOf(names: unknown, classes: number): string[] {
  if (classes < 2) {
    throw new FormatError(
      "ViT: it has no head for two classes or more ('classifier.weight'); take one of image classification",
    );
  }
  const given = (typeof names === 'object' && names !== null ? names : {}) as Readonly<Record<string, unknown>>;
  const all = Array.from({ length: classes }, (_, i) => String(given[i] ?? `LABEL_${i}`));
  const counts = new Map<string, number>();
  for (const name of all) counts.set(name, (counts.get(name) ?? 0) + 1);
  return all.map((name, i) => (counts.get(name)! > 1 ? `${name} (${i})` : name));
}

/** As `preprocessor_config.json` says; without one, as ViT's: scaled to the size, to [−1, 1]. */
function preprocessingOf(folder: ModelFolder, size: number, channels: number): Preprocessing {
  const file = 'preprocessor_config.json';
  const given: JsonObject = folder.names.includes(file) ? readJson(folder, file) : {};
  const perChannel = (name: string): number[] => {
    const values = given[name] ?? new Array<number>(channels).fill(0.5);
    if (Array.isArray(values) && values.length === channels && values.every((one) => typeof one === 'number'))
      return values;
    throw new FormatError(`${file}: ${name} must be ${channels} numbers, received ${shown(values)}`);
  };
  const normalised = given.do_normalize !== false;
  return {
    ...{ size, crop: 'none' },
    mean: normalised ? perChannel('image_mean') : new Array<number>(channels).fill(0),
    std: normalised ? perChannel('image_std') : new Array<number>(channels).fill(1),
  };
}
