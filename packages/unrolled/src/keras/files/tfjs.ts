import { requireOptions } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import { requireBytes } from '../../io/bytes.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import type { Device } from '../../tensor/device.ts';
import type { KerasLayer } from '../layer.ts';
import { Model, type OutputForm } from '../model.ts';
import { modelFrom } from '../registry.ts';
import type { SymbolicTensor } from '../symbolic.ts';
import { dialectOf, guarded, type ImportedModel, type Opened, parseJson, readModel } from './keras-file.ts';
import { isRaw, type Raw } from './options.ts';
import type { ReadLayer } from './parts.ts';
import { assign, pairsOf, placesOf, type Weights } from './stored-weights.ts';
import { readGroup, readManifest } from './tfjs-weights.ts';

export interface ImportTfjsOptions {
  readonly device?: Device | undefined;
}

/** Gives the bytes of a file that a `model.json` names, such as `group1-shard1of1.bin`. */
export type FileBeside = (name: string) => Uint8Array | ArrayBuffer;

/** Whether a text is the `model.json` of a TensorFlow.js model. */
export const isTfjs = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x7b && /"(modelTopology|weightsManifest)"/.test(new TextDecoder().decode(bytes));

/** What a `model.json` says. @throws FormatError if it is none, or of a graph model */
export function openTfjs(file: Uint8Array | ArrayBuffer): Omit<Opened, 'weights'> & { readonly manifest: unknown } {
  const json = parseJson(new TextDecoder().decode(requireBytes('tfjs', file)), 'model.json');
  const { format, modelTopology, weightsManifest, generatedBy } = isRaw(json) ? json : ({} as Raw);
  if (format === 'graph-model' || (isRaw(modelTopology) && 'node' in modelTopology)) {
    throw new FormatError(
      'tfjs: a graph model, which is a program of TensorFlow operations; convert the Keras model with the format tfjs_layers_model',
    );
  }
  if (!isRaw(modelTopology)) throw new FormatError('tfjs: model.json has no modelTopology');
  // The form of 2018 is Keras' to_json inside.
  const inner = isRaw(modelTopology.model_config) ? modelTopology.model_config : modelTopology;
  const version = modelTopology.keras_version;
  const isOwn = typeof version !== 'string' || /tfjs/.test(version);
  const dialect = { ...dialectOf(isOwn ? '2' : version, false), isTfjs: true };
  const writer = isOwn
    ? shownName(generatedBy ?? version ?? 'TensorFlow.js')
    : `TensorFlow.js, from Keras ${shownName(version)}`;
  return { writer, dialect, architecture: inner, manifest: weightsManifest };
}

const shownName = (value: unknown): string => String(value).slice(0, 60);

/**
 * A layers model of TensorFlow.js, also of the form of 2018: `model.json` and the files of weights that it names. Quantized
 * weights become float32. `hard_sigmoid`, the default of its recurrent layers, is clip(0.2x + ½).
 * @param beside  gives the bytes of a file by its name
 * @throws FormatError if a file is cut off or damaged, a graph model, or naming the layer or option that this library lacks
 *
 * @example
 * const { model } = importTfjs(readFileSync('web/model.json'), (name) => readFileSync(`web/${name}`));
 */
export function importTfjs<Out extends OutputForm = SymbolicTensor>(
  file: Uint8Array | ArrayBuffer,
  beside: FileBeside,
  options: ImportTfjsOptions = {},
): ImportedModel<Out> {
  requireOptions<ImportTfjsOptions>('importTfjs', options, {
    device: { must: 'a device', fits: (value) => typeof value === 'object' },
  });
  return guarded(() => {
    const { architecture, dialect, writer, manifest } = openTfjs(file);
    const read = readModel({ architecture, dialect });
    const arrays = new Map<string, NamedArray>();
    for (const group of readManifest(manifest)) {
      const bytes = joined(group.paths.map((path) => requireBytes('tfjs', beside(path))));
      for (const [name, array] of readGroup(group, bytes)) arrays.set(name, array);
    }
    const { device } = options;
    const model = modelFrom<Out>(read.config, {}, device ? { device } : {});
    void model.graph;
    const weights: Weights = {};
    collect(read, model, '', arrays, weights);
    model.setWeightsByPath(weights);
    return { config: read.config, weights, model, notes: [...dialect.notes], writer };
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Weights have the name of their layer before a slash; those of a model inside, that of the layer there. */
function collect(
  read: ReadLayer,
  model: Model<unknown>,
  path: string,
  arrays: ReadonlyMap<string, NamedArray>,
  into: Weights,
): void {
  for (const { read: one, layer, path: own, name } of pairsOf(read, model, path)) {
    const found = ofLayer(arrays, one, name);
    if (found.length === 0 && layer instanceof Model) collect(one, layer, own, arrays, into);
    else if (layer.weights.length > 0) assign(name, placesOf(layer as KerasLayer<unknown>, own), found, into);
  }
}

function ofLayer(arrays: ReadonlyMap<string, NamedArray>, { raw }: ReadLayer, name: string): NamedArray[] {
  const { name: outer, config } = raw;
  const own = typeof outer === 'string' ? outer : isRaw(config) && typeof config.name === 'string' ? config.name : name;
  return [...arrays].filter(([key]) => key.startsWith(`${own}/`)).map(([, array]) => array);
}
