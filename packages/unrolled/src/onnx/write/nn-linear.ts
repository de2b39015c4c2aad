import { permuted } from './arrays.ts';
import { real } from './builder.ts';
import type { Place } from './nn-place.ts';

/** A parameter as it is. */
export function writeParameter(place: Place, name: string): string {
  const { shape, data } = place.numbers(name);
  return place.graph.floats(name, shape, data);
}

/** y = x·Wᵀ + b; Wᵀ is stored. */
export function writeLinear(place: Place, x: string): string {
  const { shape, data } = permuted(place.numbers('weight'), [1, 0]);
  const product = place.graph.add('MatMul', [x, place.graph.floats('weight', shape, data)]);
  return place.has('bias') ? place.graph.add('Add', [product, writeParameter(place, 'bias')]) : product;
}

export const writeEmbedding = (place: Place, ids: string): string =>
  place.graph.add('Gather', [writeParameter(place, 'weight'), ids], { axis: 0 });

/** A layer norm over the last axis. */
export function writeLayerNorm(place: Place, x: string, epsilon = 1e-5): string {
  const parameters = ['weight', 'bias'].filter((name) => place.has(name)).map((name) => writeParameter(place, name));
  return place.graph.add('LayerNormalization', [x, ...parameters], { axis: -1, epsilon: real(epsilon) });
}
