/**
 * Opens model files of other programs and compares with what those computed: `node tools/recorded-models.ts FOLDER [--all]`.
 *
 * Beside `name.keras`, `name.h5` or `name.onnx` lies `name.io.npz` (arrays in0, in1 … and out0 …, or in_<name>), beside
 * `name.weights.h5` also its architecture `name.json`, beside TensorFlow.js' `model.json` an `io.json` of inputs and outputs; ONNX's
 * own tests have `test_data_set_0`. Files without a recording are opened. The layers of keras-js are its tests' attributes and data.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { type Device, openDevice, UnrolledError } from 'unrolled';
import { decodePytorch, decodeSafetensors, stateDictOf } from 'unrolled/io';
import { importKeras, importTfjs, type Model, useDevice } from 'unrolled/keras';
import { readNpz } from '../test/onnx/npz.ts';
import { onnxDifference } from '../test/onnx/recorded.ts';

interface Numbers {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Null: it opens, and nothing is recorded. */
type Difference = number | null;
type Cases = readonly (readonly [name: string, run: () => Difference | Promise<Difference>])[];

function distance(found: readonly Numbers[], expected: readonly Numbers[]): number {
  if (found.length !== expected.length) throw new Error(`${found.length} outputs in place of ${expected.length}`);
  return Math.max(
    ...found.map(({ data, shape }, i) => {
      if (data.length !== expected[i].data.length)
        throw new Error(`output ${i} has shape [${shape}] in place of [${expected[i].shape}]`);
      return Array.from(data, (value, j) => Math.abs(value - expected[i].data[j])).reduce((a, b) => Math.max(a, b), 0);
    }),
  );
}

async function outputsOf(model: Model<never>, inputs: Readonly<Record<string, Numbers>>): Promise<readonly Numbers[]> {
  const list = Object.values(inputs);
  const byName = Object.fromEntries(model.inputNames.map((name, i) => [name, inputs[name] ?? list[i]]));
  const given = model.inputForm === 'one' ? list[0] : model.inputForm === 'list' ? list : byName;
  const result = (await model.predict(given)) as unknown as Numbers | readonly Numbers[];
  return 'shape' in result ? [result] : Object.values(result);
}

/** Arrays whose names begin so, by the rest of their names. */
function part(path: string, start: string): Record<string, Numbers> {
  const arrays = Object.entries(readNpz(readFileSync(path))).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(
    arrays.map(([name, { shape, numbers }]) => [name.slice(start.length).replace(/^_/, ''), { shape, data: numbers }]),
  );
}

async function keras(file: string): Promise<Difference> {
  const base = file.replace(/(\.weights)?\.(keras|h5|hdf5)$/, '');
  const isAlone = existsSync(`${base}.json`) && file.endsWith('.weights.h5');
  const options = isAlone ? { config: readFileSync(`${base}.json`, 'utf8') } : {};
  const { model } = importKeras<never>(readFileSync(file), options);
  const recording = `${base}.io.npz`;
  if (!existsSync(recording)) return null;
  return distance(await outputsOf(model, part(recording, 'in')), Object.values(part(recording, 'out')));
}

async function tfjs(file: string): Promise<Difference> {
  const { model } = importTfjs<never>(readFileSync(file), (name) => readFileSync(join(dirname(file), name)));
  const recording = join(dirname(file), 'io.json');
  if (!existsSync(recording)) return null;
  const { inputs, outputs } = JSON.parse(readFileSync(recording, 'utf8'));
  return distance(await outputsOf(model, inputs), outputs);
}

/** Attributes of a layer in the tests of keras-js, as JSON. */
function attributesIn(test: string): { readonly attrs: Record<string, unknown> }[] {
  const list = /const testParams = (\[[\s\S]*?\n {2}\])/.exec(test)?.[1];
  if (list === undefined) return [];
  const json = list
    .replaceAll(/(\w+):/g, '"$1":')
    .replaceAll("'", '"')
    .replaceAll(/,(\s*[\]}])/g, '$1');
  return JSON.parse(json);
}

