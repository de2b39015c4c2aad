import { padSequences } from '../../data/padding.ts';
import type { Context } from '../../nn/layer.ts';
import { type SequenceLossOptions, sequenceLoss } from '../../nn/seq2seq/loss.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Translator } from './model.ts';
import type { EncodedPair } from './sides.ts';

/**
 * The mean loss per token of these pairs, as `sequenceLoss` has it.
 * @returns the loss and the number of tokens, ends included
 */
export function translationLoss(
  model: Translator,
  pairs: readonly EncodedPair[],
  context: Context,
  options: SequenceLossOptions = {},
): { loss: Tensor; tokens: number } {
  const reading = model.read(
    pairs.map(({ source }) => source),
    context,
  );
  const targets = padSequences(
    pairs.map(({ target }) => target),
    { padding: -1 },
  );
  const tokens = targets.lengths.reduce((total, length) => total + length, 0);
  return { loss: sequenceLoss(model.network, reading, targets, context, options), tokens };
}
