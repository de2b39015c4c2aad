import { DataError } from '../../errors.ts';
import { type Inspected, rowsOf } from '../../inspect/inspected.ts';
import { inference } from '../../nn/layer.ts';
import { crossEntropy } from '../../ops/index.ts';
import type { LanguageModel } from './model.ts';

export interface InspectTextOptions {
  /** B, segments of the text that are read in parallel, spread evenly over it; they may overlap. */
  readonly batch: number;
  /** T, tokens read in each. */
  readonly steps: number;
}

/**
 * A language model reading a text, for `unrolled/inspect`: the loss of a step is the cross-entropy of the next token, in
 * nats. Without dropout.
 * @throws DataError if the text has not T + 1 tokens
 *
 * @example
 * const flow = await gradientFlow(inspectLanguageModel(model, tokens, { batch: 8, steps: 200 }));
 */
export function inspectLanguageModel(
  model: LanguageModel,
  tokens: Int32Array,
  { batch, steps }: InspectTextOptions,
): Inspected {
  if (tokens.length <= steps) {
    throw new DataError(
      `inspect: the text has ${tokens.length} tokens, ${steps} steps need ${steps + 1}; give a longer text`,
      { tokens: tokens.length, steps },
    );
  }
  const { device } = model;
  const room = tokens.length - 1 - steps;
  const starts = Array.from({ length: batch }, (_, b) => (batch === 1 ? 0 : Math.floor((room * b) / (batch - 1))));
  const read = (shift: number): Int32Array =>
    Int32Array.from({ length: steps * batch }, (_, i) => tokens[starts[i % batch] + Math.floor(i / batch) + shift]);
  const [inputs, targets] = [read(0), read(1)];
  return {
    device,
    steps,
    losses(probe) {
      const { logits } = model.apply(device.ids(inputs, [steps, batch]), inference, { probe });
      return crossEntropy(logits, device.ids(targets, [steps, batch]));
    },
    next(t, before) {
      const rows = rowsOf(before);
      const ids = device.ids(new Int32Array(rows).fill(inputs[t * batch]), [1, rows]);
      return model.apply(ids, inference, { state: before }).state;
    },
  };
}
