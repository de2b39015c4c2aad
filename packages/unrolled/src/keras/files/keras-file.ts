import { requireOptions, shown } from '../../checks.ts';
import { FormatError, UnrolledError } from '../../errors.ts';
import { requireBytes } from '../../io/bytes.ts';
import { type Attribute, type Group, isHdf5, readHdf5 } from '../../io/hdf5/read.ts';
import { isZip, openZip } from '../../io/zip.ts';
import type { Device } from '../../tensor/device.ts';
import type { Model, OutputForm } from '../model.ts';
import { modelFrom } from '../registry.ts';
import type { SymbolicTensor } from '../symbolic.ts';
import { hasFolders, readFolders, readLegacy } from './h5-weights.ts';
import { type Dialect, isRaw } from './options.ts';
import { classOf, modelClasses, type ReadLayer } from './parts.ts';
import { readLayer } from './read-config.ts';
import type { Weights } from './stored-weights.ts';

export interface ImportKerasOptions {
  /** The architecture as JSON, `model.to_json()`, for files that hold weights alone. */
  readonly config?: string | undefined;
  readonly device?: Device | undefined;
}

/** A model of a file: its configuration and its weights by path, as `modelFrom` and `setWeightsByPath` take them. */
export interface ImportedModel<Out extends OutputForm = SymbolicTensor> {
  readonly config: object;
  readonly weights: Weights;
  readonly model: Model<Out>;
  /** What the user should know: what was left out, what computes differently. */
  readonly notes: readonly string[];
  /** Such as 'Keras 3.15.1'. */
  readonly writer: string;
}

/** What a file says of itself, before anything is made of it. */
export interface Opened {
  readonly writer: string;
  readonly dialect: Dialect;
  /** The configuration of the model; null where there are weights alone. */
  readonly architecture: unknown;
  readonly weights: { readonly group: Group; readonly isTurned: boolean } | null;
}

/** Turns what goes wrong inside a file that is damaged on purpose into an error that says so. */
export function guarded<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (error instanceof UnrolledError)
      throw new FormatError(`keras: ${error.message}`, error.details, { cause: error });
    throw new FormatError('keras: the configuration in the file is damaged', {}, { cause: error });
  }
}

export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`keras: ${what} is not JSON; the file is cut off or damaged`);
  }
}

/** @param version  such as '2.1.5', '2.4.0-tf' or '3.15.1' */
export function dialectOf(version: unknown, isNew: boolean): Dialect {
  const text = typeof version === 'string' ? version : '';
  const major = Number(/^\d+/.exec(text)?.[0] ?? (isNew ? 3 : 2));
  return { version: major >= 3 ? 3 : major === 1 ? 1 : 2, isTfjs: false, notes: new Set() };
}

/** Keras 3 writes where its classes are. */
const isNew = (architecture: unknown): boolean =>
  isRaw(architecture) && ('module' in architecture || 'registered_name' in architecture);

