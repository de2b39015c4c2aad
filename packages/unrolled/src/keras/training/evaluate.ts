import { anything, count, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { inference } from '../../nn/layer.ts';
import { NumberArray } from '../arrays.ts';
import { sliced } from '../arrays-taken.ts';
import type { Logs } from '../callbacks/callback.ts';
import type { Model } from '../model.ts';
import type { ModelData } from './data.ts';
import { inOrderSource } from './fit-data.ts';
import { lossOf, outputsOf } from './forward.ts';
import { Meters } from './meters.ts';
import { batchKinds, type EvaluateOptions, type FitData, type PredictOptions } from './options.ts';
import { type BatchSource, isStream, StreamSource, samplesFor } from './sources.ts';

/** See `Model.testOnBatch`. */
export async function testBatch(
  model: Model<unknown>,
  x: ModelData,
  y: ModelData,
  sampleWeight: ModelData | null,
): Promise<Logs> {
  const samples = await samplesFor(model, x, y, sampleWeight);
  return evaluateSource(model, inOrderSource(samples, samples.count)(), null);
}

/** See `Model.evaluate`. */
export async function evaluateModel(
  model: Model<unknown>,
  x: FitData,
  y: ModelData | null,
  options: EvaluateOptions,
): Promise<Logs> {
  requireOptions<EvaluateOptions>('evaluate', options, {
    ...batchKinds,
    sampleWeight: anything,
    steps: count,
    callbacks: anything,
  });
  const { batchSize = 32, sampleWeight = null, steps = null } = options;
  if (isStream(x)) return evaluateSource(model, new StreamSource(model, x), steps);
  if (y === null) throw new ConfigError('evaluate: there are no targets; give evaluate(x, y)');
  return evaluateSource(model, inOrderSource(await samplesFor(model, x, y, sampleWeight), batchSize)(), steps);
}

/** @param steps  batches; null: all */
export async function evaluateSource(model: Model<unknown>, source: BatchSource, steps: number | null): Promise<Logs> {
  const { compiled } = model;
  const first = await source.next();
  const device = await model.store.open();
  const plans = compiled.plansFor(
    model.outputNames,
    model.graph.outputs.map(({ shape }) => shape),
  );
  const meters = new Meters(plans, true);
  let batch = first;
  for (let step = 0; batch !== null && (steps === null || step < steps); step++) {
    const current = batch;
    let taken: ReturnType<typeof lossOf> | null = null;
    const read = await device.read(() =>
      device.withoutGradients(() => {
        taken = lossOf(model, plans, current, inference);
        return { total: taken.total, ...taken.read };
      }),
    );
    const { total, losses, metrics } = read as unknown as {
      total: ArrayLike<number>;
      losses: ArrayLike<number>[];
      metrics: ArrayLike<number>[][];
    };
    meters.count(current, total[0], { losses, metrics }, taken!);
    batch = await source.next();
  }
  const logs = meters.logs();
  return logs;
}

/** See `Model.predict`. */
export async function predictModel(
  model: Model<unknown>,
  x: ModelData,
  { batchSize = 32 }: PredictOptions,
): Promise<unknown> {
  requireOptions<PredictOptions>('predict', { batchSize }, { batchSize: count });
  const { inputs, count: rows } = await samplesFor(model, x, null);
  const device = await model.store.open();
  const chunks: NumberArray[][] = [];
  for (let start = 0; start < rows; start += batchSize) {
    const end = Math.min(rows, start + batchSize);
    const part = inputs.map((column) => sliced(column, start, end));
    let shapes: readonly (readonly number[])[] = [];
    const read = await device.read(() =>
      device.withoutGradients(() => {
        const tensors = outputsOf(model, part, inference).map(({ tensor }) => tensor);
        shapes = tensors.map(({ shape }) => shape);
        return tensors;
      }),
    );
    chunks.push((read as unknown as ArrayLike<number>[]).map((data, i) => new NumberArray(data, shapes[i])));
  }
  const outputs = model.outputNames.map((_, i) => joinedRows(chunks.map((chunk) => chunk[i])));
  if (model.outputForm === 'one') return outputs[0];
  if (model.outputForm === 'list') return outputs;
  return Object.fromEntries(model.outputNames.map((name, i) => [name, outputs[i]]));
}

function joinedRows(parts: readonly NumberArray[]): NumberArray {
  if (parts.length === 0) return new NumberArray(new Float32Array(0), [0]);
  const Numbers = parts[0].data instanceof Float64Array ? Float64Array : Float32Array;
  const data = new Numbers(parts.reduce((total, one) => total + one.data.length, 0));
  let place = 0;
  for (const part of parts) {
    data.set(part.data, place);
    place += part.data.length;
  }
  const rows = parts.reduce((total, { shape }) => total + shape[0], 0);
  return new NumberArray(data, [rows, ...parts[0].shape.slice(1)]);
}
