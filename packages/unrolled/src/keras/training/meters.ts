import type { Logs } from '../callbacks/callback.ts';
import type { OutputPlan } from './compile.ts';
import type { Batch, BatchResult } from './forward.ts';

/** Means over the batches of an epoch: the loss, the losses of several outputs, and the metrics. */
export class Meters {
  readonly #plans: readonly OutputPlan[];
  readonly #losses: string[];
  #rows = 0;
  #total = 0;
  #sums: number[] = [];

  /** @param fresh  whether metrics begin at nothing. Default false: call `reset` */
  constructor(plans: readonly OutputPlan[], fresh = true) {
    this.#plans = plans;
    const withLoss = plans.filter(({ loss }) => loss);
    this.#losses = plans.length > 1 ? withLoss.map(({ name }) => `${name}_loss`) : [];
    if (fresh) this.reset();
  }

  get names(): readonly string[] {
    return ['loss', ...this.#losses, ...this.#plans.flatMap(({ metrics }) => metrics.map(({ logged }) => logged))];
  }

  reset(): void {
    [this.#rows, this.#total, this.#sums] = [0, 0, []];
    for (const { metrics } of this.#plans) for (const { metric } of metrics) metric.reset();
  }

  count(
    { rows }: Batch,
    loss: number,
    read: {
      readonly losses: readonly ArrayLike<number>[];
      readonly metrics: readonly (readonly ArrayLike<number>[])[];
    },
    { read: tensors, host }: BatchResult,
  ): void {
    this.#rows += rows;
    this.#total += rows * loss;
    read.losses.forEach((one, i) => {
      this.#sums[i] = (this.#sums[i] ?? 0) + rows * one[0];
    });
    this.#plans.forEach(({ metrics }, i) => {
      const { target, mask, weighted } = host[i];
      metrics.forEach((one, k) => {
        const prepared = { data: read.metrics[i][k], shape: tensors.metrics[i][k].shape };
        one.metric.update(prepared, target, one.weighted ? weighted : mask);
      });
    });
  }

  logs(): Logs {
    const mean = (sum: number): number => (this.#rows === 0 ? 0 : sum / this.#rows);
    return {
      loss: mean(this.#total),
      ...Object.fromEntries(this.#losses.map((name, i) => [name, mean(this.#sums[i])])),
      ...Object.fromEntries(
        this.#plans.flatMap(({ metrics }) => metrics.map(({ logged, metric }) => [logged, metric.result()])),
      ),
    };
  }
}
