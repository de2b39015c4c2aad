import { oneOf } from '../../../checks.ts';
import { ConfigError } from '../../../errors.ts';
import { add, concat, flip, mul, scale } from '../../../ops/index.ts';
import type { Shape } from '../../../shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { type CallContext, type CommonOptions, KerasLayer, type KerasLayerConfig, layerConfig } from '../../layer.ts';
import type { Mask } from '../../mask.ts';
import { type SymbolicTensor, symbolsIn } from '../../symbolic.ts';
import { type ApplyOptions, Rnn } from './rnn.ts';

const modes = {
  concat: (a: Tensor, b: Tensor): Tensor => concat([a, b], -1),
  sum: (a: Tensor, b: Tensor): Tensor => add(a, b),
  mul: (a: Tensor, b: Tensor): Tensor => mul(a, b),
  ave: (a: Tensor, b: Tensor): Tensor => scale(add(a, b), 0.5),
};
export type MergeMode = keyof typeof modes;

export interface BidirectionalOptions extends CommonOptions {
  /** How the outputs of both directions are joined; null: not at all, which gives both. Default 'concat'. */
  readonly mergeMode?: MergeMode | null | undefined;
  /** The layer that runs from the end. Default: one like the other, in the other direction. */
  readonly backwardLayer?: Rnn<unknown> | undefined;
}

export class Bidirectional<Out = SymbolicTensor> extends KerasLayer<Out> {
  readonly config: { readonly layer: 'bidirectional' } & CommonOptions & {
      readonly of: KerasLayerConfig;
      readonly backward?: KerasLayerConfig | undefined;
      readonly mergeMode?: MergeMode | null | undefined;
    };
  readonly #forward: Rnn<unknown>;
  readonly #backward: Rnn<unknown>;

  /** @param turned  the layer for the other direction, where none is given */
  constructor(forward: Rnn<unknown>, { backwardLayer, ...options }: BidirectionalOptions, turned: () => Rnn<unknown>) {
    super();
    if (!(forward instanceof Rnn)) {
      throw new ConfigError('bidirectional: takes a recurrent layer, such as lstm({ units: 64 })');
    }
    const backward = backwardLayer ?? turned();
    const { goBackwards: a = false, returnSequences: s = false, returnState: r = false } = forward.config;
    const { goBackwards: b = false, returnSequences = false, returnState = false } = backward.config;
    if (a === b || s !== returnSequences || r !== returnState) {
      throw new ConfigError(
        'bidirectional: both layers need the same returnSequences and returnState, and one of them goBackwards',
        { forward: forward.config, backward: backward.config },
      );
    }
    const checked = layerConfig('bidirectional', options, { mergeMode: { ...oneOf(Object.keys(modes)), fits } });
    this.config = { ...checked, of: forward.config, ...(backwardLayer && { backward: backwardLayer.config }) };
    this.#forward = forward;
    this.#backward = backward;
    Object.assign(this.inner, { forward, backward });
    for (const layer of [forward, backward]) layer.zeroAtMask = returnSequences;
  }

  get #mode(): MergeMode | null {
    return this.config.mergeMode === undefined ? 'concat' : this.config.mergeMode;
  }

  override get hasSeveralOutputs(): boolean {
    return this.#forward.hasSeveralOutputs || this.#mode === null;
  }

  override apply(inputs: SymbolicTensor | readonly SymbolicTensor[], { initialState }: ApplyOptions = {}): Out {
    const states = initialState === undefined ? [] : symbolsIn(`${this.name}: initialState`, initialState);
    return this.applyTo([...symbolsIn(this.name, inputs), ...states]) as Out;
  }

  override build([shape]: readonly Shape[]): void {
    for (const layer of [this.#forward, this.#backward]) layer.ensureBuilt([shape]);
  }

  override outputShapes([shape, ...states]: readonly Shape[]): readonly Shape[] {
    const half = states.length / 2;
    const [y, ...before] = this.#forward.outputShapes([shape, ...states.slice(0, half)]);
    const [z, ...after] = this.#backward.outputShapes([shape, ...states.slice(half)]);
    const mode = this.#mode;
    const joined = mode === 'concat' ? [...y.slice(0, -1), y.at(-1)! + z.at(-1)!] : y;
    return [...(mode === null ? [y, z] : [joined]), ...before, ...after];
  }

  call([x, ...states]: readonly Tensor[], context: CallContext): readonly Tensor[] {
    const half = states.length / 2;
    const [y, ...before] = this.#forward.call([x, ...states.slice(0, half)], context);
    const [z, ...after] = this.#backward.call([x, ...states.slice(half)], context);
    const { returnSequences, goBackwards } = this.#forward.config;
    // Both in the order of time.
    const inTime = (outputs: Tensor, turned: boolean): Tensor =>
      returnSequences && turned ? flip(outputs, 1) : outputs;
    const [a, b] = [inTime(y, goBackwards ?? false), inTime(z, !(goBackwards ?? false))];
    const mode = this.#mode;
    return [...(mode === null ? [a, b] : [modes[mode](a, b)]), ...before, ...after];
  }

  override computeMask(masks: readonly (Mask | null)[]): readonly (Mask | null)[] {
    const mask = this.#forward.config.returnSequences ? (masks[0] ?? null) : null;
    const states = this.#forward.config.returnState
      ? [...this.#forward.stateShapes, ...this.#backward.stateShapes].map(() => null)
      : [];
    return [...(this.#mode === null ? [mask, mask] : [mask]), ...states];
  }
}

const fits = (value: unknown): boolean => value === null || Object.hasOwn(modes, value as string);
