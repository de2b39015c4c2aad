import { ConfigError } from '../../errors.ts';
import type { Shape } from '../../shape.ts';
import type { Numbers } from './arrays.ts';
import type { GraphBuilder } from './builder.ts';

/** A value of the graph that is written. */
export interface Written {
  readonly name: string;
  /** Open extents are −1. */
  readonly shape: Shape;
  /** The steps of each row that count, int32 [B], where a mask says so; the others follow them. */
  readonly lengths: string | null;
}

/** A layer that is to be written. */
export interface LayerCall {
  readonly graph: GraphBuilder;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly layer: string };
  readonly inputs: readonly Written[];
  /** Shapes of its outputs. */
  readonly outputs: readonly Shape[];
  /** A weight by its path in the layer. @throws ConfigError if it has none of that name */
  weight(path: string): Numbers;
  hasWeight(path: string): boolean;
  /** The error for what the format, or this writer, cannot hold. */
  refusal(reason: string): ConfigError;
  /** Configurations of the cells of a recurrent layer. */
  readonly cells?: readonly object[] | undefined;
  /** A layer inside it. */
  readonly within?: (part: string, inputs: readonly Written[]) => LayerCall;
  /** Whether masks may be written as lengths. */
  readonly rightPadded: boolean;
}

/** Writes a layer. @returns the names of its outputs, and whether their steps are those that the mask of the input counts */
export type LayerWriter = (call: LayerCall) => readonly Written[];

/** A layer with one input and one output. */
export const simple =
  (write: (call: LayerCall, x: string) => string, mask: 'pass' | 'drop' = 'pass'): LayerWriter =>
  (call) => {
    const [{ name, lengths }] = call.inputs;
    const y = write(call, name);
    return [{ name: y, shape: call.outputs[0], lengths: mask === 'pass' ? lengths : null }];
  };

export const refusalOf = (layer: string, reason: string): ConfigError =>
  new ConfigError(`onnx: the layer '${layer}' ${reason}`, { layer });

/** How many elements an axis has, a single number. */
export const extentOf = (graph: GraphBuilder, x: string, axis: number): string =>
  graph.add('Gather', [graph.add('Shape', [x]), graph.whole(axis)], { axis: 0 });

/** Whole numbers from `from`, by default 0, below `to`. */
export const numbersBelow = (graph: GraphBuilder, to: string, from = graph.whole(0)): string =>
  graph.add('Range', [from, to, graph.whole(1)]);

/** True where a query at one of the places `[T]` sees a key at one of the places `[S]`, those up to its own: `[T, S]`. */
export const causallySeen = (graph: GraphBuilder, queries: string, keys: string): string =>
  graph.add('Not', [graph.add('Less', [graph.add('Unsqueeze', [queries, graph.whole([1])]), keys])]);

/** Scores with −1e9 where `seen` is false. */
export const hidden = (graph: GraphBuilder, scores: string, seen: string): string =>
  graph.add('Where', [seen, scores, graph.number(-1e9)]);

/** True at the steps that count: `[B, T]`, or `[T, B]` where x has its steps first. */
export function activeSteps(graph: GraphBuilder, x: string, lengths: string, timeMajor = false): string {
  const numbers = numbersBelow(graph, extentOf(graph, x, timeMajor ? 0 : 1)); // [T]
  const each = graph.add('Cast', [lengths], { to: 7 }); // [B]
  const column = graph.add('Unsqueeze', [timeMajor ? numbers : each, graph.whole([1])]);
  return timeMajor ? graph.add('Less', [column, each]) : graph.add('Less', [numbers, column]);
}
