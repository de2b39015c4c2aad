import { limit } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { sizeOf } from '../../shape.ts';
import type { Model } from '../model.ts';
import type { Samples } from './sources.ts';

/**
 * Samples whose weights are multiplied by those of their classes; a class that is not named has weight 1.
 * @throws ConfigError if the model has several outputs, or a weight is not a number from 0
 */
export function withClassWeight(
  samples: Samples,
  classWeight: Readonly<Record<number, number>>,
  model: Model<unknown>,
): Samples {
  if (samples.targets.length !== 1) {
    throw new ConfigError('fit: classWeight is for a model of one output; give sampleWeight by output', {
      outputs: model.outputNames,
    });
  }
  const odd = Object.entries(classWeight).find(([, weight]) => !limit.fits(weight));
  if (odd) throw new ConfigError(`fit: classWeight of class ${odd[0]} must be a number from 0, received ${odd[1]}`);
  const [target] = samples.targets;
  const [given] = samples.weights;
  const width = target.shape.at(-1)!;
  const isHot = target.shape.length > 1 && width > 1 && target.shape.length === model.graph.outputs[0].shape.length;
  const classes = isHot ? hotClasses(target.data, width) : target.data;
  const shape = isHot ? target.shape.slice(0, -1) : target.shape;
  const before = given && given.data.length === classes.length ? given.data : null;
  const perSample = sizeOf(shape) / target.shape[0];
  const data = Float64Array.from({ length: classes.length }, (_, i) => {
    const own = before ? before[i] : (given?.data[Math.floor(i / perSample)] ?? 1);
    return own * (classWeight[classes[i]] ?? 1);
  });
  return { ...samples, weights: [{ data, shape }] };
}

function hotClasses(data: ArrayLike<number>, width: number): Int32Array {
  return Int32Array.from({ length: data.length / width }, (_, row) => {
    let best = 0;
    for (let i = 1; i < width; i++) if (data[row * width + i] > data[row * width + best]) best = i;
    return best;
  });
}
