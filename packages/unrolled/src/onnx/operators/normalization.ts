import { add, batchNormAffine, layerNorm, mean, mul, reciprocal, reshape, sqrt, square, sub } from '../../ops/index.ts';
import { formatShape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node, Operator } from '../node.ts';
import { onDevice, tensorOf, type Value } from '../value.ts';
import { axisOf } from './strided.ts';

/** [C] as [C, 1, …], to be used along the channels of [B, C, …]. */
const alongChannels = (x: Tensor, rank: number): Tensor =>
  reshape(x, [x.size, ...Array(Math.max(0, rank - 2)).fill(1)]);

const batchNormOperator: Operator = {
  inputs: [5, 5],
  build: (node) => {
    const epsilon = node.float('epsilon', 1e-5);
    node.float('momentum', 0.9);
    node.requireOnly('training_mode', 0);
    if (node.version < 9) {
      node.requireOnly('spatial', 1);
      if (node.version < 7) node.requireOnly('is_test', 1);
    }
    if (node.outputs.slice(1).some((name) => name !== ''))
      throw node.refusal('gives running statistics, which are of training', { output: 1 });
    const affine = (parts: readonly (Value | null)[]) => {
      const [gain, bias, average, variance] = parts.map((part) => tensorOf(part!, node.device));
      return batchNormAffine(gain, bias, average, variance, epsilon);
    };
    const parts = node.constants.slice(1);
    const ready = parts.every((part) => part !== null) ? node.prepare(() => affine(parts)) : null;
    return ([x, ...given]) => {
      const input = tensorOf(x!, node.device);
      const { scale, shift } = ready ?? affine(given);
      if (input.shape[1] !== scale.size) {
        throw node.refusal(`has statistics of ${scale.size} channels for ${formatShape(input.shape)}`);
      }
      return [onDevice(add(mul(input, alongChannels(scale, input.rank)), alongChannels(shift, input.rank)))];
    };
  },
};

const layerNormOperator: Operator = {
  inputs: [2, 3],
  build: (node) => {
    const axis = node.integer('axis', -1);
    const epsilon = node.float('epsilon', 1e-5);
    node.requireOnly('stash_type', 1);
    const [, wantsMean = '', wantsDeviation = ''] = node.outputs;
    return ([x, gain, bias]) => {
      const input = tensorOf(x!, node.device);
      const from = axisOf(axis, input.rank, node);
      const lead = input.shape.slice(0, from);
      const rows = reshape(input, [sizeOf(lead), sizeOf(input.shape.slice(from))]);
      const scaled = mul(reshape(layerNorm(rows, null, null, epsilon), input.shape), tensorOf(gain!, node.device));
      const y = bias ? add(scaled, tensorOf(bias, node.device)) : scaled;
      if (!wantsMean && !wantsDeviation) return [onDevice(y)];
      const statistics = [...lead, ...input.shape.slice(from).map(() => 1)];
      const average = mean(rows, { axes: 1, keepDims: true });
      const variance = mean(square(sub(rows, average)), { axes: 1 });
      const deviation = reciprocal(sqrt(add(variance, epsilon)));
      return [onDevice(y), onDevice(reshape(average, statistics)), onDevice(reshape(deviation, statistics))];
    };
  },
};

/** Normalises groups of channels of each row; a group of one is an instance norm. */
function normaliseGroups(input: Tensor, groups: number, epsilon: number, node: Node): Tensor {
  const [B, C] = input.shape;
  if (input.rank < 3 || !(groups > 0) || C % groups !== 0) {
    throw node.refusal(`normalises ${groups} groups of channels of ${formatShape(input.shape)}; the file is damaged`);
  }
  const rows = reshape(input, [B * groups, input.size / (B * groups)]);
  return reshape(layerNorm(rows, null, null, epsilon), input.shape);
}

const instanceNormOperator: Operator = {
  inputs: [3, 3],
  build: (node) => {
    const epsilon = node.float('epsilon', 1e-5);
    return ([x, gain, bias]) => {
      const input = tensorOf(x!, node.device);
      const y = normaliseGroups(input, input.shape[1], epsilon, node);
      const [scale, shift] = [gain, bias].map((part) => alongChannels(tensorOf(part!, node.device), input.rank));
      return [onDevice(add(mul(y, scale), shift))];
    };
  },
};

const groupNormOperator: Operator = {
  inputs: [3, 3],
  build: (node) => {
    if (node.version < 21)
      throw node.refusal(`is of operator set ${node.version}, where its scale is of groups; 21 and later are read`);
    const epsilon = node.float('epsilon', 1e-5);
    const groups = node.integer('num_groups', 0);
    node.requireOnly('stash_type', 1);
    return ([x, gain, bias]) => {
      const input = tensorOf(x!, node.device);
      const y = normaliseGroups(input, groups, epsilon, node);
      const [scale, shift] = [gain, bias].map((part) => alongChannels(tensorOf(part!, node.device), input.rank));
      return [onDevice(add(mul(y, scale), shift))];
    };
  },
};

export const normalization: Readonly<Record<string, Operator>> = {
  BatchNormalization: batchNormOperator,
  LayerNormalization: layerNormOperator,
  InstanceNormalization: instanceNormOperator,
  GroupNormalization: groupNormOperator,
};
