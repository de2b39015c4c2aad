import type { Context } from '../../nn/layer.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import { reinforceWithBaseline } from '../../nn/reinforce.ts';
import { add, greaterEqual, max, mul, scale, stack, sum } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { GlimpseModel } from './model.ts';

/**
 * The recorded mean loss of images `[B, H, W]`:
 *
 *     Σ_j −log p(label_j) + [with 'reinforce'] 1/B Σ_{t,b} −(G − b) log p(place) + (G − b)²
 *
 * The reward of a target is 1 where its label is the likeliest after its last glimpse.
 * @param targets  ids of the labels, a list for each image
 */
export function glimpseLoss(
  model: GlimpseModel,
  images: Tensor,
  targets: readonly (readonly number[])[],
  context: Context,
): Tensor {
  const { device, config, labels } = model;
  const { glimpses, logits } = model.read(images, context);
  const B = targets.length;
  const losses = logits.map((one, j) => crossEntropyLoss(one, device.ids(targets.map((ids) => ids[j]))));
  const loss = losses.reduce((total, one) => add(total, one));
  const drawn = glimpses.flatMap(({ logProbability, baseline }) =>
    logProbability && baseline ? [{ logProbability, baseline }] : [],
  );
  if (drawn.length === 0) return loss;
  const none = device.zeros([B]);
  // The draw before a target's last glimpse is the last one that can change it.
  const rewards = device.withoutGradients(() => {
    const steps: Tensor[] = drawn.map(() => none);
    logits.forEach((one, j) => {
      const step = (j + 1) * config.glimpses - 2;
      if (step >= 0)
        steps[step] = isRight(
          one,
          targets.map((ids) => ids[j]),
          labels.length,
        );
    });
    return stack(steps);
  });
  const episodes = {
    rewards,
    drawn: { logProbability: stack(drawn.map((one) => one.logProbability)), entropy: device.zeros(rewards.shape) },
    active: device.ones(rewards.shape),
  };
  return add(loss, scale(reinforceWithBaseline(episodes, stack(drawn.map((one) => one.baseline)), 0), 1 / B));
}

/** 1 where the right label is the likeliest, `[B]`. */
function isRight(logits: Tensor, ids: readonly number[], K: number): Tensor {
  const { device } = logits;
  const right = device.tensor(
    Float32Array.from({ length: ids.length * K }, (_, i) => Number(ids[Math.floor(i / K)] === i % K)),
    [ids.length, K],
  );
  return greaterEqual(sum(mul(right, logits), { axes: -1 }), max(logits, { axes: -1 }));
}
