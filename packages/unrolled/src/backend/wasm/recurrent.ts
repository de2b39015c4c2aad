import { type Block, gatesOf, type RecurrentBackward, type RecurrentForward } from '../backend.ts';
import { Activation, type Kernels } from './generated/kernels.ts';
import type { JobParameters } from './jobs/job.ts';
import { FEW_ROWS, type Products } from './jobs/products.ts';
import { type BackwardName, type ForwardName, Kind, rowsAtATime } from './jobs/recurrent-layer.ts';
import type { LinearMemory } from './linear-memory.ts';

/** A layer's job in numbers, the room it works in allocated. */
export function forwardParameters(
  layer: RecurrentForward,
  memory: LinearMemory,
  products: Products,
  parts: number,
): JobParameters<ForwardName> {
  const { T, B, F, H, GH, kind } = sizesOf(layer);
  const direct = T * B <= FEW_ROWS;
  const packed = (name: string, rows: number, k: number, n: number) =>
    direct ? 0 : memory.scratch(name, products.packedBytes(rows, k, n));
  const at = rowsAtATime({ T, B, GH }, parts);
  const before = kind === Kind.gruBefore;
  return {
    ...commonParameters(layer, memory),
    biasIh: memory.addressOrNull(layer.biasIh),
    biasHh: memory.addressOrNull(layer.biasHh),
    gates: memory.address(layer.gates),
    direct: direct ? 1 : 0,
    packedIh: packed('weightIh', at.input, F, GH),
    packedHh: packed('weightHh', at.step, H, before ? 2 * H : GH),
    packedHn: before ? packed('weightHn', at.step, H, H) : 0,
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
  // What one part needs at a time: a block of the transposed left side of a product, or one step's ∂L/∂(r⊙h₋).
  const transposing = kernels.gemmScratchSize(1, GH, Math.max(F, H), T * B);
  const scratchBytes = Math.max(transposing, kind === Kind.gruBefore ? B * H : 0) * 4;
  return {
    ...commonParameters(layer, memory),
    gates: kind === Kind.rnn ? memory.scratch('preGradient', T * B * H * 4) : memory.address(layer.gates),
    dh: own(layer.dh),
    dhFinal: own(layer.dhFinal),
    dcFinal: own(layer.dcFinal),
    dx: own(layer.dx),
    dh0: own(layer.dh0),
    dc0: own(layer.dc0),
    dWeightIh: own(layer.dWeightIh),
    dWeightHh: own(layer.dWeightHh),
    dBiasIh: own(layer.dBiasIh),
    dBiasHh: own(layer.dBiasHh),
    dhTotal: own(layer.dhTotal),
    dcTotal: own(layer.dcTotal),
    packedIh: packed(layer.dx !== null, 'weightIh', at.all, GH, F),
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
  const { x, h0, c0, weightIh, weightHh, lengths, h, c, extra } = layer;
  return {
    ...sizesOf(layer),
    variant: variantOf(layer),
    reverse: layer.reverse ? 1 : 0,
    x: memory.address(x),
    h0: memory.address(h0),
    c0: memory.addressOrNull(c0),
    weightIh: memory.address(weightIh),
    weightHh: memory.address(weightHh),
    lengths: memory.addressOrNull(lengths),
    h: memory.address(h),
    c: memory.addressOrNull(c),
    extra: memory.addressOrNull(extra),
  };
}

function sizesOf({ cell, x, h0 }: { cell: RecurrentForward['cell']; x: Block; h0: Block }) {
  const [T, B, F] = x.shape;
  const H = h0.shape[1];
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

/** About how many of a layer's multiplications and additions threads can share: one row alone walks its steps alone. */
export function workOf({ cell, x, h0 }: RecurrentForward): number {
  const { T, B, F, H, GH } = sizesOf({ cell, x, h0 });
  return 2 * T * B * GH * (B > 1 ? F + H : F);
}
