import { padSequences } from '../../data/padding.ts';
import { gatherRows } from '../../decode/tensor-step.ts';
import { inference } from '../../nn/layer.ts';
import { activePositions } from '../../nn/lengths.ts';
import type { Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { crossEntropy, embedding, reshape } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { DialogueAgent, DialogueReading } from './model.ts';

/** Rows of candidates that are scored together. */
const together = 1024;

/**
 * Σ log P of the words of each candidate and its end, in nats: what candidates are ranked by.
 * @param read  reads dialogues; one row for each question
 * @param candidates  of each question, answers as texts
 */
export async function answerScores(
  agent: DialogueAgent,
  read: () => DialogueReading,
  candidates: readonly (readonly string[])[],
): Promise<number[][]> {
  const { device, network } = agent;
  const rows = candidates.flatMap((texts, question) =>
    texts.map((text) => ({ question, ids: [...agent.encode(text), network.end] })),
  );
  if (rows.length === 0) return candidates.map(() => []);
  const parts = Array.from({ length: Math.ceil(rows.length / together) }, (_, i) => {
    const some = rows.slice(i * together, (i + 1) * together);
    const targets = padSequences(some.map(({ ids }) => ids));
    return { some, targets, positions: activePositions(targets.lengths, targets.shape[0]) };
  });
  const losses = await device.read(() =>
    device.withoutGradients(() => {
      const { reading } = read();
      return parts.map(({ some, targets, positions }) =>
        device.scope(() => {
          const parents = Int32Array.from(some, ({ question }) => question);
          return wordLosses(agent, gatherRows(reading, parents), targets.values, targets.shape, positions);
        }),
      );
    }),
  );
  const sums = parts.flatMap(({ some, positions }, i) => {
    const found = new Array<number>(some.length).fill(0);
    positions.forEach((position, k) => {
      found[position % some.length] -= losses[i][k];
    });
    return found;
  });
  let at = 0;
  return candidates.map((texts) => {
    at += texts.length;
    return sums.slice(at - texts.length, at);
  });
}

/** −log p of the words at the positions of `[T, B]` ids. */
function wordLosses(
  { device, network }: DialogueAgent,
  { memory, state }: Reading,
  ids: ArrayLike<number>,
  [T, B]: readonly number[],
  positions: Int32Array,
): Tensor {
  const before = Int32Array.from({ length: T * B }, (_, i) => (i < B ? network.start : ids[i - B]));
  const { vectors } = network.decoder.run(network.embed(device.ids(before, [T, B])), memory, state, inference);
  const active = embedding(reshape(vectors, [T * B, vectors.shape[2]]), device.ids(positions));
  return crossEntropy(network.decoder.logits(active), device.ids(Int32Array.from(positions, (at) => ids[at])));
}
