import type { LayerConfig } from '../../nn/layer.ts';
import type { Place } from './nn-place.ts';

/** A value between layers of `unrolled/nn`: sequences `[T, B, F]`, images `[B, H, W, C]`, features `[B, F]`. */
export interface NnValue {
  readonly name: string;
  readonly rank: number;
  /** The steps of each row that count, int32 `[B]`; null where all do. */
  readonly lengths: string | null;
}

/** Writes a layer of any kind. */
export type WriteAny = (place: Place, config: LayerConfig, x: NnValue) => NnValue;

/** Writes a layer of one kind. @param write  for the layers inside it */
export type NnWriter = (place: Place, config: LayerConfig, x: NnValue, write: WriteAny) => NnValue;

/** A layer that keeps the number of axes, and the steps that count. */
export const inPlace =
  <Config = unknown>(write: (place: Place, x: string, config: Config) => string): NnWriter =>
  (place, config, x) => ({ ...x, name: write(place, x.name, config as Config) });
