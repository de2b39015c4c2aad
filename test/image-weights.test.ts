import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Declarations, type Layer, type LayerConfig, layerFrom } from 'unrolled/nn';
import { networkConfig } from 'unrolled/vision';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { named, transposed } from '../tools/image-weights/source.ts';
import { tfjsMobileNetV1 } from '../tools/image-weights/tfjs-mobilenet-v1.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-weights-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function declared(config: LayerConfig) {
  const declarations = new Declarations();
  (layerFrom(config) as Layer).build([-1, 224, 224, 3], declarations);
  return declarations.declared;
}

test('axes are permuted as NumPy does', () => {
  const x = { shape: [2, 3, 2], data: Float32Array.from({ length: 12 }, (_, i) => i) };
  expect(transposed(x, [2, 0, 1])).toEqual({
    shape: [2, 2, 3],
    data: Float32Array.of(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11),
  });
  expect(transposed(transposed(x, [2, 0, 1]), [1, 2, 0])).toEqual(x);
});

test('arrays that are not those of the network are refused by name', () => {
  const one = { shape: [4], data: new Float32Array(4) };
  expect(() => named([{ name: 'conv1.weight', shape: [5] }], [one])).toThrow(
    "conv1.weight [5] does not fit the file's [4]",
  );
  expect(() => named([], [one])).toThrow('the file has 1 arrays, the network 0 parameters');
});

test("a TensorFlow.js model of MobileNet v1 becomes ours: each weight under its name, in PyTorch's layout", () => {
  const config = networkConfig('mobilenet-v1', { classes: 3, width: 0.25 });
  const values = declared(config).map(({ name, shape }, n) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return { name, shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(n + i)) };
  });
  // As Keras has them: kernels [kh, kw, in, out], depthwise [kh, kw, channels, 1].
  const stored = values.map(({ name, shape, data }) => {
    if (shape.length === 1) return { name, shape, data };
    const isDepthwise = shape.length === 4 && shape[1] === 1;
    const kernel = { shape: shape.length === 2 ? [...shape, 1, 1] : shape, data };
    const type = isDepthwise ? 'depthwise_kernel' : 'kernel';
    return { name: `${name}/${type}`, ...transposed(kernel, isDepthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]) };
  });
  const weights = stored.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  const cut = 7;
  const groups = [stored.slice(0, cut), stored.slice(cut)];
  groups.forEach((group, i) => {
    writeFileSync(join(folder, `shard${i}`), Buffer.concat(group.map(({ data }) => Buffer.from(data.buffer))));
  });
  const manifest = [weights.slice(0, cut), weights.slice(cut)].map((part, i) => ({
    paths: [`shard${i}`],
    weights: part,
  }));
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ weightsManifest: manifest }));
  const { parameters } = tfjsMobileNetV1(folder, declared);
  for (const { name, shape, data } of values) expect(parameters[name], name).toEqual({ shape, data });
});
