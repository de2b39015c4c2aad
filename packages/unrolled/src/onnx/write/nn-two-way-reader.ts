import { cellNameOf } from '../../nn/cells/registry.ts';
import type { TwoWayReaderOptions } from '../../nn/two-way-reader.ts';
import { writeLinear } from './nn-linear.ts';
import type { Place } from './nn-place.ts';
import { type StackOutputs, writeRecurrent } from './nn-recurrent.ts';
import { writeEncoder } from './nn-transformer.ts';

/**
 * What a `TwoWayReader` reads, xs `[T, B, E]` → `[T, B, W]`; blocks of a Transformer have no states.
 * @param place  of the model, since its parts have names of their own there
 * @param lengths  int32 `[B]`
 */
export function writeTwoWayReader(
  place: Place,
  { cell, hidden, layers, bidirectional, transformer }: Omit<TwoWayReaderOptions, 'dropout'>,
  xs: string,
  lengths: string,
): StackOutputs {
  if (!transformer)
    return writeRecurrent(place.within(cellNameOf(cell)), { cell, hidden, layers, bidirectional }, xs, lengths);
  const input = place.within('input');
  const vectors = input.has('weight') ? writeLinear(input, xs) : xs;
  return { outputs: writeEncoder(place.within('transformer'), transformer, vectors, lengths), states: [] };
}
