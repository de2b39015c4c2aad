import { add, linear, matmul, reshape, scale, transpose } from '../../ops/index.ts';
import { formatShape, sameShape } from '../../shape.ts';
import type { Operator } from '../node.ts';
import { onDevice, tensorOf } from '../value.ts';

const matmulOperator: Operator = {
  inputs: [2, 2],
  folds: false,
  build:
    (node) =>
    ([a, b]) => {
      const [left, right] = [tensorOf(a!, node.device), tensorOf(b!, node.device)];
      if (left.rank === 0 || right.rank === 0) throw node.refusal('multiplies a single number; the file is damaged');
      const x = left.rank === 1 ? reshape(left, [1, left.size]) : left;
      const y = right.rank === 1 ? reshape(right, [right.size, 1]) : right;
      node.requireRoom([...x.shape.slice(0, -1), y.shape.at(-1)!], 'device');
      const product = matmul(x, y);
      const shape = product.shape.filter(
        (_, i) => !(left.rank === 1 && i === product.rank - 2) && !(right.rank === 1 && i === product.rank - 1),
      );
      return [onDevice(reshape(product, shape))];
    },
};

/** Y = alpha · A′ · B′ + beta · C */
const gemmOperator: Operator = {
  inputs: [2, 3],
  folds: false,
  build: (node) => {
    const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
    const [transposeA, transposeB] = [node.flag('transA'), node.flag('transB')];
    if (node.version < 7) node.flag('broadcast');
    return ([a, b, c]) => {
      const [left, right] = [tensorOf(a!, node.device), tensorOf(b!, node.device)];
      if (left.rank !== 2 || right.rank !== 2) {
        throw node.refusal(`needs matrices, received ${formatShape(left.shape)} and ${formatShape(right.shape)}`);
      }
      const x = transposeA ? transpose(left) : left;
      const bias = c && tensorOf(c, node.device);
      if (transposeB && bias && alpha === 1 && beta === 1 && sameShape(bias.shape, [right.shape[0]])) {
        return [onDevice(linear(x, right, bias))];
      }
      const product = matmul(x, right, { transposeB });
      const scaled = alpha === 1 ? product : scale(product, alpha);
      return [onDevice(bias && beta !== 0 ? add(scaled, beta === 1 ? bias : scale(bias, beta)) : scaled)];
    };
  },
};

export const products: Readonly<Record<string, Operator>> = { MatMul: matmulOperator, Gemm: gemmOperator };
