import { number, seed } from '../../checks.ts';
import { imageInput } from '../../images/image-input.ts';
import type { Image } from '../../images/index.ts';
import { objectOf, type Schema, scalar } from '../../schema.ts';
import type { Task } from '../task.ts';
import { type DrawInput, type Drawing, drawings } from './drawing.ts';
import { type DrawEvaluation, type EvaluateDrawOptions, evaluateDraw } from './evaluate.ts';
import { DrawModel } from './model.ts';

const share = scalar<number>(number({ from: 0, to: 1 }));
const fresh = objectOf<Extract<DrawInput, { seed: number }>>({ seed: scalar<number>(seed) });
const between = objectOf<Extract<DrawInput, { share: number }>>({ from: imageInput, to: imageInput, share });

const input: Schema<DrawInput> = (value, place) => {
  const given = (typeof value === 'object' && value) || {};
  if ('seed' in given) return fresh(value, place);
  if ('share' in given || 'from' in given) return between(value, place);
  return { image: imageInput('image' in given ? given.image : value, place) };
};

/** Drawings, and images drawn again. */
export const drawTask: Task<{
  model: DrawModel;
  input: DrawInput;
  options: object;
  answer: Drawing;
  data: readonly Image[];
  evaluate: EvaluateDrawOptions;
  evaluation: DrawEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'draw',
  open: (device, source) => DrawModel.load(device, source),
  about: ({ config: { height, width, glimpses } }) => ({ size: [height, width], glimpses }),
  input,
  options: {},
  predict: (model, inputs) => drawings(model, inputs),
  evaluate: evaluateDraw,
};
