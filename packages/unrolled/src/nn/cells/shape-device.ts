import type { Backend, Storage } from '../../backend/backend.ts';
import { deviceOn } from '../../ops/create-device.ts';
import type { Device } from '../../tensor/device.ts';

const nothing = (): void => {};
const read = ({ storage }: { storage: Storage }): Float32Array => new Float32Array(storage.length);

/** A backend without memory that computes nothing: operations on it only infer shapes. */
const shapes: Backend = {
  name: 'shapes',
  float: 'float32',
  readsAtOnce: true,
  describe: () => ({ name: 'shapes', float: 'float32', threads: 0, notes: [] }),
  close: nothing,
  allocate: (dtype, length) => ({ dtype, length }),
  release: nothing,
  memory: () => ({ bytes: 0, peakBytes: 0, limitBytes: Number.POSITIVE_INFINITY }),
  write: nothing,
  read: async (x) => read(x),
  readSync: read,
  fill: nothing,
  copy: nothing,
  stridedCopy: nothing,
  unary: nothing,
  unaryGrad: nothing,
  binary: nothing,
  select: nothing,
  axpy: nothing,
  dropout: nothing,
  reduce: nothing,
  argmax: nothing,
  norm: nothing,
  matmul: nothing,
  softmax: nothing,
  logSoftmax: nothing,
  softmaxGrad: nothing,
  logSoftmaxGrad: nothing,
  crossEntropy: nothing,
  crossEntropyGrad: nothing,
  gather: nothing,
  scatterAdd: nothing,
  layerNorm: nothing,
  layerNormGrad: nothing,
  convolution: nothing,
  convolutionInputGrad: nothing,
  convolutionWeightGrad: nothing,
  pool: nothing,
  poolGrad: nothing,
  addActivated: nothing,
  batchNorm: nothing,
  batchNormGrad: nothing,
  batchNormAffine: nothing,
  attention: nothing,
  attentionGrad: nothing,
  recurrent: nothing,
  recurrentGrad: nothing,
  scan: nothing,
  optimize: nothing,
};

/**
 * A device for shape inference, before a real one is opened.
 * @param own  operations in place of those that do nothing, such as ones that count
 */
export const shapeDevice = (own: Partial<Backend> = {}): Device => deviceOn({ ...shapes, ...own });
