import { concat, linear } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { zeros } from '../initialisers.ts';
import { defineCell } from './define.ts';
import type { StepTools } from './step-tools.ts';

/** A complex array as two real ones. */
interface Complex {
  readonly re: Tensor;
  readonly im: Tensor;
}

const times = (a: Complex, b: Complex): Complex => ({
  re: a.re.mul(b.re).sub(a.im.mul(b.im)),
  im: a.re.mul(b.im).add(a.im.mul(b.re)),
});

/** D z, for a diagonal of unit numbers e^{iω} = (a + ib)/√(a² + b²). */
function phase(z: Complex, name: string, { parameter, hidden }: StepTools): Complex {
  const [a, b] = ['a', 'b'].map((part) =>
    parameter(`phase_${name}_${part}`, [hidden], { kind: 'normal', deviation: 1 }),
  );
  const length = a.square().add(b.square()).sqrt();
  return times({ re: a.div(length), im: b.div(length) }, z);
}

/** R z = z − 2 v (v* z) / ‖v‖². */
function reflection(z: Complex, name: string, { parameter, hidden: H }: StepTools): Complex {
  const [re, im] = ['re', 'im'].map((part) =>
    parameter(`reflection_${name}_${part}`, [H], { kind: 'uniform', limit: 1 }),
  );
  const dot = (a: Tensor, b: Tensor): Tensor => a.reshape([-1, H]).matmul(b.reshape([H, 1])); // [B, 1]
  const factor = dot(re, re).add(dot(im, im)).mul(0.5);
  const share: Complex = {
    re: dot(z.re, re).add(dot(z.im, im)).div(factor),
    im: dot(z.im, re).sub(dot(z.re, im)).div(factor),
  };
  const removed = times(share, { re, im });
  return { re: z.re.sub(removed.re), im: z.im.sub(removed.im) };
}

/** F_jk = e^{−2πi jk/H}/√H, or its inverse with columns in another order: cos or sin of it, `[H, H]`. */
function fourier(H: number, wave: (angle: number) => number, order: readonly number[] | null): Float64Array {
  return Float64Array.from({ length: H * H }, (_, index) => {
    const [row, column] = [Math.floor(index / H), index % H];
    return wave((2 * Math.PI * ((row * (order?.[column] ?? column)) % H)) / H) / Math.sqrt(H);
  });
}

/** M z for a constant complex matrix M, rows on the right: z `[B, H]` → z Mᵀ. */
function product(z: Complex, cos: Tensor, sin: Tensor, direction: 1 | -1): Complex {
  const by = (x: Tensor, m: Tensor): Tensor => x.matmul(m, { transposeB: true });
  const [rc, is, rs, ic] = [by(z.re, cos), by(z.im, sin), by(z.re, sin), by(z.im, cos)];
  // e^{iθ} = cos θ + i sin θ for the inverse transform, cos θ − i sin θ for the transform.
  return direction === 1 ? { re: rc.sub(is), im: ic.add(rs) } : { re: rc.add(is), im: ic.sub(rs) };
}

/** W z = D₃ R₂ F⁻¹ Π D₂ R₁ F D₁ z. */
function unitary(z: Complex, tools: StepTools): Complex {
  const H = tools.hidden;
  const shape: Shape = [H, H];
  const order = (): number[] => shuffled(H);
  const cos = tools.constant('cos', shape, () => fourier(H, Math.cos, null));
  const sin = tools.constant('sin', shape, () => fourier(H, Math.sin, null));
  const shuffledCos = tools.constant('shuffledCos', shape, () => fourier(H, Math.cos, order()));
  const shuffledSin = tools.constant('shuffledSin', shape, () => fourier(H, Math.sin, order()));
  const transformed = product(phase(z, '1', tools), cos, sin, -1);
  const middle = phase(reflection(transformed, '1', tools), '2', tools);
  return phase(reflection(product(middle, shuffledCos, shuffledSin, 1), '2', tools), '3', tools);
}

/** The same permutation for the same H, so that it need not be stored. */
function shuffled(H: number): number[] {
  const random = new Random(H);
  const order = Array.from({ length: H }, (_, index) => index);
  for (let last = H - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/**
 * Unitary evolution network (Arjovsky, Shah & Bengio 2016): a complex state with a recurrence matrix W that is
 * unitary by construction, so that it preserves norms.
 *
 *     z = W h_{t−1} + V x_t,   h_t = relu(|z| + b) ⊙ z/|z|   (modReLU)
 *     W = D₃ R₂ F⁻¹ D₂ Π R₁ F D₁,   output = U [Re h_t; Im h_t] + b_o
 *
 * D are diagonals of phases e^{iω}, R reflections I − 2vv*\/‖v‖², F the Fourier transform, Π a fixed permutation. A phase
 * is stored as a point (a, b), of which only the direction matters. D₂ Π = Π D₂′ for another diagonal, so Π is merged into the constant
 * matrix of F⁻¹. The transforms are products with constant matrices: H² operations, not H log H. |z| is √(z z* + 10⁻¹⁰),
 * so that the gradient exists at 0; the initial state is zero, where the paper learns it.
 *
 * Shapes: x `[B, F]`, state re and im `[B, H]`, output `[B, H]`. Parameters: `phase_<k>_a`, `phase_<k>_b` (k = 1, 2, 3),
 * `reflection_<k>_re`, `reflection_<k>_im` (k = 1, 2), `threshold` (b) [H]; `weight_re`, `weight_im` (V) [H, F];
 * `weight_out` (U) [H, 2H], `bias_out` [H].
 */
export const unitaryCell = defineCell({
  name: 'unitary',
  initialState: ({ zeros, hidden }) => ({ re: zeros(hidden), im: zeros(hidden) }),
  step(x, state, tools) {
    const { parameter, hidden } = tools;
    const turned = unitary(state, tools);
    const re = turned.re.add(tools.linear('re', x, { bias: false, init: { kind: 'xavier' } }));
    const im = turned.im.add(tools.linear('im', x, { bias: false, init: { kind: 'xavier' } }));
    const length = re.square().add(im.square()).add(1e-10).sqrt();
    const scale = length
      .add(parameter('threshold', [hidden], { kind: 'uniform', limit: 0.01 }))
      .relu()
      .div(length);
    const next = { re: re.mul(scale), im: im.mul(scale) };
    const both = concat([next.re, next.im], -1); // [B, 2H]
    const output = linear(both, parameter('weight_out', [hidden, 2 * hidden]), parameter('bias_out', [hidden], zeros));
    return { output, state: next, gates: { scale } };
  },
});
