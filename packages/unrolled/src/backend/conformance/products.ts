import type { Case } from './lab.ts';

type Sizes = readonly [batch: number, m: number, k: number, n: number];

/** Empty, odd, around the tile (5 × 8 and 1 × 32) and beyond the blocks (256 deep, 160 rows) of the fast kernels. */
const sizes: readonly Sizes[] = [
  [1, 0, 3, 4],
  [1, 3, 0, 4],
  [1, 3, 4, 0],
  [0, 3, 4, 5],
  [1, 1, 1, 1],
  [1, 1, 3, 4],
  [1, 5, 17, 1],
  [1, 3, 5, 4],
  [1, 4, 64, 5],
  [1, 17, 17, 17],
  [3, 3, 4, 5],
  [2, 64, 17, 64],
  [4, 1, 5, 33],
  [7, 12, 20, 9],
  [33, 2, 5, 3],
  [1, 1, 300, 70],
  [2, 7, 513, 40],
  [1, 165, 260, 9],
  [1, 331, 20, 30],
];

export const productCases: readonly Case[] = sizes.flatMap(([batch, m, k, n]) =>
  [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [false, true].flatMap((accumulate) =>
        (batch > 1 ? [false, true] : [true]).map((sharedB): Case => {
          const options = { transposeA, transposeB, accumulate, sharedB };
          const on = Object.entries(options).flatMap(([name, set]) => (set ? [name] : []));
          return {
            name: `matmul of ${batch} × [${m}, ${k}] · [${k}, ${n}] ${on.join(' ')}`,
            run: (lab) => {
              const a = lab.normal(transposeA ? [batch, k, m] : [batch, m, k]);
              const right = transposeB ? [n, k] : [k, n];
              const b = lab.normal(sharedB ? right : [batch, ...right]);
              const out = accumulate ? lab.normal([batch, m, n]) : lab.empty([batch, m, n]);
              lab.backend.matmul(a, b, out, { batch, m, k, n, ...options });
              return { out };
            },
          };
        }),
      ),
    ),
  ),
);
