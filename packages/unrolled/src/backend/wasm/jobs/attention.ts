import type { Kernels } from '../generated/kernels.ts';
import { defineJob, type JobParameters, type Part, startOf } from './job.ts';

/** Heads of a part, from which on parts begin with a whole one: then no keys are packed twice. */
const WHOLE_HEADS = 4;

/** Up to so many queries of a sequence, keys and values are read as they lie, and not packed. */
const FEW = 3;

/** Few queries mostly wait for memory, which more threads hardly speed up: this much of their work counts when threads are chosen. */
const FEW_WORK = 1 / 10;

/** The share of the work that more threads speed up. */
export const divisible = ({ T }: Pick<Shared, 'T'>): number => (T > FEW ? 1 : FEW_WORK);

/** Floats of scratch that each part of `attentionJob` needs. */
export function attentionScratchSize(
  kernels: Kernels,
  { T, heads, depth, width }: Pick<Shared, 'T' | 'heads' | 'depth' | 'width'>,
): number {
  if (T <= FEW) return kernels.attentionFewScratchSize(T, heads, width);
  return kernels.attentionScratchSize(depth, width);
}

const shared = [
  ...([
    'q',
    'k',
    'v',
    'mask',
    'out',
    'normaliser',
    'lengths',
    'B',
    'T',
    'S',
    'heads',
    'groups',
    'depth',
    'width',
  ] as const),
  ...(['maskB', 'maskH', 'maskT', 'scale', 'causal', 'rate', 'seed', 'scratch', 'scratchBytes'] as const),
] as const;

type Shared = JobParameters<(typeof shared)[number]>;

/** Where a run of queries of one head begins, and what belongs to it. */
function placesOf(p: Shared, b: number, h: number, t: number) {
  const g = Math.floor(h / (p.heads / p.groups));
  const [ldq, ldk] = [p.heads * p.depth, p.groups * p.depth];
  const [ldo, ldv] = [p.heads * p.width, p.groups * p.width];
  const row = (b * p.heads + h) * p.T + t;
  return {
    ...{ ldq, ldk, ldv, ldo },
    query: ((b * p.T + t) * ldq + h * p.depth) * 4,
    key: (b * p.S * ldk + g * p.depth) * 4,
    value: (b * p.S * ldv + g * p.width) * 4,
    out: ((b * p.T + t) * ldo + h * p.width) * 4,
    mask: p.mask && p.mask + (b * p.maskB + h * p.maskH + t * p.maskT) * 4,
    normaliser: p.normaliser + row * 4,
    length: p.lengths && p.lengths + b * 4,
    limit: p.S - p.T + t + 1,
    // The position of a weight wraps as an int32, as that of other dropout.
    index: (row * p.S) | 0,
  };
}

/** Each part takes a run of the B · H · T queries, or, where a sequence has few, of the B · G groups of heads. */
export const attentionJob = defineJob(shared, (kernels, p, share) => {
  if (p.T <= FEW) few(kernels, p, share);
  else many(kernels, p, share);
});

function few(kernels: Kernels, p: Shared, share: Part): void {
  const each = p.heads / p.groups;
  const to = startOf(p.B * p.groups, share.part + 1, share.parts);
  const scratch = p.scratch + share.part * p.scratchBytes;
  for (let group = startOf(p.B * p.groups, share.part, share.parts); group < to; ) {
    const [b, first] = [Math.floor(group / p.groups), group % p.groups];
    const groups = Math.min(p.groups - first, to - group);
    const at = placesOf(p, b, first * each, 0);
    const inputs = [
      p.q + at.query,
      at.ldq,
      p.k + at.key,
      at.ldk,
      p.v + at.value,
      at.ldv,
      at.mask,
      p.maskH,
      p.maskT,
    ] as const;
    const outputs = [p.out + at.out, at.ldo, at.normaliser] as const;
    const sizes = [p.T, groups, each, p.S, at.length, p.causal, at.limit, p.depth, p.width, p.scale] as const;
    kernels.attentionFew(...inputs, ...outputs, ...sizes, p.rate, p.seed, at.index, p.S, scratch);
    group += groups;
  }
}

function many(kernels: Kernels, p: Shared, share: Part): void {
  const rows = p.B * p.heads * p.T;
  const grain = p.B * p.heads >= WHOLE_HEADS * share.parts ? p.T : 1;
  const to = startOf(rows, share.part + 1, share.parts, grain);
  const scratch = p.scratch + share.part * p.scratchBytes;
  for (let row = startOf(rows, share.part, share.parts, grain); row < to; ) {
    const head = Math.floor(row / p.T);
    const t = row - head * p.T;
    const count = Math.min(p.T - t, to - row);
    const at = placesOf(p, Math.floor(head / p.heads), head % p.heads, t);
    const inputs = [p.q + at.query, at.ldq, p.k + at.key, at.ldk, p.v + at.value, at.ldv, at.mask, p.maskT] as const;
    const outputs = [p.out + at.out, at.ldo, at.normaliser] as const;
    const sizes = [count, p.S, at.length, p.causal, at.limit, p.depth, p.width, p.scale] as const;
    kernels.attention(...inputs, ...outputs, ...sizes, p.rate, p.seed, at.index, p.S, scratch);
    row += count;
  }
}

/** Each part takes groups of heads that share keys and values, whose gradients are sums over them. */
export const attentionGradJob = defineJob([...shared, 'dOut', 'dq', 'dk', 'dv'], (kernels, p, share) => {
  const to = startOf(p.B * p.groups, share.part + 1, share.parts);
  const scratch = p.scratch + share.part * p.scratchBytes;
  const each = p.heads / p.groups;
  for (let group = startOf(p.B * p.groups, share.part, share.parts); group < to; group++) {
    const b = Math.floor(group / p.groups);
    for (let i = 0; i < each; i++) {
      const at = placesOf(p, b, (group % p.groups) * each + i, 0);
      const inputs = [p.q + at.query, at.ldq, p.k + at.key, at.ldk, p.v + at.value, at.ldv, at.mask, p.maskT] as const;
      const outputs = [p.out + at.out, at.ldo, at.normaliser, p.dOut + at.out] as const;
      const gradients = [p.dq + at.query, p.dk + at.key, p.dv + at.value] as const;
      const sizes = [p.T, p.S, at.length, p.causal, at.limit, p.depth, p.width, p.scale] as const;
      kernels.attentionGrad(...inputs, ...outputs, ...gradients, ...sizes, p.rate, p.seed, at.index, p.S, scratch);
    }
  }
});
