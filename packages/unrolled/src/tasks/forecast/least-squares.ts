/**
 * Weights W `[D, O]` that make ‖X W − Y‖² + λ‖W‖² least (ridge regression; Hoerl & Kennard 1970), from the sums XᵀX
 * `[D, D]` and XᵀY `[D, O]`: (XᵀX + λI) W = XᵀY, by a Cholesky factor. λ is relative to the mean of XᵀX's diagonal.
 */
export function solveRidge(XX: Float64Array, XY: Float64Array, D: number, ridge: number): Float64Array {
  const O = XY.length / D;
  let trace = 0;
  for (let i = 0; i < D; i++) trace += XX[i * D + i];
  const added = Math.max(ridge * (trace / D), 1e-300);
  // XᵀX + λI = L Lᵀ, row by row.
  const L = new Float64Array(D * D);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = XX[i * D + j] + (i === j ? added : 0);
      for (let k = 0; k < j; k++) sum -= L[i * D + k] * L[j * D + k];
      // Rounding can leave nothing where columns are equal; they then share the weight of one.
      L[i * D + j] = i === j ? Math.sqrt(Math.max(sum, added)) : sum / L[j * D + j];
    }
  }
  const W = Float64Array.from(XY);
  for (let o = 0; o < O; o++) {
    for (let i = 0; i < D; i++) {
      let sum = W[i * O + o];
      for (let k = 0; k < i; k++) sum -= L[i * D + k] * W[k * O + o];
      W[i * O + o] = sum / L[i * D + i];
    }
    for (let i = D - 1; i >= 0; i--) {
      let sum = W[i * O + o];
      for (let k = i + 1; k < D; k++) sum -= L[k * D + i] * W[k * O + o];
      W[i * O + o] = sum / L[i * D + i];
    }
  }
  return W;
}
