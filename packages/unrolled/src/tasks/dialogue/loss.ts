import { padSequences } from '../../data/padding.ts';
import type { Context } from '../../nn/layer.ts';
import { sequenceLoss } from '../../nn/seq2seq/loss.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { DialogueAgent, EncodedDialogue, ReadOptions } from './model.ts';

/**
 * The recorded mean loss per word of all answers of dialogues, their ends included, with what people answered before, in nats; and
 * the number of these words.
 */
export function dialogueLoss(
  agent: DialogueAgent,
  dialogues: readonly EncodedDialogue[],
  context: Context,
  options: Pick<ReadOptions, 'without'> = {},
): { loss: Tensor; words: number } {
  const { reading } = agent.read(dialogues, { ...options, context });
  const { end } = agent.network;
  const answers = dialogues.flatMap(({ questions, answers }) =>
    questions.slice(1).map((_, i) => [...(answers[i + 1] ?? []), end]),
  );
  const targets = padSequences(answers, { padding: -1 });
  return {
    loss: sequenceLoss(agent.network, reading, targets, context),
    words: targets.lengths.reduce((sum, one) => sum + one, 0),
  };
}
