import { oneOf, requireKind, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import type { KerasLayer } from './layer.ts';

export type DataType = 'float32' | 'int32';

/**
 * A tensor of a model that is being described: its shape and where it comes from, no numbers. Extents that stay open, such as
 * the batch, are −1.
 */
export class SymbolicTensor {
  readonly shape: Shape;
  readonly dtype: DataType;
  /** The call of a layer that it comes from, and which of its outputs it is. */
  readonly node: Node;
  readonly index: number;

  constructor(shape: Shape, dtype: DataType, node: Node, index: number) {
    this.shape = shape;
    this.dtype = dtype;
    this.node = node;
    this.index = index;
  }
}

/** One call of a layer. */
export interface Node {
  /** Null for an input of a model. */
  readonly layer: KerasLayer<unknown> | null;
  /** Of an input. */
  readonly name?: string | undefined;
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
}

export interface InputOptions {
  /** Without the batch; null where an extent is open, as that of time. */
  readonly shape: readonly (number | null)[];
  /** 'int32' for ids. Default 'float32'. */
  readonly dtype?: DataType | undefined;
  /** Default: by its place among the inputs. */
  readonly name?: string | undefined;
}

/**
 * An input of a model: `[B, …shape]`.
 * @throws ConfigError on an extent that is neither null nor a whole number from 1
 *
 * @example
 * const text = input({ shape: [null], dtype: 'int32', name: 'text' });
 */
export function input({ shape, dtype = 'float32', name }: InputOptions): SymbolicTensor {
  requireKind('input', 'shape', shape, {
    must: 'extents without the batch, each a whole number from 1, or null where it is open',
    fits: (value) =>
      Array.isArray(value) && value.every((n) => n === null || n === -1 || (Number.isInteger(n) && n > 0)),
  });
  requireKind('input', 'dtype', dtype, oneOf(['float32', 'int32']));
  return newInput([-1, ...shape.map((n) => n ?? -1)], dtype, name);
}

/** An input with the batch in its shape. */
export function newInput(shape: Shape, dtype: DataType, name?: string): SymbolicTensor {
  const outputs: SymbolicTensor[] = [];
  const node: Node = { layer: null, name, inputs: [], outputs };
  outputs.push(new SymbolicTensor(shape, dtype, node, 0));
  return outputs[0];
}

/** One symbolic tensor, or several in a list or by name. */
export type Symbols = SymbolicTensor | readonly SymbolicTensor[] | Readonly<Record<string, SymbolicTensor>>;

/** The tensors of a structure, in order. @throws ConfigError if there is something else */
export function symbolsIn(place: string, given: Symbols): readonly SymbolicTensor[] {
  const list = given instanceof SymbolicTensor ? [given] : Object.values(given ?? {});
  const odd = list.findIndex((one) => !(one instanceof SymbolicTensor));
  if (odd < 0 && list.length > 0) return list as SymbolicTensor[];
  throw new ConfigError(
    `${place}: takes what input(…) and layers give, alone or in a list; received ${shown(odd < 0 ? given : list[odd])}`,
    { place },
  );
}
