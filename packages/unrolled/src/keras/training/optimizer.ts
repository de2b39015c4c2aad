import { ConfigError, FormatError } from '../../errors.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import type { Parameters } from '../../nn/parameters.ts';
import {
  abs,
  add,
  div,
  less,
  maximum,
  minimum,
  mul,
  scale,
  select,
  sign,
  sqrt,
  square,
  sub,
  sum,
} from '../../ops/index.ts';
import type { UpdateOptions } from '../../optim/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Config, type OptimizerConfig, optimizerConfig, positive } from './optimizer-config.ts';
import { type LearningRateSchedule, scheduledRate } from './schedules.ts';

/** Numbers that each weight has beside itself, and what they start at. */
function memoriesOf(config: Config): Readonly<Record<string, number>> {
  switch (config.name) {
    case 'sgd':
      return config.momentum ? { velocity: 0 } : {};
    case 'rmsprop':
      return {
        meanSquare: 0,
        ...(config.centered && { mean: 0 }),
        ...(config.momentum && { velocity: 0 }),
      };
    case 'adam':
    case 'adamw':
      return { mean: 0, variance: 0, ...(config.amsgrad && { greatest: 0 }) };
    case 'adadelta':
      return { meanSquare: 0, meanChange: 0 };
    case 'adagrad':
      return { sumOfSquares: config.initialAccumulatorValue ?? 0.1 };
    case 'adamax':
      return { mean: 0, norm: 0 };
    case 'nadam':
      return { mean: 0, variance: 0 };
    case 'ftrl':
      return { accumulator: config.initialAccumulatorValue ?? 0.1, linear: 0 };
    case 'lion':
      return { mean: 0 };
  }
}

/**
 * An optimizer with Keras' formulas and defaults, over the flat buffer of a model's parameters. The learning rate may be set
 * between updates.
 */
export class Optimizer {
  readonly config: Config;
  /** Updates so far. */
  iterations = 0;
  #learningRate: number | LearningRateSchedule;
  #parameters: Parameters | null = null;
  #memory: Record<string, Tensor> = {};
  /** Counted on the device, for Adam's bias correction. */
  #steps: Tensor | null = null;
  /** nadam: Π of the momenta so far. */
  #product = 1;
  /** What was read from a file, until there is a device. */
  #saved: Readonly<Record<string, NamedArray>> | null = null;

  constructor(config: OptimizerConfig) {
    this.config = optimizerConfig(config);
    this.#learningRate = this.config.learningRate ?? (this.config.name === 'sgd' ? 0.01 : 0.001);
  }

