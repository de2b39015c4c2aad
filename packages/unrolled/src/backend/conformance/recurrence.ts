import { type Block, gatesOf, type RecurrentBackward, type RecurrentCell, type RecurrentForward } from '../backend.ts';
import type { Case, Lab } from './lab.ts';

/** Every recurrence there is, by name. */
export const cells: Readonly<Record<string, RecurrentCell>> = {
  'tanh RNN': { kind: 'rnn', activation: 'tanh' },
  'relu RNN': { kind: 'rnn', activation: 'relu' },
  'sigmoid RNN': { kind: 'rnn', activation: 'sigmoid' },
  LSTM: { kind: 'lstm' },
  'GRU after keep': { kind: 'gru', reset: 'after', update: 'keep' },
  'GRU after replace': { kind: 'gru', reset: 'after', update: 'replace' },
  'GRU before keep': { kind: 'gru', reset: 'before', update: 'keep' },
  'GRU before replace': { kind: 'gru', reset: 'before', update: 'replace' },
};

export interface Sizes {
  readonly T: number;
  readonly B: number;
  readonly F: number;
  readonly H: number;
}

export interface LayerSpec extends Sizes {
  readonly cell: RecurrentCell;
  readonly reverse: boolean;
  /** Steps in each row; null: all T. */
  readonly lengths: readonly number[] | null;
  readonly bias: boolean;
  /** Ids below F `[T, B]`: x is a table of F rows. Default: x is `[T, B, F]`. */
  readonly ids?: readonly number[];
}

/** Random values for all that goes into a layer, as numbers. */
export interface LayerInputs {
  readonly x: Float32Array;
  readonly h0: Float32Array;
  readonly c0: Float32Array;
  readonly weightIh: Float32Array;
  readonly weightHh: Float32Array;
  readonly biasIh: Float32Array;
  readonly biasHh: Float32Array;
}

export function layerInputs(lab: Lab, { cell, T, B, F, H, ids }: LayerSpec): LayerInputs {
  const GH = gatesOf[cell.kind] * H;
  return {
    x: lab.normals(ids ? F * GH : T * B * F),
    h0: lab.normals(B * H, 0.7),
    c0: lab.normals(B * H, 0.7),
    weightIh: lab.normals(GH * F, 1 / Math.sqrt(F + 1)),
    weightHh: lab.normals(GH * H, 1 / Math.sqrt(H + 1)),
    biasIh: lab.normals(GH, 0.5),
    biasHh: lab.normals(GH, 0.5),
  };
}

/** A layer ready to run, its results in blocks of their own. */
export function forwardLayer(
  lab: Lab,
  spec: LayerSpec,
  inputs: Record<keyof LayerInputs, ArrayLike<number>>,
): RecurrentForward {
  const { cell, reverse, T, B, F, H } = spec;
  const GH = gatesOf[cell.kind] * H;
  const isLstm = cell.kind === 'lstm';
  return {
    cell,
    reverse,
    x: lab.floats(spec.ids ? [F, GH] : [T, B, F], inputs.x),
    ids: spec.ids ? lab.ints([T, B], spec.ids) : null,
    h0: lab.floats([B, H], inputs.h0),
    c0: isLstm ? lab.floats([B, H], inputs.c0) : null,
    weightIh: spec.ids ? null : lab.floats([GH, F], inputs.weightIh),
    weightHh: lab.floats([GH, H], inputs.weightHh),
    biasIh: spec.bias ? lab.floats([GH], inputs.biasIh) : null,
    biasHh: spec.bias ? lab.floats([GH], inputs.biasHh) : null,
    lengths: spec.lengths && lab.ints([B], spec.lengths),
    h: lab.empty([T, B, H]),
    c: isLstm ? lab.empty([T, B, H]) : null,
    gates: cell.kind === 'rnn' ? lab.empty([0]) : lab.empty([T, B, GH]),
    extra: cell.kind === 'gru' ? lab.empty([T, B, H]) : null,
  };
}

export interface GradientsWanted {
  /** Gradients that come in from outside the recurrence. */
  readonly given: { readonly dh: boolean; readonly final: boolean };
  readonly wanted: (name: string) => boolean;
}

export const everything: GradientsWanted = { given: { dh: true, final: true }, wanted: () => true };

