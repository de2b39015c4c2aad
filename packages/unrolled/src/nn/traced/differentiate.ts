import type { BinaryOperation, UnaryOperation } from '../../backend/backend.ts';
import { unaryOperations } from '../../backend/backend.ts';
import { gradientReads, type PointOperation } from '../../backend/scan.ts';
import { behind, type Factor, type Graph, type Point, type Value } from './value.ts';

/** Part of a gradient, for the columns from `start` on. */
interface Piece {
  readonly start: number;
  readonly value: Value;
}

/** The gradients of a step, as values of the same graph. */
export interface Gradients {
  /** Of every value that has one. */
  readonly of: ReadonlyMap<Value, Value>;
  /** Of broadcast leaves of width 1: must also be summed over columns. */
  readonly ofSingles: readonly { readonly leaf: Value; readonly gradient: Value }[];
  /** The left factor of each product, and the gradient of the product. */
  readonly products: readonly { readonly factor: Factor; readonly gradient: Value }[];
}

/**
 * Backpropagation through one step, symbolically.
 *
 * @param seeds  incoming gradients; a value may have several
 * @param ends  values at which the backward pass ends
 * @param wanted  whether any gradient is requested of a value or its inputs
 * @param number  creates a value from a number
 */
export function differentiate(
  graph: Graph,
  seeds: readonly (readonly [Value, Value])[],
  ends: ReadonlySet<Value>,
  wanted: (value: Value) => boolean,
  number: (value: number) => Value,
): Gradients {
  const pieces = new Map<Value, Piece[]>();
  const singles: { leaf: Value; gradient: Value }[] = [];
  const products: { factor: Factor; gradient: Value }[] = [];
  const rules = pointRules(graph, number);
  const give = (to: Value, value: Value | null, start = 0): void => {
    if (value === null || !wanted(to)) return;
    if (to.width === 1 && value.width > 1) {
      singles.push({ leaf: to, gradient: value });
    } else if (to.kind === 'slice') {
      give(to.of, value, to.start);
    } else {
      pieces.set(to, [...(pieces.get(to) ?? []), { start, value }]);
    }
  };
  for (const [value, gradient] of seeds) give(value, gradient);
  const order = behind(
    seeds.map(([value]) => value),
    (value) => ends.has(value),
  );
  const found = new Map<Value, Value>();
  for (const value of order.reverse()) {
    const own = pieces.get(value);
    if (own === undefined) continue;
    const gradient = total(graph, value.width, own, number);
    found.set(value, gradient);
    if (ends.has(value)) continue;
    if (value.kind === 'point') {
      rules(value, gradient).forEach((part, index) => {
        give(value.inputs[index], part === null ? null : part());
      });
    } else if (value.kind === 'product') {
      for (const factor of value.factors) {
        products.push({ factor, gradient });
        const { left, matrix, transposed } = factor;
        if (!wanted(left)) continue;
        give(left, graph.product([{ left: gradient, matrix, transposed: !transposed }], left.width));
      }
    } else if (value.kind === 'concat') {
      let position = 0;
      for (const part of value.parts) {
        give(part, graph.slice(gradient, position, part.width));
        position += part.width;
      }
    }
  }
  return { of: found, ofSingles: singles, products };
}

/** The sum of all pieces, column by column; several matrix products are merged into one that sums them. */
function total(graph: Graph, width: number, pieces: readonly Piece[], number: (value: number) => Value): Value {
  const edges = new Set([0, width]);
  for (const { start, value } of pieces) edges.add(start).add(start + value.width);
  const sorted = [...edges].sort((a, b) => a - b);
  return graph.concat(
    sorted.slice(1).map((end, index) => {
      const start = sorted[index];
      const parts = pieces
        .filter((piece) => piece.start <= start && end <= piece.start + piece.value.width)
        .map((piece) => graph.slice(piece.value, start - piece.start, end - start));
      return sum(graph, parts, end - start) ?? graph.point('copy', [number(0)], end - start);
    }),
  );
}

function sum(graph: Graph, parts: readonly Value[], width: number): Value | null {
  const factors = parts.flatMap((part) => (part.kind === 'product' ? part.factors : []));
  const terms: Value[] = parts.filter((part) => part.kind !== 'product');
  if (factors.length > 0) terms.push(graph.product(factors, width));
  if (terms.length === 0) return null;
  return terms.reduce((a, b) => graph.point('add', [a, b], width));
}

type Rule = (point: Point, gradient: Value) => readonly ((() => Value) | null)[];

/** ∂L/∂inputs of an elementwise operation: the gradients of ops/elementwise.ts, as values. */
function pointRules(graph: Graph, number: (value: number) => Value): Rule {
  const isUnary = (operation: PointOperation): operation is UnaryOperation =>
    (unaryOperations as readonly string[]).includes(operation);
  return (point, dy) => {
    const { operation, inputs, width } = point;
    const [a, b] = inputs;
    const make = (name: PointOperation, ...of: Value[]): Value => graph.point(name, of, width);
    if (operation === 'copy') return [() => dy];
    if (operation === 'select') {
      return [null, () => make('select', a, dy, number(0)), () => make('select', a, number(0), dy)];
    }
    if (isUnary(operation)) {
      const read = gradientReads[operation] === 'x' ? a : point;
      return [operation === 'sign' ? null : () => make(`${operation}Grad`, read, dy)];
    }
    // Where both are equal each side gets half.
    const half =
      (strict: PointOperation): (() => Value) =>
      () =>
        make('mul', dy, make('add', make(strict, a, b), make('mul', make('equal', a, b), number(0.5))));
    switch (operation as BinaryOperation) {
      case 'add':
        return [() => dy, () => dy];
      case 'sub':
        return [() => dy, () => make('neg', dy)];
      case 'mul':
        return [() => make('mul', dy, b), () => make('mul', dy, a)];
      case 'div':
        return [() => make('div', dy, b), () => make('neg', make('div', make('mul', dy, a), make('square', b)))];
      case 'max':
        return [half('greater'), half('less')];
      case 'min':
        return [half('less'), half('greater')];
      default:
        return [null, null];
    }
  };
}
