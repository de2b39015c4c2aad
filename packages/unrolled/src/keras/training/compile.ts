import { anything, requireOptions, shown } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import type { Shape } from '../../shape.ts';
import { isLossName, type Loss, type LossConfig, lossFrom, type SampleLoss } from './losses.ts';
import { type Metric, type MetricSource, metricFrom } from './metrics.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerConfig } from './optimizer-config.ts';

type ByOutput<One> = One | readonly One[] | Readonly<Record<string, One>>;
type Metrics = MetricSource | readonly MetricSource[];

export interface CompileOptions {
  /** Default 'rmsprop', as Keras. */
  readonly optimizer?: OptimizerConfig | undefined;
  /** One, or one for each output, in a list or by name; null: none. */
  readonly loss?: Loss | null | readonly (Loss | null)[] | Readonly<Record<string, Loss | null>> | undefined;
  /** Factors of the losses of several outputs. Default 1. */
  readonly lossWeights?: ByOutput<number> | undefined;
  /**
   * Of a single output a list; of several outputs a list for each, or lists by name. Sample weights do not count in them, masks
   * do.
   */
  readonly metrics?: Metrics | readonly Metrics[] | Readonly<Record<string, Metrics>> | undefined;
  /** The same, with sample weights. */
  readonly weightedMetrics?: Metrics | readonly Metrics[] | Readonly<Record<string, Metrics>> | undefined;
}

/** What is computed for an output. */
export interface OutputPlan {
  readonly name: string;
  readonly loss: SampleLoss | null;
  readonly weight: number;
  readonly metrics: readonly { readonly metric: Metric; readonly weighted: boolean; readonly logged: string }[];
}

/** What `compile` was given. */
export class Compiled {
  readonly options: CompileOptions;
  readonly optimizer: Optimizer;
  #plans: { readonly names: string; readonly plans: readonly OutputPlan[] } | null = null;

  constructor(options: CompileOptions) {
    requireOptions<CompileOptions>('compile', options, {
      optimizer: anything,
      loss: anything,
      lossWeights: anything,
      metrics: anything,
      weightedMetrics: anything,
    });
    this.options = options;
    this.optimizer = new Optimizer(options.optimizer ?? 'rmsprop');
    // Mistyped names are found at once, and not when data are there.
    for (const loss of everyLoss(options.loss)) lossFrom('compile: loss', loss);
  }

  /** @throws ConfigError if losses or metrics do not fit these outputs */
  plansFor(names: readonly string[], shapes: readonly Shape[]): readonly OutputPlan[] {
    const key = names.join('/');
    if (this.#plans?.names === key) return this.#plans.plans;
    const { loss, lossWeights, metrics, weightedMetrics } = this.options;
    const losses = byOutput('loss', loss ?? null, names, isLoss);
    const weights = byOutput<number>('lossWeights', lossWeights ?? 1, names, (value) => typeof value === 'number');
    const [plain, weighted] = [metrics, weightedMetrics].map((given) => metricsByOutput(given ?? [], names));
    const plans = names.map((name, i): OutputPlan => {
      const one = losses[i] == null ? null : lossFrom('compile: loss', losses[i]);
      const target = { takesIds: one?.takesIds ?? false, width: shapes[i].at(-1) ?? 1 };
      const logged = (metric: Metric): string => (names.length > 1 ? `${name}_${metric.name}` : metric.name);
      const made = [plain[i], weighted[i]].flatMap((list, kind) =>
        list.map((source) => {
          const metric = metricFrom(source, target);
          return { metric, weighted: kind === 1, logged: logged(metric) };
        }),
      );
      return { name, loss: one, weight: weights[i] ?? 1, metrics: made };
    });
    this.#plans = { names: key, plans };
    return plans;
  }
}

const isLoss = (value: unknown): boolean =>
  value === null ||
  typeof value === 'function' ||
  typeof value === 'string' ||
  (typeof value === 'object' &&
    typeof (value as { name?: unknown }).name === 'string' &&
    isLossName((value as { name: string }).name));

function everyLoss(given: CompileOptions['loss']): Loss[] {
  if (given == null) return [];
  if (isLoss(given)) return [given as Loss];
  return Object.values(given as object).filter((one): one is LossConfig => one !== null);
}

function byOutput<One>(
  what: string,
  given: unknown,
  names: readonly string[],
  isOne: (value: unknown) => boolean,
): readonly (One extends number ? number | null : Loss | null)[] {
  type Result = readonly (One extends number ? number | null : Loss | null)[];
  if (isOne(given)) return names.map(() => given) as unknown as Result;
  if (Array.isArray(given)) {
    if (given.length === names.length) return given as unknown as Result;
    throw new ConfigError(
      `compile: ${what} needs one for each of ${names.length} outputs (${names.join(', ')}), received ${given.length}`,
    );
  }
  if (typeof given !== 'object' || given === null) throw new ConfigError(`compile: ${what} cannot be ${shown(given)}`);
  requireOutputs(what, given, names);
  return names.map((name) => (given as Record<string, unknown>)[name] ?? null) as unknown as Result;
}

function requireOutputs(what: string, given: object, names: readonly string[]): void {
  const odd = Object.keys(given).find((name) => !names.includes(name));
  if (odd === undefined) return;
  throw new ConfigError(`compile: ${what} names '${odd}', which is no output; the outputs are ${names.join(', ')}`, {
    output: odd,
  });
}

const isMetric = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'function' ||
  (typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string');

function metricsByOutput(given: unknown, names: readonly string[]): readonly (readonly MetricSource[])[] {
  const list = (one: unknown): readonly MetricSource[] =>
    Array.isArray(one) ? one : one == null ? [] : [one as MetricSource];
  if (isMetric(given)) return names.map(() => [given as MetricSource]);
  if (Array.isArray(given)) {
    if (given.length === 0) return names.map(() => []);
    if (names.length === 1) return [given.flat() as MetricSource[]];
    if (given.length === names.length) return given.map(list);
    throw new ConfigError(
      `compile: metrics of ${names.length} outputs are a list for each (${names.join(', ')}), or lists by name; received ${given.length}`,
    );
  }
  requireOutputs('metrics', given as object, names);
  return names.map((name) => list((given as Record<string, unknown>)[name]));
}
