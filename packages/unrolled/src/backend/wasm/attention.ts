import { type AttentionBackward, type AttentionForward, attentionSizes, maskStrides } from '../attention.ts';
import { type Context, EXPONENTIAL } from './context.ts';
import { attentionGradJob, attentionJob, attentionScratchSize, divisible } from './jobs/attention.ts';

export function attentionOperations(context: Context) {
  const { memory, kernels } = context;

  function parametersOf(given: AttentionForward) {
    const { heads, groups, scale, causal, dropout } = given;
    const { B, T, S, D: depth, E: width } = attentionSizes(given);
    const mask = maskStrides(given.mask);
    const inputs = {
      q: memory.input(given.q),
      k: memory.input(given.k),
      v: memory.input(given.v),
      mask: memory.input(given.mask),
      lengths: memory.input(given.lengths),
    };
    const sizes = { B, T, S, heads, groups, depth, width, maskB: mask.b, maskH: mask.h, maskT: mask.t };
    return { ...inputs, ...sizes, scale, causal: Number(causal), rate: dropout.rate, seed: dropout.seed };
  }

  /** Two products and an exponential of every query and each key that it sees. */
  function workOf(given: AttentionForward): number {
    const { B, T, S, D, E } = attentionSizes(given);
    // Aligned at the end: of more queries than keys, the first see none.
    const seeing = Math.min(T, S);
    const pairs = given.causal ? seeing * S - (seeing * (seeing - 1)) / 2 : T * S;
    return B * given.heads * pairs * (2 * (D + E) + EXPONENTIAL);
  }

  return {
    attention(given: AttentionForward): void {
      const parameters = parametersOf(given);
      const parts = context.partsFor(divisible(parameters) * workOf(given));
      const scratchBytes = 4 * attentionScratchSize(kernels, parameters);
      const outputs = { out: memory.address(given.out), normaliser: memory.address(given.normaliser) };
      const scratch = { scratch: memory.scratch('parts', parts * scratchBytes), scratchBytes };
      context.run(attentionJob, { ...parameters, ...outputs, ...scratch }, parts);
    },

    attentionGrad(given: AttentionBackward): void {
      const { D, E } = attentionSizes(given);
      const parts = context.partsFor(2.5 * workOf(given));
      const scratchBytes = 4 * kernels.attentionGradScratchSize(D, E);
      const before = {
        out: memory.input(given.out),
        normaliser: memory.input(given.normaliser),
        dOut: memory.input(given.dOut),
      };
      for (const gradient of [given.dk, given.dv]) memory.view(gradient).fill(0);
      const gradients = { dq: memory.address(given.dq), dk: memory.address(given.dk), dv: memory.address(given.dv) };
      const scratch = { scratch: memory.scratch('parts', parts * scratchBytes), scratchBytes };
      context.run(attentionGradJob, { ...parametersOf(given), ...before, ...gradients, ...scratch }, parts);
    },
  };
}
