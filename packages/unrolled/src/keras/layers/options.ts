import type { Kind } from '../../checks.ts';
import type { ActivationName } from '../activations.ts';
import { type Constraint, requireConstraint } from '../constraints.ts';
import { type Initializer, requireInitializer } from '../initializers.ts';
import { type Regularizer, requireRegularizer } from '../regularizers.ts';

/** Options of a layer with a kernel and a bias. */
export interface KernelOptions {
  /** Default 'linear': none. */
  readonly activation?: ActivationName | undefined;
  /** Default true. */
  readonly useBias?: boolean | undefined;
  /** Default 'glorotUniform'. */
  readonly kernelInitializer?: Initializer | undefined;
  /** Default 'zeros'. */
  readonly biasInitializer?: Initializer | undefined;
  readonly kernelRegularizer?: Regularizer | null | undefined;
  readonly biasRegularizer?: Regularizer | null | undefined;
  /** Of the layer's output, over the batch size. */
  readonly activityRegularizer?: Regularizer | null | undefined;
  readonly kernelConstraint?: Constraint | null | undefined;
  readonly biasConstraint?: Constraint | null | undefined;
}

/** A kind that a function checks, whose own error says more than this one's. */
const checkedBy = (must: string, check: (value: never) => void): Kind => ({
  must,
  fits(value) {
    if (value === null) return true;
    check(value as never);
    return true;
  },
});

export const initializerKind = checkedBy('an initializer', (value) => requireInitializer('initializer', value));
export const regularizerKind = checkedBy('a regularizer', (value) => requireRegularizer('regularizer', value));
export const constraintKind = checkedBy('a constraint', (value) => requireConstraint('constraint', value));
