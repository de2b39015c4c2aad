import { type Block, gatesOf, type RecurrentBackward, type RecurrentForward } from '../backend.ts';
import { Activation, type Kernels } from './generated/kernels.ts';
import type { JobParameters } from './jobs/job.ts';
import { FEW_ROWS, type Products } from './jobs/products.ts';
import { type BackwardName, type ForwardName, Kind, rowsAtATime } from './jobs/recurrent-layer.ts';
import type { LinearMemory } from './linear-memory.ts';
import { keptRoom, notPacked, type Packed, packedRoom, type Side } from './packed.ts';

/** Whether packing a layer's weights would cost more than it saves. */
export function hasFewRows({ ids, h: { shape } }: RecurrentForward): boolean {
  return ids === null && shape[0] * shape[1] <= FEW_ROWS;
}

/** The arguments of a layer's job, with its scratch space allocated. */
export function fewRowsParameters(
  layer: RecurrentForward,
  memory: LinearMemory,
  products: Products,
): JobParameters<ForwardName> {
  const rows = layer.h.shape[0] * layer.h.shape[1];
  return parametersOf(layer, memory, rows, rows, (_, weight, side) => {
    return keptRoom(memory, products, weight, side) ?? notPacked;
  });
}

export function forwardParameters(
  layer: RecurrentForward,
  memory: LinearMemory,
  products: Products,
  parts: number,
): JobParameters<ForwardName> {
  const at = rowsAtATime(sizesOf(layer), parts);
  return parametersOf(layer, memory, at.input, at.step, (name, weight, side) =>
    packedRoom(memory, products, name, weight, side),
  );
}

function parametersOf(
  layer: RecurrentForward,
  memory: LinearMemory,
  inputRows: number,
  stepRows: number,
  room: (name: string, weight: Block, side: Side) => Packed,
): JobParameters<ForwardName> {
  const { weightIh, weightHh, biasIh, biasHh } = layer;
  const { B, F, H, GH, kind } = sizesOf(layer);
  const before = kind === Kind.gruBefore;
  const ih = weightIh ? room('weightIh', weightIh, { transposed: true, k: F, n: GH, rows: inputRows }) : notPacked;
  const recurrent = { transposed: true, k: H, rows: stepRows };
  const hh = room('weightHh', weightHh, { ...recurrent, n: before ? 2 * H : GH });
  const hn = before ? room('weightHn', weightHh, { ...recurrent, n: H, offset: 2 * H * H }) : notPacked;
  return {
    ...commonParameters(layer, memory),
    biasIh: memory.input(biasIh),
    biasHh: memory.input(biasHh),
    gates: memory.address(layer.gates),
    packedIh: ih.packed,
    readyIh: ih.ready,
    packedHh: hh.packed,
    readyHh: hh.ready,
    packedHn: hn.packed,
    readyHn: hn.ready,
    bias: memory.scratch('bias', GH * 4),
    gh: kind === Kind.gruAfter ? memory.scratch('gh', B * GH * 4) : 0,
  };
}

export function backwardParameters(
  layer: RecurrentBackward,
  memory: LinearMemory,
  kernels: Kernels,
  products: Products,
  parts: number,
): JobParameters<BackwardName> {
  const { T, B, F, H, GH, kind } = sizesOf(layer);
  const isGru = kind === Kind.gruAfter || kind === Kind.gruBefore;
  const packed = (wanted: boolean, name: string, rows: number, k: number, n: number) =>
    wanted ? memory.scratch(name, products.packedBytes(rows, k, n)) : 0;
  const at = rowsAtATime({ T, B, GH }, parts);
  const ihWanted = layer.dWeightIh !== null;
  const hhWanted = layer.dWeightHh !== null;
  const laterRows = Math.max(0, T - 1) * B;
  const own = memory.addressOrNull.bind(memory);
  // Scratch space of one part: a block of the transposed left side of a product, or one step's ∂L/∂(r⊙h₋).
  const transposing = kernels.gemmScratchSize(1, GH, Math.max(F, H), T * B);
  const scratchBytes = Math.max(transposing, kind === Kind.gruBefore ? B * H : 0) * 4;
  return {
    ...commonParameters(layer, memory),
    gates: kind === Kind.rnn ? memory.scratch('preGradient', T * B * H * 4) : memory.address(layer.gates),
    dh: memory.input(layer.dh),
    dhFinal: memory.input(layer.dhFinal),
    dcFinal: memory.input(layer.dcFinal),
    dx: own(layer.dx),
    dh0: own(layer.dh0),
    dc0: own(layer.dc0),
    dWeightIh: own(layer.dWeightIh),
    dWeightHh: own(layer.dWeightHh),
    dBiasIh: own(layer.dBiasIh),
    dBiasHh: own(layer.dBiasHh),
    dhTotal: own(layer.dhTotal),
    dcTotal: own(layer.dcTotal),
    packedIh: packed(layer.dx !== null && layer.ids === null, 'weightIh', at.all, GH, F),
    packedHh: packed(true, 'weightHh', at.step, isGru ? 2 * H : GH, H),
    packedHn: packed(isGru, 'weightHn', at.step, H, H),
    state: memory.scratch('state', B * H * 4),
    nextState: memory.scratch('nextState', B * H * 4),
    dcState: memory.scratch('dcState', B * H * 4),
    packedX: packed(ihWanted, 'x', at.weight, T * B, F),
    packedH0: packed(hhWanted, 'h0', at.weight, T > 0 ? B : 0, H),
    packedH: packed(hhWanted, 'h', at.weight, laterRows, H),
    packedExtra: packed(hhWanted && kind === Kind.gruBefore, 'extra', at.weight, T * B, H),
    scratch: memory.scratch('parts', parts * scratchBytes),
    scratchBytes,
  };
}

function commonParameters(layer: RecurrentForward, memory: LinearMemory) {
  const { x, ids, h0, c0, weightIh, weightHh, lengths, h, c, extra } = layer;
  return {
    ...sizesOf(layer),
    variant: variantOf(layer),
    reverse: layer.reverse ? 1 : 0,
    ids: memory.input(ids),
    V: x.shape[0],
    x: memory.input(x),
    h0: memory.input(h0),
    c0: memory.input(c0),
    weightIh: memory.input(weightIh),
    weightHh: memory.input(weightHh),
    lengths: memory.input(lengths),
    h: memory.address(h),
    c: memory.addressOrNull(c),
    extra: memory.addressOrNull(extra),
  };
}

function sizesOf({ cell, x, h }: Pick<RecurrentForward, 'cell' | 'x' | 'h'>) {
  const [T, B, H] = h.shape;
  const F = x.shape.at(-1)!;
  return { kind: kindOf(cell), T, B, F, H, GH: gatesOf[cell.kind] * H };
}

function kindOf(cell: RecurrentForward['cell']): number {
  if (cell.kind === 'gru') return cell.reset === 'after' ? Kind.gruAfter : Kind.gruBefore;
  return Kind[cell.kind];
}

function variantOf({ cell }: RecurrentForward): number {
  if (cell.kind === 'rnn') return Activation[cell.activation];
  return cell.kind === 'gru' && cell.update === 'keep' ? 1 : 0;
}

/** Approximate multiply-adds of a layer that threads can share: the steps of a single row cannot be split. */
export function workOf(layer: RecurrentForward): number {
  const { T, B, F, H, GH } = sizesOf(layer);
  const ofInput = layer.ids ? 1 : F;
  return 2 * T * B * GH * (B > 1 || hasFewRows(layer) ? ofInput + H : ofInput);
}
