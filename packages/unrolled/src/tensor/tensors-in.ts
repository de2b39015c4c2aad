import type { TypedArray } from '../backend/backend.ts';
import { Tensor } from './tensor.ts';

/** A value with the numbers of its tensors in their place, as `device.read` gives it. */
export type Numbers<Value> = Value extends Tensor
  ? TypedArray
  : Value extends readonly unknown[] | { readonly [key: string]: unknown }
    ? { [Key in keyof Value]: Numbers<Value[Key]> }
    : Value;

/** The tensors in a value: itself, or in arrays and plain objects. */
export function* tensorsIn(value: unknown): Generator<Tensor> {
  if (value instanceof Tensor) {
    yield value;
  } else if (Array.isArray(value)) {
    for (const part of value) yield* tensorsIn(part);
  } else if (isPlainObject(value)) {
    for (const part of Object.values(value)) yield* tensorsIn(part);
  }
}

/** The value with the numbers of its tensors in their place. */
export async function numbersOf(value: unknown): Promise<unknown> {
  if (value instanceof Tensor) return value.read();
  if (Array.isArray(value)) return Promise.all(value.map(numbersOf));
  if (!isPlainObject(value)) return value;
  const names = Object.keys(value);
  const parts = await Promise.all(names.map((name) => numbersOf(value[name])));
  return Object.fromEntries(names.map((name, i) => [name, parts[i]]));
}

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
