import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkConfig } from 'unrolled/vision';
import { type Converted, named, type Parameter, type Stored, transposed } from './source.ts';

interface Listing {
  readonly ops: readonly {
    readonly op: string;
    readonly weight?: {
      readonly shape: readonly number[];
      readonly scale: number;
      readonly zero: number;
      readonly offset: number;
    };
    readonly bias?: { readonly shape: readonly number[]; readonly offset: number };
  }[];
}

/**
 * A quantised TFLite MobileNet v2 as a list of operations (model.json) with uint8 weights and float32 biases (weights.bin), batch
 * norms folded. A weight is (q − zero)·scale.
 */
export function tfliteMobileNetV2(folder: string, declared: (config: Converted['config']) => Parameter[]): Converted {
  const { ops }: Listing = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const bytes = readFileSync(join(folder, 'weights.bin'));
  const arrays = ops.flatMap(({ op, weight, bias }): Stored[] => {
    if (weight === undefined || bias === undefined) return [];
    const { shape, scale, zero, offset } = weight;
    const size = shape.reduce((product, n) => product * n, 1);
    const data = Float32Array.from(bytes.subarray(offset, offset + size), (q) => (q - zero) * scale);
    // [out, kh, kw, in], depthwise [1, kh, kw, channels], to [out, in, kh, kw].
    const order = op === 'DEPTHWISE_CONV_2D' ? [3, 0, 1, 2] : [0, 3, 1, 2];
    const biases = new Uint8Array(bytes.subarray(bias.offset, bias.offset + 4 * bias.shape[0]));
    return [transposed({ shape, data }, order), { shape: bias.shape, data: new Float32Array(biases.buffer) }];
  });
  const config = networkConfig('mobilenet-v2', {
    ...{ classes: arrays.at(-1)!.shape[0], padding: 'same', batchNorm: false },
  });
  const preprocessing = { size: 224, resize: 256, range: 255, mean: [128, 128, 128], std: [128, 128, 128] };
  return { config, preprocessing, parameters: named(declared(config), arrays) };
}
