import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkConfig } from 'unrolled/vision';
import { type Converted, named, type Parameter, type Stored, transposed } from './source.ts';

interface Manifest {
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[];
  }[];
}

/** A TensorFlow.js layers model of Keras' MobileNet v1: model.json and its shards. */
export function tfjsMobileNetV1(folder: string, declared: (config: Converted['config']) => Parameter[]): Converted {
  const { weightsManifest }: Manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const arrays = weightsManifest.flatMap(({ paths, weights }): Stored[] => {
    const bytes = Buffer.concat(paths.map((path) => readFileSync(join(folder, path))));
    let place = 0;
    return weights.map(({ name, shape, dtype }) => {
      if (dtype !== 'float32') throw new Error(`${name} is of ${dtype}; only float32 is read`);
      const size = shape.reduce((product, n) => product * n, 1);
      const data = new Float32Array(new Uint8Array(bytes.subarray(place, place + 4 * size)).buffer);
      place += 4 * size;
      // [kh, kw, in, out], depthwise [kh, kw, channels, 1], to [out, in, kh, kw].
      const order = name.endsWith('depthwise_kernel') ? [2, 3, 0, 1] : [3, 2, 0, 1];
      return shape.length === 4 ? transposed({ shape, data }, order) : { shape, data };
    });
  });
  const classes = arrays.at(-1)!.shape[0];
  const width = arrays[0].shape[0] / 32;
  const config = networkConfig('mobilenet-v1', {
    ...{ classes, width, padding: 'same', dropout: 0.001, batchNorm: { epsilon: 1e-3, momentum: 0.01 } },
  });
  const preprocessing = { size: 224, resize: 256, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
  return { config, preprocessing, parameters: named(declared(config), arrays) };
}
