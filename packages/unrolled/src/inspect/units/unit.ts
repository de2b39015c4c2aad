import { ConfigError } from '../../errors.ts';

/** One hidden unit of a stack of recurrent layers: a number of its state, or of a gate, at every step. */
export interface Unit {
  /** From 0. */
  readonly layer: number;
  /** The part of the state or the gate, as the recurrent cell names it: `h`, `c`, `f`. */
  readonly part: string;
  /** From 0. */
  readonly unit: number;
}

/** `l1.h.17`: layer 1, part h, unit 17. */
export const unitName = ({ layer, part, unit }: Unit): string => `l${layer}.${part}.${unit}`;

/** @throws ConfigError if the name is not made like `l1.h.17` */
export function parseUnitName(name: string): Unit {
  const match = /^l(\d+)\.([A-Za-z_][\w-]*)\.(\d+)$/.exec(name.trim());
  if (match === null) {
    throw new ConfigError(`unit: '${name}' is not the name of a unit; one looks like l1.h.17: layer, part, number`, {
      name,
    });
  }
  return { layer: Number(match[1]), part: match[2], unit: Number(match[3]) };
}