/** The layers of keras-js, whose tests are texts. */
function kerasJs(file: string): Cases {
  const layer = basename(file, '.json');
  const test = file.replace('/data/layers/', '/tests/').replace(/\.json$/, '.js.txt');
  const data = JSON.parse(readFileSync(file, 'utf8')) as Record<
    string,
    { input: Numbers; expected: Numbers; weights?: readonly Numbers[] }
  >;
  const attributes = existsSync(test) ? attributesIn(readFileSync(test, 'utf8')) : [];
  return attributes.map(({ attrs }, i) => [
    `${layer} ${i}`,
    async () => {
      const { input, expected, weights = [] } = Object.values(data)[i];
      const batch = attrs.stateful === true ? 1 : null;
      const config = { name: 'layer', ...attrs, batch_input_shape: [batch, ...input.shape] };
      const layers = [{ class_name: layer, config }];
      const json = { class_name: 'Sequential', config: { name: 'model', layers }, keras_version: '2.0.9' };
      const { model } = importKeras<never>(new TextEncoder().encode(JSON.stringify(json)));
      await model.setWeights(weights.map(({ shape, data }) => ({ shape, data })));
      const x = { shape: [1, ...input.shape], data: input.data };
      // Stateful layers were called twice.
      if (attrs.stateful === true) await model.predict(x);
      return distance(await outputsOf(model, { x }), [expected]);
    },
  ]);
}

const opened = (open: () => unknown): Difference => {
  open();
  return null;
};

/** What runs a file, by its name; the first that fits. */
const kinds: readonly (readonly [name: string, files: RegExp, cases: (file: string, device: Device) => Cases])[] = [
  ['ONNX', /\.onnx$/, (file, device) => [['', () => onnxDifference(device, file)]]],
  ['Keras .keras', /\.keras$/, (file) => [['', () => keras(file)]]],
  ['Keras weights.h5', /\.weights\.h5$/, (file) => [['', () => keras(file)]]],
  ['Keras .h5', /\.(h5|hdf5)$/, (file) => [['', () => keras(file)]]],
  ['TensorFlow.js', /\/model\.json$/, (file) => [['', () => tfjs(file)]]],
  ['Keras 2 layers', /\/data\/layers\/.*\.json$/, kerasJs],
  ['PyTorch', /\.(pt|pth|jit)$/, (file) => [['', () => opened(() => stateDictOf(decodePytorch(readFileSync(file))))]]],
  ['safetensors', /\.safetensors$/, (file) => [['', () => opened(() => decodeSafetensors(readFileSync(file)))]]],
];

interface Row {
  files: number;
  same: number;
  most: number;
  opened: number;
  refused: number;
}

const [folder, flag] = process.argv.slice(2);
const limit = 1e-5;
const device = await openDevice('wasm', { threads: 1 });
useDevice(device);
const rows = new Map<string, Row>();
const refusals: string[] = [];
for (const path of globSync(join(folder, '**/*')).sort()) {
  const kind = kinds.find(([, files]) => files.test(path));
  if (!kind) continue;
  const [name, , cases] = kind;
  const place = relative(folder, path).split('/').slice(0, -1).slice(0, 2).join('/');
  const group = place.split('/')[0].startsWith('onnx-node') ? place.split('/')[0] : place;
  const key = `${group} | ${name}`;
  const row = rows.get(key) ?? { files: 0, same: 0, most: 0, opened: 0, refused: 0 };
  rows.set(key, row);
  for (const [one, run] of cases(path, device)) {
    row.files++;
    const label = `${relative(folder, path)}${one && ` ${one}`}`;
    try {
      const difference = await run();
      if (difference === null) row.opened++;
      else {
        row.most = Math.max(row.most, difference);
        if (difference <= limit) row.same++;
        else refusals.push(`${label}: DIFFERS by ${difference}`);
      }
      if (flag === '--all') console.log(`${label}: ${difference ?? 'opens'}`);
    } catch (error) {
      row.refused++;
      const { name: kindOfError, message } = error as Error;
      refusals.push(`${label}: ${error instanceof UnrolledError ? '' : `${kindOfError}: `}${message.slice(0, 300)}`);
    }
  }
}
console.log(refusals.join('\n'));
console.log(`\n| | | files | within ${limit} | largest difference | opened, nothing recorded | refused |`);
console.log('|---|---|---|---|---|---|---|');
for (const [key, { files, same, most, opened: without, refused }] of rows) {
  console.log(`| ${key} | ${files} | ${same} | ${same > 0 ? most.toExponential(1) : ''} | ${without} | ${refused} |`);
}
device.close();
