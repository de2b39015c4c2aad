import { idsOf } from '../../ops/ids.ts';
import { append, slice } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { StackState } from '../sequence-layer.ts';
import type { KeysAndValues } from './multi-head.ts';

/** What a decoder has read, as a state: an entry of keys and values for each block, then one about the steps. */
export class Past {
  readonly blocks: readonly KeysAndValues[];
  /** 1 at steps that count, 0 at padding: `[B][S]`. */
  readonly counted: readonly Uint8Array[];
  /** The position of the next step of each row, `[B]`. */
  readonly next: readonly number[];
  /** Inputs of the blocks before positions were added, `[B, S, E]`, where they are needed again. */
  readonly inputs: Tensor | null;

  constructor(
    blocks: readonly KeysAndValues[],
    counted: readonly Uint8Array[],
    next: readonly number[],
    inputs: Tensor | null,
  ) {
    this.blocks = blocks;
    this.counted = counted;
    this.next = next;
    this.inputs = inputs;
  }

  static empty(batch: number): Past {
    return new Past(
      [],
      Array.from({ length: batch }, () => new Uint8Array(0)),
      new Array<number>(batch).fill(0),
      null,
    );
  }

  static from(state: StackState, batch: number): Past {
    if (state.length === 0) return Past.empty(batch);
    const steps = state[state.length - 1];
    const { counted, next, inputs = null } = steps;
    const [B, S] = counted.shape;
    const flags = new Uint8Array(idsOf('transformer', counted));
    return new Past(
      state.slice(0, -1) as unknown as KeysAndValues[],
      Array.from({ length: B }, (_, b) => flags.subarray(b * S, (b + 1) * S)),
      Array.from(idsOf('transformer', next)),
      inputs,
    );
  }

  state(device: Device): StackState {
    const { blocks, counted, next, inputs } = this;
    const [B, S] = [counted.length, this.steps];
    const flags = new Int32Array(B * S);
    for (const [b, row] of counted.entries()) flags.set(row, b * S);
    const steps = { counted: device.ids(flags, [B, S]), next: device.ids(next, [B]) };
    return [...blocks, inputs ? { ...steps, inputs } : steps];
  }

  /** S, steps that are remembered. */
  get steps(): number {
    return this.counted[0]?.length ?? 0;
  }

  /** Positions of the steps if the first that counts is at 0, `[B][S]`. */
  get places(): Int32Array[] {
    return this.counted.map((row) => {
      let place = 0;
      return Int32Array.from(row, (flag) => {
        place += flag;
        return place - flag;
      });
    });
  }

  /** The last n steps. */
  last(n: number): Past {
    const from = this.steps - n;
    const tail = (x: Tensor): Tensor => slice(x, 1, from);
    return new Past(
      this.blocks.map(({ k, v }) => ({ k: tail(k), v: tail(v) })),
      this.counted.map((row) => row.subarray(from)),
      this.next,
      this.inputs && tail(this.inputs),
    );
  }

  /** The same with T more steps, of which only the first of `lengths` count. */
  extended(
    blocks: readonly KeysAndValues[],
    T: number,
    lengths: readonly number[] | null,
    inputs: Tensor | null,
  ): Past {
    // In one go: a cache may have many steps.
    const counted = this.counted.map((row, b) => {
      const longer = new Uint8Array(row.length + T);
      longer.set(row);
      return longer.fill(1, row.length, row.length + (lengths?.[b] ?? T));
    });
    const next = this.next.map((place, b) => place + (lengths?.[b] ?? T));
    return new Past(blocks, counted, next, inputs && this.inputs ? append(this.inputs, inputs, 1) : inputs);
  }

  /** 0 at steps that count and at T new ones, −∞ at padding, `[B, 1, 1, S + T]`; null without padding. */
  mask(device: Device, T: number): Tensor | null {
    const [B, S] = [this.counted.length, this.steps];
    if (!this.counted.some((row) => row.includes(0))) return null;
    const hidden = new Float64Array(B * (S + T));
    this.counted.forEach((row, b) => {
      row.forEach((flag, s) => {
        if (flag === 0) hidden[b * (S + T) + s] = Number.NEGATIVE_INFINITY;
      });
    });
    return device.tensor(hidden, [B, 1, 1, S + T]);
  }
}
