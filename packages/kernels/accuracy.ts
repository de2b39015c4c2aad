/**
 * Measures the largest relative error of exp, log, tanh, sigmoid and softplus over float32 inputs:
 *
 *     node packages/kernels/accuracy.ts [stride = 1] [build …]
 *
 * With stride 1 every one of the 2³² inputs is taken (some minutes per function); the reference is float64. Where the
 * true value is subnormal, no float32 is nearer than half of 2⁻¹⁴⁹, and the error is given in units of 2⁻¹⁴⁹ instead.
 */
import { Unary } from '../unrolled/src/backend/wasm/generated/kernels.ts';
import { type Build, load } from './load.ts';

const chunk = 1 << 20;

const functions: [keyof typeof Unary, (x: number) => number][] = [
  ['exp', Math.exp],
  ['log', Math.log],
  ['tanh', Math.tanh],
  ['sigmoid', (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))],
  ['softplus', (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
];

const stride = Number(process.argv[2] ?? 1);
const builds =
  process.argv.length > 3 ? (process.argv.slice(3) as Build[]) : (['simd-local', 'relaxed-local'] as const);

for (const build of builds) {
  const { kernels, memory, space } = await load(build);
  const x = space(chunk);
  const y = space(chunk);
  const bits = new Uint32Array(memory.buffer, x, chunk);
  const inputs = new Float32Array(memory.buffer, x, chunk);
  const outputs = new Float32Array(memory.buffer, y, chunk);
  for (const [name, exact] of functions) {
    const worst = { error: 0, at: 0 };
    const subnormal = { error: 0, at: 0 };
    let wrong = 0;
    let wrongAt = 0;
    for (let start = 0; start < 2 ** 32; start += chunk * stride) {
      const count = Math.min(chunk, Math.ceil((2 ** 32 - start) / stride));
      for (let i = 0; i < count; i++) bits[i] = start + i * stride;
      kernels.unary(Unary[name], x, y, count);
      for (let i = 0; i < count; i++) {
        const expected = exact(inputs[i]);
        const rounded = Math.fround(expected);
        const got = outputs[i];
        if (!Number.isFinite(rounded) || rounded === 0) {
          // Next to the limits of float32 either neighbour is right: 0 or the least float, ∞ or the greatest.
          const near =
            Number.isFinite(expected) && Math.abs(got - expected) <= Math.max(1e-6 * Math.abs(expected), 2 ** -149);
          if (!Object.is(got, rounded) && !near) {
            wrong++;
            wrongAt = inputs[i];
          }
        } else if (Math.abs(rounded) < 2 ** -126) {
          const error = Math.abs(got - expected) * 2 ** 149;
          if (!(error <= subnormal.error)) Object.assign(subnormal, { error, at: inputs[i] });
        } else if (got !== rounded) {
          const error = Math.abs((got - expected) / expected);
          // Not `>`: a NaN must not pass.
          if (!(error <= worst.error) && !(got === Infinity && expected > 3.40282e38))
            Object.assign(worst, { error, at: inputs[i] });
        }
      }
    }
    console.log(
      `${build} ${name.padEnd(8)} largest relative error ${worst.error.toExponential(2)} at ${worst.at}; ` +
        `subnormal results ${subnormal.error.toFixed(2)} × 2⁻¹⁴⁹ at ${subnormal.at}; wrong specials ${wrong}${wrong ? ` at ${wrongAt}` : ''}`,
    );
  }
}
