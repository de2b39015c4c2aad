import type { MatrixProduct } from '../backend.ts';
import type { Floats } from './memory.ts';

/** out [batch, m, n] ← (+=) op(a) · op(b). */
export function matmul(a: Floats, b: Floats, out: Floats, product: MatrixProduct): void {
  const { batch, m, k, n, transposeA, transposeB, accumulate, sharedB } = product;
  for (let s = 0; s < batch; s++) {
    const aStart = s * m * k;
    const bStart = sharedB ? 0 : s * k * n;
    const outStart = s * m * n;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          const left = a[aStart + (transposeA ? p * m + i : i * k + p)];
          const right = b[bStart + (transposeB ? j * k + p : p * n + j)];
          sum += left * right;
        }
        const at = outStart + i * n + j;
        out[at] = accumulate ? out[at] + sum : sum;
      }
    }
  }
}
