import { nearest } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import type { NodeProto } from '../../io/onnx/schema.ts';
import { labelOf, type Operator } from '../node.ts';
import { activations } from './activations.ts';
import { control } from './control.ts';
import { convolutions } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { products } from './products.ts';
import { recurrent } from './recurrent.ts';
import { reductions } from './reductions.ts';
import { shapes } from './shapes.ts';

/** Operations that are read, by ONNX's names. */
const operators: Readonly<Record<string, Operator>> = {
  ...elementwise,
  ...activations,
  ...shapes,
  ...indexing,
  ...reductions,
  ...products,
  ...convolutions,
  ...pooling,
  ...normalization,
  ...recurrent,
  ...control,
};

/** Names of the operations that are read. */
export const operationNames: readonly string[] = Object.keys(operators).sort();

/** @throws DataError naming an operation that is not read */
export function operatorOf(node: NodeProto): Operator {
  const { operation, domain } = node;
  const isOwn = domain === '' || domain === 'ai.onnx';
  if (isOwn && Object.hasOwn(operators, operation)) return operators[operation];
  const near = isOwn ? nearest(operation, operationNames) : null;
  throw new DataError(
    `onnx: ${labelOf(node)} is of an operation that is not read${near ? `; did you mean '${near}'?` : ''}`,
    { operation, domain, node: labelOf(node) },
  );
}
