import type { Shape } from '../../shape.ts';
import type { Block } from '../backend.ts';
import type { Case, Lab } from './lab.ts';

interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly G?: number;
  readonly D: number;
  readonly E?: number;
  readonly causal?: boolean;
  readonly lengths?: readonly number[];
  readonly mask?: Shape;
  readonly rate?: number;
}

/** Around the blocks of the fast kernels (128 keys, 20 and 240 queries, 3 without packing), and every option. */
const sizes: readonly Sizes[] = [
  { B: 1, T: 1, S: 1, H: 1, D: 1 },
  { B: 2, T: 3, S: 5, H: 2, D: 4 },
  { B: 1, T: 0, S: 3, H: 2, D: 4 },
  { B: 2, T: 4, S: 0, H: 1, D: 3 },
  { B: 0, T: 4, S: 4, H: 1, D: 3 },
  { B: 1, T: 1, S: 131, H: 2, D: 17, causal: true },
  { B: 2, T: 3, S: 130, H: 4, G: 2, D: 5, E: 19, causal: true },
  { B: 2, T: 7, S: 7, H: 3, D: 8, causal: true },
  { B: 1, T: 65, S: 65, H: 2, D: 20, causal: true },
  { B: 1, T: 61, S: 260, H: 1, D: 9, E: 5 },
  { B: 1, T: 243, S: 129, H: 1, D: 6, causal: true },
  { B: 1, T: 6, S: 4, H: 2, D: 4, causal: true },
  { B: 3, T: 9, S: 140, H: 2, D: 4, lengths: [140, 0, 67] },
  { B: 3, T: 5, S: 6, H: 4, G: 1, D: 3, lengths: [1, 6, 4], causal: true, rate: 0.3 },
  { B: 2, T: 66, S: 67, H: 2, D: 7, rate: 0.4 },
  { B: 2, T: 5, S: 7, H: 2, D: 4, mask: [1, 1, 5, 7] },
  { B: 2, T: 5, S: 7, H: 2, D: 4, mask: [2, 1, 1, 7], causal: true },
  { B: 2, T: 2, S: 133, H: 2, D: 4, mask: [1, 2, 1, 133] },
  { B: 2, T: 3, S: 150, H: 4, G: 2, D: 5, E: 21, mask: [2, 4, 3, 150], lengths: [150, 67], causal: true, rate: 0.3 },
  { B: 2, T: 63, S: 70, H: 2, D: 4, mask: [2, 2, 63, 70], rate: 0.1 },
];

/** Added to scores: mostly small, some −∞, and a whole row of these. */
function maskOf(lab: Lab, shape: Shape): Block {
  const S = shape[3];
  const values = lab.normals(shape.reduce((a, b) => a * b, 1));
  return lab.floats(
    shape,
    values.map((v, i) => (i % 5 === 3 || Math.floor(i / S) === 2 ? Number.NEGATIVE_INFINITY : v)),
  );
}

export const attentionCases: readonly Case[] = sizes.map((given) => {
  const { B, T, S, H, G = H, D, E = D, causal = false, lengths, mask, rate = 0 } = given;
  return {
    name: `attention ${JSON.stringify(given).replaceAll('"', '')}, and its gradient`,
    tolerance: 3e-5,
    floor: 0.3,
    run: (lab) => {
      const inputs = {
        heads: H,
        groups: G,
        scale: 1 / Math.sqrt(D),
        causal,
        dropout: { rate, seed: 12_345 },
        q: lab.normal([B, T, H * D], 2),
        k: lab.normal([B, S, G * D], 2),
        v: lab.normal([B, S, G * E]),
        lengths: lengths ? lab.ints([B], lengths) : null,
        mask: mask ? maskOf(lab, mask) : null,
        out: lab.empty([B, T, H * E]),
        normaliser: lab.empty([B, H, T]),
      };
      lab.backend.attention(inputs);
      const gradients = {
        dq: lab.empty([B, T, H * D]),
        dk: lab.empty([B, S, G * D]),
        dv: lab.empty([B, S, G * E]),
      };
      lab.backend.attentionGrad({ ...inputs, dOut: lab.normal([B, T, H * E]), ...gradients });
      return { out: inputs.out, normaliser: inputs.normaliser, ...gradients };
    },
  };
});
