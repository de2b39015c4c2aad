import type { Recording } from '../autodiff/operation.ts';
import type { BinaryOperation, UnaryOperation } from '../backend/backend.ts';
import type { Shape } from '../shape.ts';
import { binary, selectOperation, unary } from './elementwise.ts';
import { broadcastOperation, concatOperation, reshapeOperation, type Slice, sliceOperation } from './movement.ts';
import { linearOperation, type MatmulCall, matmulOperation } from './product.ts';
import { scaleOperation } from './reduction.ts';

/** A recorded call of an operation that the tracer can compile. */
export type Primitive =
  | { readonly kind: 'unary'; readonly operation: UnaryOperation }
  | { readonly kind: 'binary'; readonly operation: BinaryOperation }
  | { readonly kind: 'select' }
  | { readonly kind: 'scale'; readonly factor: number }
  | { readonly kind: 'linear' }
  | ({ readonly kind: 'matmul' } & MatmulCall)
  | ({ readonly kind: 'slice' } & Slice)
  | { readonly kind: 'concat'; readonly axis: number }
  | { readonly kind: 'broadcast'; readonly shape: Shape }
  | { readonly kind: 'reshape'; readonly shape: Shape };

/** The primitive that a recording calls; null for any other operation. */
export function primitiveOf({ operation, options }: Recording): Primitive | null {
  switch (operation) {
    case unary:
      return { kind: 'unary', operation: options as UnaryOperation };
    case binary:
      return { kind: 'binary', operation: options as BinaryOperation };
    case selectOperation:
      return { kind: 'select' };
    case scaleOperation:
      return { kind: 'scale', factor: options as number };
    case linearOperation:
      return { kind: 'linear' };
    case matmulOperation:
      return { kind: 'matmul', ...(options as MatmulCall) };
    case sliceOperation:
      return { kind: 'slice', ...(options as Slice) };
    case concatOperation:
      return { kind: 'concat', axis: options as number };
    case broadcastOperation:
      return { kind: 'broadcast', shape: options as Shape };
    case reshapeOperation:
      return { kind: 'reshape', shape: options as Shape };
    default:
      return null;
  }
}
