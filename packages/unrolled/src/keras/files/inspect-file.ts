import { FormatError } from '../../errors.ts';
import type { Group } from '../../io/hdf5/read.ts';
import { isHdf5 } from '../../io/hdf5/read.ts';
import { isZip, openZip } from '../../io/zip.ts';
import type { Model } from '../model.ts';
import { type ImportedModel, importKeras, openKeras } from './keras-file.ts';
import { type Dialect, isRaw } from './options.ts';
import { classOf, nameOf } from './parts.ts';
import { readLayer } from './read-config.ts';
import { type FileBeside, importTfjs, isTfjs, openTfjs } from './tfjs.ts';

/** A layer of a file, or a weight where there is no architecture. */
export interface InspectedLayer {
  readonly name: string;
  /** Its class in the file, or the type of a weight. */
  readonly kind: string;
  /** Of its output, −1 where an extent is open; null where the model does not open. */
  readonly shape: readonly number[] | null;
  readonly parameters: number;
  /** Why it would not open; null if it would. */
  readonly refused: string | null;
}

/** What a file holds, and what would not open. */
export interface InspectedFile {
  /** Such as 'Keras 3.15.1'. */
  readonly writer: string;
  readonly layers: readonly InspectedLayer[];
  /** What else keeps the file from opening. */
  readonly problems: readonly string[];
  /** What importing leaves out. */
  readonly notes: readonly string[];
}

/** Whether a file is one of Keras: a `.keras` archive, HDF5, or the JSON of an architecture. */
export function isKeras(bytes: Uint8Array): boolean {
  if (isHdf5(bytes)) return true;
  if (isZip(bytes)) {
    try {
      return openZip('keras', bytes).has('config.json');
    } catch {
      return false;
    }
  }
  if (bytes[0] !== 0x7b || isTfjs(bytes)) return false;
  return /"class_name"/.test(new TextDecoder().decode(bytes.subarray(0, 4096)));
}

/**
 * Lists the layers of a file of Keras with their shapes, and says of each whether it would open.
 * @param options  the architecture as JSON, for files that hold weights alone
 * @throws FormatError if the file is cut off or damaged
 */
export function inspectKeras(
  file: Uint8Array | ArrayBuffer,
  options: { readonly config?: string | undefined } = {},
): InspectedFile {
  const { architecture, dialect, writer, weights } = openKeras(file, options.config);
  if (architecture !== null) return inspected(architecture, dialect, writer, () => importKeras(file, options));
  const layers = weights ? weightsIn(weights.group, '') : [];
  return {
    writer: `${writer}, weights alone`,
    layers,
    problems: ['it has no architecture; import it with the JSON of one'],
    notes: [],
  };
}

/** The same for the `model.json` of TensorFlow.js. @param beside  gives the bytes of a file by its name */
export function inspectTfjs(file: Uint8Array | ArrayBuffer, beside: FileBeside): InspectedFile {
  const { architecture, dialect, writer } = openTfjs(file);
  return inspected(architecture, dialect, writer, () => importTfjs(file, beside));
}

function inspected(
  architecture: unknown,
  dialect: Dialect,
  writer: string,
  open: () => ImportedModel<never>,
): InspectedFile {
  let imported: ImportedModel<never> | null = null;
  let problem: string | null = null;
  try {
    imported = open();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    problem = error.message;
  }
  const layers = rawLayers(architecture).map((raw) => rowOf(raw, dialect, imported?.model ?? null));
  const isListed = layers.some(({ refused }) => refused !== null);
  return { writer, layers, problems: problem === null || isListed ? [] : [problem], notes: imported?.notes ?? [] };
}

function rawLayers(architecture: unknown): readonly unknown[] {
  try {
    const { options } = classOf(architecture);
    return Array.isArray(options.layers) ? options.layers : [];
  } catch {
    return [];
  }
}

function rowOf(raw: unknown, dialect: Dialect, model: Model<never> | null): InspectedLayer {
  const { class_name: className, config } = isRaw(raw) ? raw : {};
  const kind = typeof className === 'string' ? className : 'no layer';
  const name = (isRaw(raw) && isRaw(config) && nameOf(raw, config)) || kind;
  let refused: string | null = null;
  if (kind !== 'InputLayer' && model === null) {
    try {
      readLayer(raw, dialect);
    } catch (error) {
      refused =
        error instanceof FormatError ? String(error.details.reason ?? error.message) : 'its configuration is damaged';
    }
  }
  const layer = model?.layers.find((one) => model.nameOf(one) === name);
  const node = model?.graph.nodes.find((one) => one.layer === layer);
  const input = model?.graph.inputs.find(({ node: own }) => own.name === name);
  const shape = (layer ? node?.outputs[0].shape : input?.shape) ?? null;
  return { name, kind, shape, parameters: layer?.countParams() ?? 0, refused };
}

function weightsIn(group: Group, path: string): InspectedLayer[] {
  return [...group.members].flatMap(([name, one]): InspectedLayer[] => {
    const own = path === '' ? name : `${path}/${name}`;
    if (one.kind === 'group') return weightsIn(one, own);
    const { shape, dtype } = one;
    return [{ name: own, kind: dtype, shape, parameters: shape.reduce((all, n) => all * n, 1), refused: null }];
  });
}
