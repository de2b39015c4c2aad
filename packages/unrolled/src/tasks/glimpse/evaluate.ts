import { anything, type Kinds, requireOptions, seed as seedKind } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { type LabelledImage, scenes } from '../../images/index.ts';
import { logSoftmaxAt } from '../../metrics/label-predictions.ts';
import { Random } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import type { GlimpseModel } from './model.ts';
import { rawReadings } from './reading.ts';

export interface EvaluateGlimpsesOptions {
  /** Of the scenes. Default 1. */
  readonly seed?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** How well a model reads images. */
export interface GlimpseEvaluation {
  readonly examples: number;
  /** Share of images of which all labels are right. */
  readonly accuracy: number;
  /** Share of the right labels. */
  readonly labelAccuracy: number;
  /** Mean of Σ_j −log p(label_j), in nats. */
  readonly loss: number;
  /** The accuracy of a label if it were read after its first, second, … glimpse. */
  readonly byGlimpses: readonly number[];
  /** Multiply-adds of products and convolutions for one image. */
  readonly multiplyAdds: number;
}

const kinds: Kinds<EvaluateGlimpsesOptions> = { seed: seedKind, signal: anything };

/** Scenes made at once. */
const together = 256;

/**
 * Scores a model on labelled images, in scenes like those it was trained on.
 * @throws DataError without images, or on a label that the model does not have; ConfigError if the scenes are too small for
 *   them; the signal's reason if it is aborted
 */
export async function evaluateGlimpses(
  model: GlimpseModel,
  examples: readonly LabelledImage[],
  options: EvaluateGlimpsesOptions = {},
): Promise<GlimpseEvaluation> {
  requireOptions('evaluateGlimpses', options, kinds);
  if (examples.length === 0) throw new DataError('glimpse: there are no images to evaluate on');
  const { seed = 1, signal } = options;
  const random = new Random(seed);
  const { targets, config } = model;
  const byGlimpses = new Array<number>(config.glimpses).fill(0);
  let [whole, right, loss] = [0, 0, 0];
  for (let from = 0; from < examples.length; from += together) {
    const part = scenes(examples.slice(from, from + together), model.scene, examples, random);
    const found = await rawReadings(
      model,
      part.map(({ image }) => image),
      { signal },
    );
    for (const [i, { logits, glimpses }] of found.entries()) {
      const ids = part[i].labels.map((label) => model.labelId(label));
      const hits = ids.map((id, j) => Number(likeliest(logits[j]) === id));
      const count = hits.reduce((total, one) => total + one, 0);
      right += count;
      whole += Number(count === targets);
      loss -= ids.reduce((total, id, j) => total + logSoftmaxAt(logits[j], id, 1), 0);
      for (const [t, glimpse] of glimpses.entries()) {
        const j = Math.floor(t / config.glimpses);
        byGlimpses[t % config.glimpses] += Number(likeliest(glimpse.logits) === ids[j]);
      }
    }
  }
  const { length } = examples;
  const seen = !['convolution', 'dense'].includes(config.reader);
  return {
    examples: length,
    accuracy: whole / length,
    labelAccuracy: right / length / targets,
    loss: loss / length,
    byGlimpses: seen ? byGlimpses.map((count) => count / length / targets) : [],
    multiplyAdds: model.multiplyAdds,
  };
}

const likeliest = (logits: Float64Array): number => logits.indexOf(Math.max(...logits));