  /** The learning rate of the next update. */
  get learningRate(): number {
    return typeof this.#learningRate === 'number'
      ? this.#learningRate
      : scheduledRate(this.#learningRate, this.iterations);
  }

  /** @throws ConfigError if a schedule gives the rate, or it is not a number from 0 */
  set learningRate(rate: number) {
    if (typeof this.#learningRate !== 'number') {
      throw new ConfigError(
        `optimizer: its learning rate follows the schedule '${this.#learningRate.name}'; give a number in its place`,
      );
    }
    if (!positive.fits(rate))
      throw new ConfigError(`optimizer: learningRate must be a number from 0, received ${rate}`, { rate });
    this.#learningRate = rate;
  }

  /** Numbers by name, flat like the parameters. */
  get memory(): Readonly<Record<string, Tensor>> {
    return this.#memory;
  }

  /** What is not in `memory`: plain data. */
  get state(): { readonly iterations: number; readonly product: number; readonly learningRate: number | null } {
    const rate = typeof this.#learningRate === 'number' ? this.#learningRate : null;
    return { iterations: this.iterations, product: this.#product, learningRate: rate };
  }

  /** Continues from what was saved. */
  restore(state: Optimizer['state'], memory: Readonly<Record<string, NamedArray>>): void {
    this.iterations = state.iterations;
    this.#product = state.product;
    if (state.learningRate !== null && typeof this.#learningRate === 'number') this.#learningRate = state.learningRate;
    this.#saved = memory;
  }

  /** Works on these parameters from now on; other ones than before begin anew. @throws FormatError if a file does not fit */
  attach(parameters: Parameters): void {
    if (parameters === this.#parameters) return;
    const { device, size } = parameters;
    const saved = this.#saved;
    this.#parameters = parameters;
    this.#saved = null;
    if (!saved && this.#steps !== null) this.iterations = 0;
    this.#memory = Object.fromEntries(
      Object.entries(memoriesOf(this.config)).map(([name, value]) => {
        const tensor = device.keep(device.full([size], value));
        const kept = saved?.[name];
        if (saved && kept?.data.length !== size) {
          throw new FormatError(
            `load: the optimizer's '${name}' has ${kept?.data.length ?? 'no'} numbers, the model trains ${size}`,
          );
        }
        if (kept) device.backend.write(tensor, kept.data);
        return [name, tensor];
      }),
    );
    this.#steps = device.keep(device.tensor([this.iterations]));
  }

  /** One update; nothing changes where the gradient or the loss is not finite. */
  update({ loss }: Pick<UpdateOptions, 'loss'>): { norm: Tensor } {
    const parameters = this.#parameters!;
    const { device, values, gradients } = parameters;
    const rate = this.learningRate;
    const norm = device.empty([]);
    device.backend.norm(gradients, norm);
    this.iterations++;
    device.withoutGradients(() => {
      const sound = less(abs(loss ? add(norm, loss) : norm), Number.POSITIVE_INFINITY);
      this.#clip(parameters, norm);
      const { weightDecay = this.config.name === 'adamw' ? 0.004 : null } = this.config;
      if (weightDecay) this.#write(values, scale(values, 1 - rate * weightDecay), sound);
      this.#step(values, gradients, rate, sound, { norm, loss: loss ?? null });
    });
    return { norm };
  }

  /** An update turned out not to have been made. */
  undo(): void {
    this.iterations--;
  }

  #write(to: Tensor, value: Tensor, sound: Tensor): void {
    to.device.backend.copy(select(sound, value, to), to);
  }

  #clip(parameters: Parameters, norm: Tensor): void {
    const { clipnorm, globalClipnorm, clipvalue } = this.config;
    const { device, gradients } = parameters;
    const { backend } = device;
    if (clipnorm) {
      for (const { name } of parameters) {
        if (!parameters.isTrained(name)) continue;
        const g = parameters.gradient(name);
        const own = sqrt(sum(square(g)));
        backend.copy(mul(g, minimum(div(clipnorm, maximum(own, 1e-30)), 1)), g);
      }
    } else if (globalClipnorm) {
      backend.copy(mul(gradients, minimum(div(globalClipnorm, maximum(norm, 1e-30)), 1)), gradients);
    } else if (clipvalue) {
      backend.copy(minimum(maximum(gradients, -clipvalue), clipvalue), gradients);
    }
  }

  #step(
    w: Tensor,
    g: Tensor,
    rate: number,
    sound: Tensor,
    { norm, loss }: { norm: Tensor; loss: Tensor | null },
  ): void {
    const { config } = this;
    const memory = this.#memory;
    const t = this.iterations;
    const write = (to: Tensor, value: Tensor): void => this.#write(to, value, sound);
    const keep = (name: string, value: Tensor): Tensor => {
      write(memory[name], value);
      return memory[name];
    };
    /** decay·m + (1 − decay)·x */
    const follow = (name: string, x: Tensor, decay: number): Tensor =>
      keep(name, add(scale(memory[name], decay), scale(x, 1 - decay)));
    const down = (change: Tensor): void => write(w, sub(w, change));
    const plain = { weights: w, gradients: g, norm, loss, steps: this.#steps!, decay: 0, clipNorm: 0, clipValue: 0 };
    switch (config.name) {
      case 'sgd': {
        const { momentum = 0, nesterov = false } = config;
        if (momentum === 0) {
          w.device.backend.optimize({
            ...plain,
            learningRate: rate,
            method: 'sgd',
            velocity: null,
            momentum: 0,
            nesterov: false,
          });
          return;
        }
        const v = keep('velocity', sub(scale(memory.velocity, momentum), scale(g, rate)));
        write(w, add(w, nesterov ? sub(scale(v, momentum), scale(g, rate)) : v));
        return;
      }
      case 'adam':
      case 'adamw': {
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, amsgrad = false } = config;
        const [first, second] = [1 - beta1 ** t, 1 - beta2 ** t];
        if (!amsgrad) {
          // Keras adds ε before the correction of bias, the library after it.
          const after = epsilon / Math.sqrt(second);
          const { mean, variance } = memory;
          w.device.backend.optimize({
            ...plain,
            ...{ learningRate: rate, method: 'adam', mean, variance, beta1, beta2, epsilon: after },
          });
          return;
        }
        const m = follow('mean', g, beta1);
        const v = keep('greatest', maximum(memory.greatest, follow('variance', square(g), beta2)));
        down(div(scale(m, (rate * Math.sqrt(second)) / first), add(sqrt(v), epsilon)));
        return;
      }
      case 'rmsprop': {
        const { rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = config;
        const s = follow('meanSquare', square(g), rho);
        const spread = centered ? sub(s, square(follow('mean', g, rho))) : s;
        const change = div(scale(g, rate), sqrt(add(spread, epsilon)));
        down(momentum > 0 ? keep('velocity', add(scale(memory.velocity, momentum), change)) : change);
        return;
      }
      case 'adadelta': {
        const { rho = 0.95, epsilon = 1e-7 } = config;
        const s = follow('meanSquare', square(g), rho);
        const change = mul(div(sqrt(add(memory.meanChange, epsilon)), sqrt(add(s, epsilon))), g);
        follow('meanChange', square(change), rho);
        down(scale(change, rate));
        return;
      }
      case 'adagrad': {
        const s = keep('sumOfSquares', add(memory.sumOfSquares, square(g)));
        down(div(scale(g, rate), sqrt(add(s, config.epsilon ?? 1e-7))));
        return;
      }
      case 'adamax': {
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = config;
        const m = follow('mean', g, beta1);
        const u = keep('norm', maximum(scale(memory.norm, beta2), abs(g)));
        down(div(scale(m, rate / (1 - beta1 ** t)), add(u, epsilon)));
        return;
      }
      case 'nadam': {
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = config;
        const momentumAt = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** step);
        const [now, next] = [momentumAt(t), momentumAt(t + 1)];
        this.#product *= now;
        const m = follow('mean', g, beta1);
        const v = follow('variance', square(g), beta2);
        const ahead = add(scale(m, next / (1 - this.#product * next)), scale(g, (1 - now) / (1 - this.#product)));
        down(div(scale(ahead, rate), add(sqrt(scale(v, 1 / (1 - beta2 ** t))), epsilon)));
        return;
      }
      case 'ftrl': {
        const {
          learningRatePower = -0.5,
          l1RegularizationStrength: l1 = 0,
          l2RegularizationStrength = 0,
          beta = 0,
        } = config;
        const l2 = l2RegularizationStrength + beta / (2 * rate);
        const power = (x: Tensor): Tensor =>
          learningRatePower === -0.5 ? sqrt(x) : scale(maximum(x, 1e-30).log(), -learningRatePower).exp();
        const before = power(memory.accumulator);
        const after = power(keep('accumulator', add(memory.accumulator, square(g))));
        const linear = keep('linear', add(memory.linear, sub(g, mul(scale(sub(after, before), 1 / rate), w))));
        const cut = minimum(maximum(linear, -l1), l1);
        write(w, div(sub(cut, linear), add(scale(after, 1 / rate), 2 * l2)));
        return;
      }
      case 'lion': {
        const { beta1 = 0.9, beta2 = 0.99 } = config;
        down(scale(sign(add(scale(memory.mean, beta1), scale(g, 1 - beta1))), rate));
        follow('mean', g, beta2);
        return;
      }
    }
  }
}