const textOf = (value: Attribute | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/** Opens a file of Keras. @throws FormatError if it is damaged or of another kind */
export function openKeras(file: Uint8Array | ArrayBuffer, config?: string): Opened {
  const bytes = requireBytes('keras', file);
  if (isZip(bytes)) return openArchive(bytes);
  if (isHdf5(bytes)) return openHdf5(bytes, config);
  const text = new TextDecoder().decode(bytes);
  if (!/^\s*\{/.test(text)) throw new FormatError('keras: the file is neither a .keras archive, nor HDF5, nor JSON');
  const architecture = parseJson(text, 'the file');
  return { ...named(architecture, undefined), weights: null };
}

function named(architecture: unknown, version: unknown) {
  const own = version ?? (isRaw(architecture) ? architecture.keras_version : undefined);
  const writer = typeof own === 'string' ? `Keras ${own.slice(0, 20)}` : isNew(architecture) ? 'Keras 3' : 'Keras 2';
  return { architecture, writer, dialect: dialectOf(own, isNew(architecture)) };
}

function openArchive(bytes: Uint8Array): Opened {
  const zip = openZip('keras', bytes);
  const text = (name: string): unknown => parseJson(new TextDecoder().decode(zip.read(name)), name);
  if (!zip.has('config.json')) throw new FormatError('keras: the zip archive has no config.json; it is no .keras file');
  const metadata = zip.has('metadata.json') ? text('metadata.json') : null;
  const head = named(text('config.json'), isRaw(metadata) ? metadata.keras_version : undefined);
  const weights = zip.has('model.weights.h5') ? readHdf5(zip.read('model.weights.h5')) : null;
  return { ...head, weights: weights && { group: weights, isTurned: false } };
}

function openHdf5(bytes: Uint8Array, config: string | undefined): Opened {
  const root = readHdf5(bytes);
  const stored = root.members.get('model_weights');
  const group = stored?.kind === 'group' ? stored : root;
  const attribute = (name: string): string | undefined =>
    textOf(root.attributes.get(name)) ?? textOf(group.attributes.get(name));
  const text = config ?? attribute('model_config');
  const architecture = text === undefined ? null : parseJson(text, 'model_config');
  // Keras 3 writes its weights files without a version.
  const folders = hasFolders(group);
  const head = named(architecture, attribute('keras_version') ?? (folders && text === undefined ? '3' : undefined));
  return { ...head, weights: { group, isTurned: attribute('backend') === 'theano' } };
}

/**
 * The model of a file of Keras: `.keras`, `.h5` of Keras 1, 2, tf.keras and 3, or JSON of an architecture; files of weights
 * alone with the architecture as JSON. Layers mean what they mean in the version that wrote the file: `hard_sigmoid` is
 * clip(0.2x + ½) up to Keras 2, cuDNN's weights come into the usual order, and defaults are those of then. Nothing in a file is
 * run. Training state and losses are not read.
 * @throws FormatError if the file is cut off or damaged, or naming the layer or option that this library lacks
 *
 * @example
 * const { model } = importKeras(readFileSync('classifier.keras'));
 * const { data } = await model.predict(x);
 */
export function importKeras<Out extends OutputForm = SymbolicTensor>(
  file: Uint8Array | ArrayBuffer,
  options: ImportKerasOptions = {},
): ImportedModel<Out> {
  requireOptions<ImportKerasOptions>('importKeras', options, {
    config: { must: 'JSON as text', fits: (value) => typeof value === 'string' },
    device: { must: 'a device', fits: (value) => typeof value === 'object' },
  });
  const opened = openKeras(file, options.config);
  if (opened.architecture === null) {
    throw new FormatError(
      'keras: the file holds weights alone; give the architecture, model.to_json(), as the option config (--config FILE)',
    );
  }
  return guarded(() => modelOf<Out>(opened, options.device));
}

function modelOf<Out extends OutputForm>(opened: Opened, device: Device | undefined): ImportedModel<Out> {
  const { dialect, weights: stored, writer } = opened;
  const read = readModel(opened);
  const model = modelFrom<Out>(read.config, {}, device ? { device } : {});
  const layout = { version: dialect.version, isTurned: stored?.isTurned ?? false };
  requireBuilt(model);
  let weights: Weights = {};
  if (stored === null) dialect.notes.add('The file has no weights; those of the model are new ones.');
  else {
    const { group } = stored;
    weights = hasFolders(group) ? readFolders(read, model, group) : readLegacy(read, model, group, layout);
    model.setWeightsByPath(weights);
  }
  return { config: read.config, weights, model, notes: [...dialect.notes], writer };
}

function requireBuilt(model: { readonly graph: unknown }): void {
  try {
    void model.graph;
  } catch (error) {
    throw new FormatError(
      'keras: the model was saved before the shape of its input was known; call it once and save it again',
      {},
      { cause: error },
    );
  }
}

/** The model that a file describes, as a configuration. */
export function readModel({ architecture, dialect }: Pick<Opened, 'architecture' | 'dialect'>): ReadLayer {
  const { className } = classOf(architecture);
  if (!modelClasses.includes(className)) {
    throw new FormatError(
      `keras: the model is of the class ${shown(className)}, whose code is not in the file; save a Sequential or functional model`,
      { className },
    );
  }
  return readLayer(architecture, dialect);
}
