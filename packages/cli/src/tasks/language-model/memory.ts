import { MemoryError } from 'unrolled';
import { gatesOf } from 'unrolled/backend';
import { optimizerMemories } from 'unrolled/optim';
import { formatBytes } from '../../output/units.ts';
import type { LanguageModelOptions } from './options.ts';

/**
 * Bytes a training step needs, about: parameters with their gradients and what the optimizer keeps, and for each layer
 * the activations of all steps with their gradients.
 */
export function bytesNeeded(options: LanguageModelOptions, vocabulary: number): number {
  if (options.model === 'transformer') return transformerBytes(options, vocabulary);
  const { cell, hidden: H, layers, embedding: E, seq: T, batch: B, optimizer } = options;
  // A cell that is not fused keeps more of each step: measured, 16 (MUT2) to 74 (minLSTM) numbers a unit.
  const gates = (gatesOf as Record<string, number | undefined>)[cell === 'irnn' ? 'rnn' : cell];
  const fused = options.recurrentDropout ? undefined : gates;
  // An adaptive softmax has a quarter of the weights, and scores most tokens among a tenth of all.
  const outputs = options.adaptive ? vocabulary / 4 : vocabulary;
  const [G, kept] = fused === undefined ? [8, 60] : [fused, fused + 4];
  let parameters = vocabulary * E + (options.tie ? H * E : H * outputs) + vocabulary;
  let activations = 2 * E + 3 * outputs;
  for (let layer = 0; layer < layers; layer++) {
    const inputs = layer === 0 ? E : H;
    parameters += G * H * (inputs + H + 2);
    // Computed again, a chunk of √T steps has all of it at a time, and each step its outputs, the copy of its inputs and their
    // gradients.
    activations += options.recompute ? (kept * H) / Math.sqrt(T) + 3 * H + 2 * inputs : kept * H + inputs;
  }
  // Measured peaks are up to a quarter above the sum of what is counted: scratch, and sizes rounded up.
  return 1.25 * 4 * (parameters * (2 + optimizerMemories[optimizer].length) + activations * T * B);
}

/** The same of a Transformer: some 14 activations as wide as the model for each block, and those of the feed-forward part. */
function transformerBytes(options: LanguageModelOptions, vocabulary: number): number {
  const { hidden: E, layers, feedForward = 4 * E, gated, seq: T, batch: B, optimizer } = options;
  const maps = gated ? 3 : 2;
  const parameters = layers * (4 * E * E + maps * E * feedForward) + (options.tie ? 1 : 2) * vocabulary * E;
  const activations = layers * (14 * E + 2 * maps * feedForward) + 3 * vocabulary + 4 * E;
  return 1.25 * 4 * (parameters * (2 + optimizerMemories[optimizer].length) + activations * T * B);
}

/** @throws MemoryError saying how much is needed and what to lower */
export function checkMemory(options: LanguageModelOptions, vocabulary: number, limitBytes: number): void {
  const needed = bytesNeeded(options, vocabulary);
  if (needed <= limitBytes) return;
  const { hidden, layers, embedding, seq, batch } = options;
  throw new MemoryError(
    `a training step with --hidden ${hidden} --layers ${layers} --embedding ${embedding} --seq ${seq} --batch ${batch} ` +
      `needs about ${formatBytes(needed)}, there are ${formatBytes(limitBytes)}; lower one of them`,
    { bytesNeeded: needed, limitBytes },
  );
}
