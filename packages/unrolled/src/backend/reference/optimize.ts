import type { Block, OptimizerUpdate } from '../backend.ts';
import type { Floats } from './memory.ts';

/** One step of one element: takes the scaled, clamped, decayed gradient, returns what to subtract from the weight. */
type Rule = (g: number, i: number) => number;

export function optimize(update: OptimizerUpdate, floats: (block: Block) => Floats): void {
  const weights = floats(update.weights);
  const gradients = floats(update.gradients);
  const { learningRate, decay, clipNorm, clipValue } = update;
  const [norm] = floats(update.norm);
  if (!Number.isFinite(norm) || (update.loss && !Number.isFinite(floats(update.loss)[0]))) return;
  const scale = clipNorm > 0 ? Math.min(1, clipNorm / (norm + 1e-6)) : 1;
  const step = ++floats(update.steps)[0];
  const decoupled = update.method === 'adamw';
  const rule = ruleOf(update, step, floats);
  for (let i = 0; i < weights.length; i++) {
    let g = gradients[i] * scale;
    if (clipValue > 0) g = Math.max(-clipValue, Math.min(clipValue, g));
    let w = weights[i];
    if (decoupled) w -= learningRate * decay * w;
    else g += decay * w;
    weights[i] = w - learningRate * rule(g, i);
  }
}

function ruleOf(update: OptimizerUpdate, step: number, floats: (block: Block) => Floats): Rule {
  switch (update.method) {
    case 'sgd': {
      if (update.velocity === null) return (g) => g;
      const velocity = floats(update.velocity);
      const { momentum, nesterov } = update;
      return (g, i) => {
        const v = momentum * velocity[i] + g;
        velocity[i] = v;
        return nesterov ? g + momentum * v : v;
      };
    }
    case 'adagrad': {
      const sum = floats(update.sumOfSquares);
      return (g, i) => {
        const s = sum[i] + g * g;
        sum[i] = s;
        return g / (Math.sqrt(s) + update.epsilon);
      };
    }
    case 'rmsprop': {
      const meanSquare = floats(update.meanSquare);
      const { alpha, epsilon } = update;
      return (g, i) => {
        const s = alpha * meanSquare[i] + (1 - alpha) * g * g;
        meanSquare[i] = s;
        return g / (Math.sqrt(s) + epsilon);
      };
    }
    case 'adam':
    case 'adamw': {
      const mean = floats(update.mean);
      const variance = floats(update.variance);
      const { beta1, beta2, epsilon } = update;
      const meanCorrection = 1 - beta1 ** step;
      const varianceCorrection = 1 - beta2 ** step;
      return (g, i) => {
        const m = beta1 * mean[i] + (1 - beta1) * g;
        const v = beta2 * variance[i] + (1 - beta2) * g * g;
        mean[i] = m;
        variance[i] = v;
        return m / meanCorrection / (Math.sqrt(v / varianceCorrection) + epsilon);
      };
    }
  }
}
