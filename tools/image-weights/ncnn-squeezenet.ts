import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHalf } from 'unrolled/io';
import { networkConfig } from 'unrolled/vision';
import { type Converted, named, type Parameter, type Stored } from './source.ts';

const half = 0x01306b47;

/**
 * ncnn's SqueezeNet 1.1 (squeezenet_v1.1.bin): for each convolution a tag, float16 weights in the order out, in, rows, columns,
 * padded to 4 bytes, and float32 biases. Its last convolution pads by a pixel, which torchvision's does not.
 */
export function ncnnSqueezeNet(folder: string, declared: (config: Converted['config']) => Parameter[]): Converted {
  const plain = networkConfig('squeezenet-1.1', { classes: 1000 });
  const config = JSON.parse(JSON.stringify(plain));
  config.layers.classifier.layers[1].padding = 1;
  const parameters = declared(config);
  const bytes = readFileSync(join(folder, 'squeezenet_v1.1.bin'));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let place = 0;
  const arrays = parameters.map(({ name, shape }): Stored => {
    const size = shape.reduce((product, n) => product * n, 1);
    const isWeight = shape.length === 4;
    if (isWeight && view.getUint32(place, true) !== half) throw new Error(`${name}: float16 is expected at ${place}`);
    const start = isWeight ? place + 4 : place;
    const data = isWeight
      ? fromHalf(Uint16Array.from({ length: size }, (_, i) => view.getUint16(start + 2 * i, true)))
      : Float32Array.from({ length: size }, (_, i) => view.getFloat32(start + 4 * i, true));
    place = start + (isWeight ? Math.ceil(size / 2) * 4 : 4 * size);
    return { shape, data };
  });
  if (place !== bytes.length) throw new Error(`the file has ${bytes.length} bytes, the network takes ${place}`);
  const mean = [104, 117, 123];
  const preprocessing = { size: 227, resize: 256, order: 'bgr' as const, range: 255, mean, std: [1, 1, 1] };
  return { config, preprocessing, parameters: named(parameters, arrays) };
}
