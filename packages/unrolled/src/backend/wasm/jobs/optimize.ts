import { defineJob, LINE, startOf } from './job.ts';

const common = ['weights', 'gradients', 'n', 'rate', 'decay', 'scale', 'clip'] as const;

export const sgdJob = defineJob([...common, 'velocity', 'momentum', 'nesterov'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const n = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  const [w, g, v] = [p.weights + from * 4, p.gradients + from * 4, p.velocity && p.velocity + from * 4];
  kernels.sgd(w, g, v, n, p.rate, p.momentum, p.nesterov, p.decay, p.scale, p.clip);
});

export const adagradJob = defineJob([...common, 'sumOfSquares', 'epsilon'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const n = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  const [w, g, s] = [p.weights + from * 4, p.gradients + from * 4, p.sumOfSquares + from * 4];
  kernels.adagrad(w, g, s, n, p.rate, p.epsilon, p.decay, p.scale, p.clip);
});

export const rmspropJob = defineJob([...common, 'meanSquare', 'alpha', 'epsilon'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const n = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  const [w, g, s] = [p.weights + from * 4, p.gradients + from * 4, p.meanSquare + from * 4];
  kernels.rmsprop(w, g, s, n, p.rate, p.alpha, p.epsilon, p.decay, p.scale, p.clip);
});

export const adamJob = defineJob(
  [...common, 'mean', 'variance', 'beta1', 'beta2', 'epsilon', 'decoupled', 'correction1', 'correction2'],
  (kernels, p, share) => {
    const from = startOf(p.n, share.part, share.parts, LINE);
    const n = startOf(p.n, share.part + 1, share.parts, LINE) - from;
    const at = from * 4;
    const { rate, beta1, beta2, epsilon, decay, decoupled, correction1, correction2, scale, clip } = p;
    const [w, g, m, v] = [p.weights + at, p.gradients + at, p.mean + at, p.variance + at];
    kernels.adam(w, g, m, v, n, rate, beta1, beta2, epsilon, decay, decoupled, correction1, correction2, scale, clip);
  },
);
