import { ConfigError } from '../../errors.ts';
import { type Angles, add, embedding, reshape, rotaryAngles } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import type { StackOptions } from './options.ts';

/** Positions of the steps of each row, or of all rows where there is one. */
export type Places = readonly ArrayLike<number>[];

/** How a stack knows where a step is: by what is added to its input, or by angles. Parameter, if learnt: `weight` [context, E]. */
export class Positions {
  readonly #options: StackOptions;
  readonly #context: number | null;
  #table: Parameter | null = null;

  /** @param context  the number of positions there are, if it is known */
  constructor(options: StackOptions, context: number | null) {
    this.#options = options;
    this.#context = context;
  }

  /** Whether they are added to the input: then a step that was read cannot move to another position. */
  get absolute(): boolean {
    const { positions = 'rotary' } = this.#options;
    return positions === 'learnt' || positions === 'sinusoidal';
  }

  /** @param depth  D, the width of a head */
  build(input: Shape, declarations: Declarations, depth: number): void {
    if ((this.#options.positions ?? 'rotary') === 'rotary' && depth % 2 !== 0) {
      throw new ConfigError(
        `transformer: rotary positions need heads of an even width, these have ${depth}; change the width or positions`,
        { depth },
      );
    }
    if (this.#options.positions !== 'learnt') return;
    if (this.#context === null) {
      throw new ConfigError(
        'transformer: learnt positions need to know how many there are; give context, or rotary positions',
      );
    }
    this.#table = declarations.declare('weight', [this.#context, input.at(-1)!], { kind: 'normal', deviation: 0.02 });
  }

  /** x `[B, T, E]` with what says where its steps are. */
  add(x: Tensor, places: Places): Tensor {
    const [, T, E] = x.shape;
    if (!this.absolute) return x;
    const flat = places.flatMap((row) => Array.from(row));
    const rows = this.#table
      ? embedding(this.#table.value, x.device.ids(flat))
      : x.device.tensor(sinusoids(flat, E, this.#options.base), [flat.length, E]);
    return add(x, reshape(rows, [places.length, T, E]));
  }

  /** Of heads of `depth`; null unless positions are rotary. */
  angles(device: Device, places: Places, depth: number): Angles | null {
    const { positions = 'rotary', base } = this.#options;
    return positions === 'rotary' ? rotaryAngles(device, places, depth, base) : null;
  }
}

/** sin(p · base^(−2i/E)) and cos of it in turn (Vaswani 2017), `[positions, E]`. */
export function sinusoids(places: ArrayLike<number>, E: number, base = 10_000): Float64Array {
  return Float64Array.from({ length: places.length * E }, (_, at) => {
    const i = at % E;
    const angle = places[Math.floor(at / E)] * base ** (-(i - (i % 2)) / E);
    return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}
