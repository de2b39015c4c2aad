import { type Shape, sizeOf } from '../../shape.ts';
import type { Block, OptimizerUpdate } from '../backend.ts';
import { reshaped, type Workspace } from './workspace.ts';

/** What to subtract from the weights, divided by the learning rate, and the method's states after the update. */
interface Change {
  readonly direction: Block;
  readonly states: readonly (readonly [before: Block, after: Block])[];
}

export function optimize(w: Workspace, update: OptimizerUpdate): void {
  const { learningRate, decay, clipNorm, clipValue, loss, steps } = update;
  const shape: Shape = [sizeOf(update.weights.shape)];
  const [weights, norm] = [reshaped(update.weights, shape), reshaped(update.norm, [1])];
  const finite = loss ? w.mul(finiteness(w, norm), finiteness(w, reshaped(loss, [1]))) : finiteness(w, norm);
  const scale = clipNorm > 0 ? w.binary('min', w.div(clipNorm, w.add(norm, 1e-6)), 1) : 1;
  let g = w.mul(reshaped(update.gradients, shape), scale);
  if (clipValue > 0) g = w.binary('max', w.binary('min', g, clipValue), -clipValue);
  const decoupled = update.method === 'adamw';
  const shrunk = decoupled ? w.mul(weights, 1 - learningRate * decay) : weights;
  if (!decoupled && decay > 0) g = w.add(g, w.mul(weights, decay));
  const step = w.add(reshaped(steps, [1]), finite);
  const { direction, states } = changeOf(w, update, g, step);
  for (const [before, after] of [[weights, w.sub(shrunk, w.mul(direction, learningRate))] as const, ...states]) {
    w.put(w.select(finite, after, reshaped(before, shape), shape), before);
  }
  w.put(step, steps);
}

/** 1, or 0 for NaN and infinities. */
const finiteness = (w: Workspace, x: Block): Block => w.binary('equal', w.sub(x, x), 0);

/** m ← share·m + (1 − share)·x */
const blend = (w: Workspace, share: number, m: Block, x: Block): Block => w.add(w.mul(m, share), w.mul(x, 1 - share));

function changeOf(w: Workspace, update: OptimizerUpdate, g: Block, step: Block): Change {
  const flat = (block: Block): Block => reshaped(block, g.shape);
  const scaled = (direction: Block, size: Block, epsilon: number): Block =>
    w.div(direction, w.add(w.unary('sqrt', size), epsilon));
  switch (update.method) {
    case 'sgd': {
      const { velocity, momentum, nesterov } = update;
      if (velocity === null) return { direction: g, states: [] };
      const v = w.add(w.mul(flat(velocity), momentum), g);
      return { direction: nesterov ? w.add(g, w.mul(v, momentum)) : v, states: [[velocity, v]] };
    }
    case 'adagrad': {
      const s = w.add(flat(update.sumOfSquares), w.unary('square', g));
      return { direction: scaled(g, s, update.epsilon), states: [[update.sumOfSquares, s]] };
    }
    case 'rmsprop': {
      const s = blend(w, update.alpha, flat(update.meanSquare), w.unary('square', g));
      return { direction: scaled(g, s, update.epsilon), states: [[update.meanSquare, s]] };
    }
    default: {
      const { beta1, beta2, mean, variance, epsilon } = update;
      const m = blend(w, beta1, flat(mean), g);
      const v = blend(w, beta2, flat(variance), w.unary('square', g));
      const states = [[mean, m] as const, [variance, v] as const];
      const unbiased = [w.div(m, untilNow(w, beta1, step)), w.div(v, untilNow(w, beta2, step))];
      return { direction: scaled(unbiased[0], unbiased[1], epsilon), states };
    }
  }
}

/** 1 − βᵗ = −(e^(t·log β) − 1), by tanh so that no digits are lost where β is near 1: eˣ − 1 = 2u/(1 − u), u = tanh(x/2). */
function untilNow(w: Workspace, beta: number, step: Block): Block {
  const u = w.unary('tanh', w.mul(step, Math.log(beta) / 2));
  return w.div(w.mul(u, -2), w.sub(1, u));
}
