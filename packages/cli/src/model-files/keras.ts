import type { ImportedModel, InspectedFile, Model } from 'unrolled/keras';
import { type ModelFile, taskOf } from 'unrolled/train';
import { Failure } from '../failure.ts';
import type { Imported, Inspection, ModelFormat } from './format.ts';

/** The library's models are loaded when a file needs them. */
const library = () => import('unrolled/keras');

/** As a safetensors file that `loadModel` opens. */
async function saved({ model, notes, writer }: ImportedModel): Promise<Imported> {
  const file = await model.save({ includeOptimizer: false });
  const what = `a model of ${writer} with ${model.layers.length} layers`;
  return { file, what, parameters: model.countParams(), notes };
}

const inspection = ({ writer, layers, problems }: InspectedFile): Inspection => ({
  what: writer,
  rows: layers.map((row) => ({ ...row, shape: row.shape?.map((n) => (n < 0 ? null : n)) ?? null })),
  problems,
});

/** A model of `unrolled/keras` from its file. @throws Failure for models of tasks, which are no layers of Keras */
async function modelIn(stored: ModelFile): Promise<Model<never>> {
  const task = taskOf(stored);
  if (task !== 'keras') {
    throw new Failure(
      `it is a model of task '${task}', which has no form in this format; models made with unrolled/keras have one`,
    );
  }
  const { modelFrom } = await library();
  const model = modelFrom<never>((stored.model as { readonly config: object }).config);
  model.setWeightsByPath(stored.parameters);
  return model;
}

const start = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, 8192));
const isJson = (bytes: Uint8Array): boolean => bytes[0] === 0x7b;

/** `.keras` and HDF5 of every version, and the JSON of an architecture. */
export const keras: ModelFormat = {
  name: 'Keras',
  endings: ['.keras', '.h5', '.hdf5'],
  /** HDF5, a zip archive with a configuration, or JSON with a class. */
  fits: (bytes) =>
    (bytes[0] === 0x89 && bytes[1] === 0x48 && bytes[2] === 0x44 && bytes[3] === 0x46) ||
    (bytes[0] === 0x50 &&
      bytes[1] === 0x4b &&
      new TextDecoder().decode(bytes.subarray(-1024)).includes('config.json')) ||
    (isJson(bytes) && start(bytes).includes('"class_name"')),
  async import({ bytes, config }) {
    const { importKeras } = await library();
    return saved(importKeras(bytes, config === null ? {} : { config }));
  },
  async inspect({ bytes, config }) {
    const { inspectKeras } = await library();
    return inspection(inspectKeras(bytes, config === null ? {} : { config }));
  },
  async export(stored, name) {
    const { exportKeras } = await library();
    const format = name.toLowerCase().endsWith('.keras') ? 'keras' : 'h5';
    return { [name]: await exportKeras(await modelIn(stored), format) };
  },
};

/** Layers models of TensorFlow.js: `model.json` and the files of weights beside it. */
export const tfjs: ModelFormat = {
  name: 'TensorFlow.js',
  endings: ['.json'],
  fits: (bytes) => isJson(bytes) && /"(modelTopology|weightsManifest)"/.test(new TextDecoder().decode(bytes)),
  async import({ bytes, beside }) {
    const { importTfjs } = await library();
    return saved(importTfjs(bytes, beside));
  },
  async inspect({ bytes, beside }) {
    const { inspectTfjs } = await library();
    return inspection(inspectTfjs(bytes, beside));
  },
  async export(stored, name) {
    const { exportTfjs } = await library();
    const { 'model.json': json, ...weights } = await exportTfjs(await modelIn(stored));
    return { [name]: json, ...weights };
  },
};
