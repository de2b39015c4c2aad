import { mix32 } from '../../random.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Block, UnaryOperation } from '../backend.ts';
import { reshaped, type Workspace } from './workspace.ts';

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
