import { DataError } from '../../errors.ts';
import type { Context } from '../../nn/layer.ts';
import { add, mul, reshape, scale, select, sum } from '../../ops/index.ts';
import { formatShape, sizeOf } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Column } from '../arrays.ts';
import type { Flow } from '../graph.ts';
import type { Mask } from '../mask.ts';
import type { Model } from '../model.ts';
import { remember } from '../numbers.ts';
import { penalty } from '../regularizers.ts';
import type { OutputPlan } from './compile.ts';
import { fittingShape } from './losses.ts';
import type { Values } from './metrics.ts';

/** Samples that are computed together. */
export interface Batch {
  readonly rows: number;
  readonly inputs: readonly Column[];
  /** One for each output; empty where nothing is compared. */
  readonly targets: readonly Column[];
  /** Weights of the samples, for each output. */
  readonly weights: readonly (Column | null)[];
}

/** Runs a model on a batch. Call in a scope. */
export function outputsOf(
  model: Model<unknown>,
  inputs: readonly Column[],
  context: Context,
  addLoss: (loss: Tensor) => void = () => {},
): readonly Flow[] {
  const { device } = model.store;
  const { graph } = model;
  const flows = inputs.map(
    (column, i): Flow => ({ tensor: inputTensor(device, column, graph.takesIdsAt(i)), mask: null }),
  );
  return graph.run(flows, { ...context, addLoss, warn: (message) => model.warn(message) });
}

function inputTensor(device: Device, { data, shape }: Column, isIds: boolean): Tensor {
  if (isIds) return device.ids(data, shape);
  return remember(device.tensor(data, shape), data);
}

/** The loss of a batch, and what is read of it. */
export interface BatchResult {
  readonly total: Tensor;
  /** The losses of the outputs, and what metrics want. */
  readonly read: { readonly losses: readonly Tensor[]; readonly metrics: readonly (readonly Tensor[])[] };
  /** Targets and weights of the metrics of each output, on the host. */
  readonly host: readonly { readonly target: Column; readonly mask: Values | null; readonly weighted: Values | null }[];
}

/** @throws DataError if targets do not fit the outputs */
export function lossOf(
  model: Model<unknown>,
  plans: readonly OutputPlan[],
  batch: Batch,
  context: Context,
): BatchResult {
  const { device } = model.store;
  const added: Tensor[] = [];
  const flows = outputsOf(model, batch.inputs, context, (loss) => added.push(loss));
  const losses: Tensor[] = [];
  const metrics: Tensor[][] = [];
  const host: BatchResult['host'][number][] = [];
  plans.forEach((plan, i) => {
    const { tensor: yPred, mask } = flows[i];
    const target = batch.targets[i];
    const weight = batch.weights[i] ?? null;
    const targetFor = (takesIds: boolean): Tensor => {
      const shape = fittingShape(target.shape, yPred.shape, takesIds);
      return takesIds ? device.ids(target.data, shape) : device.tensor(target.data, shape);
    };
    const counts = countsOf(plan, target, mask);
    if (plan.loss)
      losses.push(outputLoss(plan.loss.of(targetFor(plan.loss.takesIds), yPred), counts, weight, plan.name));
    metrics.push(
      plan.metrics.map(({ metric }) =>
        device.withoutGradients(() => metric.prepare(targetFor(metric.takesIds), yPred.detach())),
      ),
    );
    host.push({ target: { data: target.data, shape: target.shape }, mask: counts, weighted: combined(counts, weight) });
  });
  const weighted = losses.map((loss, i) => scale(loss, plans.filter(({ loss: one }) => one)[i].weight));
  const penalties = [...added, ...penaltiesOf(model)];
  const all = [...weighted, ...penalties];
  const total = all.length > 0 ? all.reduce((a, b) => add(a, b)) : device.zeros([]);
  return { total, read: { losses, metrics }, host };
}

function penaltiesOf(model: Model<unknown>): Tensor[] {
  return model
    .placedWeights()
    .flatMap(({ weight, trainable }) =>
      weight.regularizer && trainable ? [penalty(weight.regularizer, weight.value)] : [],
    );
}

/** 1 for each sample, or each step of it, that counts; null: all do. */
function countsOf({ loss }: OutputPlan, target: Column, mask: Mask | null): Values | null {
  const fromMask: Values | null =
    mask && !mask.full && target.shape.length >= 2 && target.shape[1] === mask.steps
      ? { data: mask.values, shape: [mask.rows, mask.steps] }
      : null;
  const ignored = loss?.ignoreClass ?? null;
  if (ignored === null) return fromMask;
  const { data, shape } = target;
  const fits = fromMask && sizeOf(fromMask.shape) === data.length;
  const counts = Float64Array.from({ length: data.length }, (_, i) =>
    Number(data[i] !== ignored && (!fits || fromMask.data[i])),
  );
  return { data: counts, shape };
}

/** The product of both, at the finer of their shapes. */
function combined(a: Values | null, b: Values | null): Values | null {
  if (a === null || b === null) return a ?? b;
  const [fine, coarse] = a.data.length >= b.data.length ? [a, b] : [b, a];
  const n = fine.data.length;
  const data = Float64Array.from(
    { length: n },
    (_, i) => fine.data[i] * coarse.data[Math.floor((i * coarse.data.length) / n)],
  );
  return { data, shape: fine.shape };
}

/** As Keras: Σ weight·loss over the number of losses that count; a weight does not change what it is divided by. */
function outputLoss(losses: Tensor, counts: Values | null, weight: Column | null, output: string): Tensor {
  const all = combined(counts, weight);
  if (losses.rank === 0) return losses;
  const n = losses.size;
  const counted =
    counts === null ? n : Array.from(counts.data).reduce((a, b) => a + b, 0) * (n / Math.max(1, counts.data.length));
  if (all === null) return scale(sum(losses), 1 / n);
  const size = all.data.length;
  if (n % size !== 0 || all.shape[0] !== losses.shape[0]) {
    throw new DataError(
      `fit: weights ${formatShape(all.shape)} do not fit the losses ${formatShape(losses.shape)} of output '${output}'`,
      { weights: all.shape, losses: losses.shape },
    );
  }
  const { device } = losses;
  const factors = device.tensor(all.data, [size, 1]);
  const rows = reshape(losses, [size, n / size]);
  return scale(sum(mul(select(factors, rows, 0), factors)), counted > 0 ? 1 / counted : 0);
}
