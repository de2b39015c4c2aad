import type { BinaryOperation, UnaryOperation } from '../../backend/backend.ts';
import { unaryOperations } from '../../backend/backend.ts';
import { applyBinary, applyUnary } from '../../ops/elementwise.ts';
import { add, broadcastTo, concat, linear, matmul, type Operand, select, slice } from '../../ops/index.ts';
import { sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Point, Value } from './value.ts';

/**
 * Computes the non-recurrent values for all steps at once, `[T, B, width]`, by ordinary operations: a product is one over
 * T·B rows, and gradients are automatic.
 */
export class Sequences {
  readonly #known: Map<Value, Tensor>;
  readonly #leaves: readonly (Tensor | number)[];
  readonly #matrices: readonly Tensor[];
  readonly #xs: Tensor;

  /** @param known  values whose sequence is already computed; more may be added later */
  constructor(
    xs: Tensor,
    known: Map<Value, Tensor>,
    leaves: readonly (Tensor | number)[],
    matrices: readonly Tensor[],
  ) {
    this.#xs = xs;
    this.#known = known;
    this.#leaves = leaves;
    this.#matrices = matrices;
  }

  of(value: Value): Tensor {
    let sequence = this.#known.get(value);
    if (sequence === undefined) {
      const [T, B] = this.#xs.shape;
      const shape = [T, B, value.width];
      const computed = this.#compute(value);
      if (typeof computed === 'number') sequence = this.#xs.device.full(shape, computed);
      else sequence = sameShape(computed.shape, shape) ? computed : broadcastTo(computed, shape);
      this.#known.set(value, sequence);
    }
    return sequence;
  }

  /** A leaf itself, or the sequence of any other value: for operations that broadcast. */
  #operand(value: Value): Operand {
    return value.kind === 'leaf' ? this.#leaves[value.index] : this.of(value);
  }

  #compute(value: Value): Operand {
    switch (value.kind) {
      case 'leaf':
        return this.#leaves[value.index];
      case 'point':
        return this.#point(value);
      case 'product':
        return value.factors
          .map(({ left, matrix, transposed }, index) => {
            const right = this.#matrices[matrix];
            const bias = value.bias && index === 0 ? (this.#leaves[value.bias.index] as Tensor) : null;
            return transposed ? linear(this.of(left), right, bias) : matmul(this.of(left), right);
          })
          .reduce(add);
      case 'slice':
        return slice(this.of(value.of), -1, value.start, value.start + value.width);
      case 'concat':
        return concat(
          value.parts.map((part) => this.of(part)),
          -1,
        );
      default:
        throw new Error(`a traced step needs ${value.kind}, which is not there`);
    }
  }

  #point({ operation, inputs }: Point): Operand {
    const [a, b, c] = inputs.map((input) => this.#operand(input));
    if (operation === 'copy') return a;
    if (operation === 'select') return select(typeof a === 'number' ? this.of(inputs[0]) : a, b, c);
    const isUnary = (unaryOperations as readonly string[]).includes(operation);
    if (!isUnary) return applyBinary(operation as BinaryOperation, a, b);
    return applyUnary(operation as UnaryOperation, typeof a === 'number' ? this.of(inputs[0]) : a);
  }
}
