import { shown } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { type ArrayData, type Column, columnOf, isShaped } from '../arrays.ts';

/** What a model takes or gives: samples alone, in a list for each input, or by name. */
export type ModelData = ArrayData | readonly ArrayData[] | Readonly<Record<string, ArrayData>>;

/** Whether this is one array of samples, and not several. */
function isOne(given: ModelData): given is ArrayData {
  if (given instanceof Tensor || ArrayBuffer.isView(given) || isShaped(given)) return true;
  return Array.isArray(given) && !given.some((one) => one instanceof Tensor || isShaped(one));
}

/**
 * The samples for each input or output, by their order.
 * @param names  of the inputs or outputs
 * @throws DataError if there are too few or too many, or names that the model does not have
 */
export async function columnsOf(place: string, given: ModelData, names: readonly string[]): Promise<readonly Column[]> {
  const parts = partsOf(place, given, names);
  return Promise.all(parts.map((part, i) => columnOf(names.length > 1 ? `${place} '${names[i]}'` : place, part)));
}

function partsOf(place: string, given: ModelData, names: readonly string[]): readonly ArrayData[] {
  if (names.length === 1 && isOne(given)) return [given];
  if (Array.isArray(given)) {
    if (given.length === names.length) return given as readonly ArrayData[];
    throw new DataError(`${place}: needs a list of ${names.length} (${names.join(', ')}), received ${given.length}`, {
      expected: names,
    });
  }
  if (typeof given !== 'object' || given === null || isOne(given)) {
    throw new DataError(`${place}: needs ${names.join(', ')}, by name or in a list; received ${shown(given)}`, {
      expected: names,
    });
  }
  const record = given as Readonly<Record<string, ArrayData>>;
  const missing = names.find((name) => !Object.hasOwn(record, name));
  const unknown = Object.keys(record).find((name) => !names.includes(name));
  if (missing !== undefined || unknown !== undefined) {
    throw new DataError(
      `${place}: ${missing === undefined ? `there is no '${unknown}'` : `'${missing}' is missing`}; the names are ${names.join(', ')}`,
      { expected: names },
    );
  }
  return names.map((name) => record[name]);
}

export const samplesIn = ({ shape }: Column): number => shape[0];

/** @throws DataError unless all have as many samples */
export function requireSameSamples(columns: Readonly<Record<string, readonly Column[]>>): number {
  const all = Object.entries(columns).flatMap(([name, list]) =>
    list.map((column) => [name, samplesIn(column)] as const),
  );
  const [first, n] = all[0];
  const odd = all.find(([, count]) => count !== n);
  if (odd)
    throw new DataError(`fit: ${first} has ${n} samples, ${odd[0]} has ${odd[1]}`, { [first]: n, [odd[0]]: odd[1] });
  return n;
}
