/** e^(−x²/2)/√(2π) */
export const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/**
 * Φ(x), the share of a standard normal distribution below x: ½ + φ(x) (x + x³/3 + x⁵/(3·5) + …) near 0, and the continued
 * fraction of the tail, φ(t)/(t + 1/(t + 2/(t + 3/(t + …)))), beyond.
 */
export function normalBelow(x: number): number {
  if (Number.isNaN(x)) return x;
  const t = Math.abs(x);
  let tail: number;
  if (t < 3) {
    let [term, sum] = [t, t];
    for (let n = 3; term > 1e-17 * sum; n += 2) {
      term *= (t * t) / n;
      sum += term;
    }
    tail = 0.5 - normalDensity(t) * sum;
  } else {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / (t + fraction);
    tail = normalDensity(t) / (t + fraction);
  }
  return x < 0 ? tail : 1 - tail;
}