export function backwardLayer(
  lab: Lab,
  spec: LayerSpec,
  layer: RecurrentForward,
  options: GradientsWanted,
): RecurrentBackward {
  const { cell, T, B, F, H } = spec;
  const GH = gatesOf[cell.kind] * H;
  const isLstm = cell.kind === 'lstm';
  const out = (name: string, shape: readonly number[]) => (options.wanted(name) ? lab.empty(shape) : null);
  return {
    ...layer,
    dh: options.given.dh ? lab.normal([T, B, H]) : null,
    dhFinal: options.given.final ? lab.normal([B, H]) : null,
    dcFinal: options.given.final && isLstm ? lab.normal([B, H]) : null,
    dx: out('dx', layer.x.shape),
    dh0: out('dh0', [B, H]),
    dc0: isLstm ? out('dc0', [B, H]) : null,
    dWeightIh: layer.weightIh && out('dWeightIh', [GH, F]),
    dWeightHh: out('dWeightHh', [GH, H]),
    dBiasIh: spec.bias ? out('dBiasIh', [GH]) : null,
    dBiasHh: spec.bias ? out('dBiasHh', [GH]) : null,
    dhTotal: out('dhTotal', [T, B, H]),
    dcTotal: isLstm ? out('dcTotal', [T, B, H]) : null,
  };
}

const gradientNames = [
  'dx',
  'dh0',
  'dc0',
  'dWeightIh',
  'dWeightHh',
  'dBiasIh',
  'dBiasHh',
  'dhTotal',
  'dcTotal',
] as const;

export function gradientsOf(layer: RecurrentBackward): Record<string, Block> {
  return Object.fromEntries(gradientNames.flatMap((name) => (layer[name] ? [[name, layer[name]]] : [])));
}

function layerCase(name: string, spec: LayerSpec, options: GradientsWanted): Case {
  return {
    name,
    tolerance: 2e-5,
    run: (lab) => {
      const layer = forwardLayer(lab, spec, layerInputs(lab, spec));
      lab.backend.recurrent(layer);
      // Backward consumes gates and extra, so what forward left there is copied first.
      const kept: Record<string, Block> = { h: layer.h, ...(layer.c && { c: layer.c }) };
      for (const block of ['gates', 'extra'] as const) {
        const source = layer[block];
        if (source === null) continue;
        kept[block] = lab.empty(source.shape);
        lab.backend.copy(source, kept[block]);
      }
      const backward = backwardLayer(lab, spec, layer, options);
      lab.backend.recurrentGrad(backward);
      return { ...kept, ...gradientsOf(backward) };
    },
  };
}

/** Ids of a table, some of them often and one, 0, never. */
export const someIds = ({ T, B, F }: Sizes): number[] =>
  Array.from({ length: T * B }, (_, i) => (F === 1 ? 0 : 1 + ((i * i + 3 * i) % (F - 1))));

const sizes: readonly Sizes[] = [
  { T: 1, B: 1, F: 1, H: 1 },
  { T: 3, B: 4, F: 5, H: 3 },
  { T: 5, B: 3, F: 17, H: 4 },
  { T: 4, B: 17, F: 3, H: 17 },
  { T: 3, B: 5, F: 64, H: 64 },
  { T: 0, B: 3, F: 2, H: 4 },
  { T: 2, B: 0, F: 2, H: 4 },
  // Weight gradients over more steps than a block of the product is deep, and a hidden state wider than one.
  { T: 30, B: 11, F: 5, H: 6 },
  // One row more than two blocks of the input's product.
  { T: 11, B: 11, F: 5, H: 6 },
  { T: 2, B: 3, F: 4, H: 260 },
];

/** Row b has b steps, or T: none, some, and all of them. */
const unequal = ({ T, B }: Sizes) => Array.from({ length: B }, (_, b) => Math.min(b, T));

export const recurrenceCases: readonly Case[] = Object.entries(cells).flatMap(([name, cell]) => [
  ...sizes.flatMap((size) =>
    [false, true].flatMap((reverse) =>
      [null, unequal(size)].map((lengths) => {
        const words = `${reverse ? ', reversed' : ''}${lengths ? ', unequal lengths' : ''}`;
        const title = `${name} T ${size.T} B ${size.B} F ${size.F} H ${size.H}${words}`;
        return layerCase(title, { cell, ...size, reverse, lengths, bias: size.H !== 4 }, everything);
      }),
    ),
  ),
  ...sizes.flatMap((size) =>
    [false, true].map((reverse) => {
      const spec = { cell, ...size, reverse, lengths: reverse ? unequal(size) : null, bias: size.H !== 4 };
      const title = `${name} T ${size.T} B ${size.B} H ${size.H}, of a table of ${size.F} rows${reverse ? ', reversed, unequal lengths' : ''}`;
      return layerCase(title, { ...spec, ids: someIds(size) }, everything);
    }),
  ),
  ...['dx', 'dh0', 'dWeightIh', 'dWeightHh', 'dBiasIh', 'dBiasHh', 'dhTotal'].flatMap((only) =>
    [true, false].map((dh) => {
      const spec = { cell, T: 4, B: 3, F: 5, H: 6, reverse: false, lengths: [4, 1, 2], bias: true };
      const given = { dh, final: !dh };
      const title = `${name}, only ${only} wanted, only ${dh ? 'dh' : 'final gradients'} given`;
      return layerCase(title, spec, { given, wanted: (other) => other === only });
    }),
  ),
]);
