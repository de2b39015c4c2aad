import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { KerasLayerConfig } from '../layer.ts';
import type { DataType } from '../symbolic.ts';
import { isRaw, type Raw } from './options.ts';

/** A layer of a file and what it is here. */
export interface ReadLayer {
  /** As the file has it, with its class. */
  readonly raw: Raw;
  readonly className: string;
  readonly config: KerasLayerConfig;
  /** Of a model. */
  readonly layers?: readonly ReadLayer[] | undefined;
}

export const modelClasses = ['Sequential', 'Functional', 'Model', 'Container'];

/** The class of a layer and its options. @throws FormatError if it is no layer */
export function classOf(given: unknown): { readonly className: string; readonly options: Raw; readonly raw: Raw } {
  if (!isRaw(given) || typeof given.class_name !== 'string') {
    throw new FormatError(`keras: a layer is ${shown(given)}, without a class_name`);
  }
  const { class_name: className, config } = given;
  // Sequential models of Keras 1 and 2 are a list.
  const options = Array.isArray(config) ? { layers: config } : config;
  if (!isRaw(options)) throw new FormatError(`keras: the layer ${shown(className)} has no config`);
  return { className, options, raw: given };
}

/** The name of a layer, without slashes, which separate the names of layers inside each other. */
export const nameOf = (raw: Raw, options: Raw): string | undefined => {
  const name = raw.name ?? options.name;
  return typeof name === 'string' && name !== '' ? name.replaceAll('/', '_') : undefined;
};

/** @throws FormatError with the layer's name and class before the reason */
export function within<Result>(name: string | undefined, className: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof FormatError) || error.details.layer !== undefined) throw error;
    const message = error.message.replace(/^keras: /, '');
    throw new FormatError(`keras: layer ${shown(name ?? className)} (${className.slice(0, 60)}): ${message}`, {
      ...error.details,
      layer: name ?? className,
      className,
      reason: message,
    });
  }
}

/** The shape of an input with its batch, from an InputLayer or the options of a first layer. */
export function batchShapeOf(options: Raw | null | undefined): readonly unknown[] | null {
  const shape = options?.batch_shape ?? options?.batch_input_shape;
  if (Array.isArray(shape)) return shape;
  if (Array.isArray(options?.input_shape)) return [null, ...options.input_shape];
  return null;
}

/** Extents of which null is open. @throws FormatError if one is no extent */
export function extentsOf(shape: readonly unknown[]): number[] {
  const extents = shape.map((n) => (n === null ? -1 : n));
  if (shape.length > 0 && extents.every((n) => Number.isSafeInteger(n) && ((n as number) > 0 || n === -1))) {
    return [-1, ...(extents.slice(1) as number[])];
  }
  throw new FormatError(`an input has the shape ${shown(shape)}`, { shape });
}

export const dataTypeOf = (dtype: unknown): DataType =>
  typeof dtype === 'string' && /^u?int/.test(dtype) ? 'int32' : 'float32';
