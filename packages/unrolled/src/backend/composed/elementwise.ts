import { mix32 } from '../../random.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Block, UnaryOperation } from '../backend.ts';
import { type Operand, reshaped, type Workspace } from './workspace.ts';

/** 1/√(2π) */
const DENSITY = 1 / Math.sqrt(2 * Math.PI);

/** dy ⊙ (s + x s (1 − s) u′), the gradient of x·σ(u). */
function gated(w: Workspace, x: Block, u: Block, slope: Operand, dy: Block): Block {
  const s = w.unary('sigmoid', u);
  return w.mul(dy, w.mul(s, w.add(1, w.mul(w.mul(x, slope), w.sub(1, s)))));
}

/** dy ⊙ f′(x), with y = f(x) given; each reads one of x and y, see `gradientReads`. */
export const gradientRules: Readonly<Record<UnaryOperation, (w: Workspace, x: Block, y: Block, dy: Block) => Block>> = {
  neg: (w, _x, _y, dy) => w.unary('neg', dy),
  exp: (w, _x, y, dy) => w.mul(dy, y),
  log: (w, x, _y, dy) => w.div(dy, x),
  sqrt: (w, _x, y, dy) => w.div(w.mul(dy, 0.5), y),
  abs: (w, x, _y, dy) => w.mul(dy, w.unary('sign', x)),
  square: (w, x, _y, dy) => w.mul(dy, w.mul(x, 2)),
  reciprocal: (w, _x, y, dy) => w.mul(w.unary('neg', dy), w.unary('square', y)),
  sign: (w, _x, _y, dy) => w.mul(dy, 0),
  tanh: (w, _x, y, dy) => w.mul(dy, w.sub(1, w.unary('square', y))),
  sigmoid: (w, _x, y, dy) => w.mul(dy, w.mul(y, w.sub(1, y))),
  relu: (w, _x, y, dy) => w.mul(dy, w.binary('greater', y, 0)),
  softplus: (w, x, _y, dy) => w.mul(dy, w.unary('sigmoid', x)),
  relu6: (w, _x, y, dy) => w.mul(dy, w.mul(w.binary('greater', y, 0), w.binary('less', y, 6))),
  gelu: (w, x, _y, dy) => {
    // Φ(x) = gelu(x)/x, where that is not 0/0.
    const near = w.binary('less', w.unary('abs', x), 1e-3);
    const below = w.select(near, w.add(0.5, w.mul(x, DENSITY)), w.div(w.unary('gelu', x), x), x.shape);
    const bell = w.unary('exp', w.mul(w.unary('square', x), -0.5));
    return w.mul(dy, w.add(below, w.mul(x, w.mul(bell, DENSITY))));
  },
  geluTanh: (w, x, _y, dy) => {
    const bent = w.mul(w.mul(x, 4 * DENSITY), w.add(1, w.mul(w.unary('square', x), 0.044715)));
    return gated(w, x, bent, w.mul(4 * DENSITY, w.add(1, w.mul(w.unary('square', x), 3 * 0.044715))), dy);
  },
  silu: (w, x, _y, dy) => gated(w, x, x, 1, dy),
};

/** The positions are hashed on the host, and the mask is written. */
export function dropout(w: Workspace, x: Block, rate: number, seed: number): Block {
  const shape: Shape = [sizeOf(x.shape)];
  const kept = w.given(
    shape,
    Uint8Array.from({ length: shape[0] }, (_, i) => Number(mix32(mix32(i) + seed) >= rate * 2 ** 32)),
  );
  return w.select(kept, w.div(reshaped(x, shape), 1 - rate), 0, shape);
}
