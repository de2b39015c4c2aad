import { ConfigError } from '../../errors.ts';
import { type Reading, readUnits } from './reading.ts';
import { type Unit, unitName } from './unit.ts';

export interface ActivationOptions {
  /** First step. Default 0. */
  readonly from?: number;
  /** The step after the last. Default: all. */
  readonly to?: number;
  /** Warm-up steps read before the first. Default 500. */
  readonly warmUp?: number;
}

/**
 * Values of some units, of states or gates, at every step of a span: one array per unit.
 * @throws ConfigError if a unit does not exist, or the span is not within the sequence
 *
 * @example
 * const [values] = await unitActivations(readText(model, tokens), [parseUnitName('l1.h.17')], { from: 1000, to: 1400 });
 */
export async function unitActivations(
  reading: Reading,
  units: readonly Unit[],
  options: ActivationOptions = {},
): Promise<Float32Array[]> {
  const { from = 0, to = reading.steps, warmUp = 500 } = options;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= reading.steps)) {
    throw new ConfigError(`unit activations: steps ${from} to ${to} are not within a sequence of ${reading.steps}`, {
      from,
      to,
      steps: reading.steps,
    });
  }
  const results = units.map(() => new Float32Array(to - from));
  for await (const { places, values, groups } of readUnits(reading, {
    from: Math.max(0, from - warmUp),
    to,
    batch: 1,
    gates: true,
  })) {
    for (const [i, unit] of units.entries()) {
      const group = groups.findIndex(({ layer, part }) => layer === unit.layer && part === unit.part);
      if (group < 0 || unit.unit >= groups[group].size) {
        const known = groups.map(({ layer, part, size }) => `l${layer}.${part}.0 to ${size - 1}`);
        throw new ConfigError(`unit activations: there is no ${unitName(unit)}; there are ${known.join(', ')}`, {
          unit: unitName(unit),
        });
      }
      const { size } = groups[group];
      for (let k = 0; k < places.length; k++) {
        if (places[k] >= from) results[i][places[k] - from] = values[group][k * size + unit.unit];
      }
    }
  }
  return results;
}
