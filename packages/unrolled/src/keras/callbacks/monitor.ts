import { type Kind, number, oneOf, text } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import type { Logs } from './callback.ts';

export interface MonitorOptions {
  /** The number that is watched. Default 'val_loss'. */
  readonly monitor?: string | undefined;
  /** Whether less or more is better; 'auto': more for accuracies, areas and scores. Default 'auto'. */
  readonly mode?: 'auto' | 'min' | 'max' | undefined;
  /** Smaller changes do not count. */
  readonly minDelta?: number | undefined;
}

export const monitorKinds: Readonly<Record<keyof MonitorOptions, Kind>> = {
  monitor: text,
  mode: oneOf(['auto', 'min', 'max']),
  minDelta: number({ from: 0 }),
};

const rising = /acc|auc|precision|recall|f1|fbeta|iou|r2|positives?$|negatives?$|sensitivity|specificity/i;

/** Compares what is watched. */
export class Monitor {
  readonly name: string;
  readonly #sign: 1 | -1;
  readonly #delta: number;

  constructor({ monitor = 'val_loss', mode = 'auto', minDelta = 0 }: MonitorOptions) {
    this.name = monitor;
    this.#sign = mode === 'max' || (mode === 'auto' && rising.test(monitor)) ? 1 : -1;
    this.#delta = minDelta;
  }

  /** @throws ConfigError if there is no such number */
  of(callback: string, logs: Logs): number {
    const value = logs[this.name];
    if (value !== undefined) return value;
    throw new ConfigError(
      `${callback}: there is no '${this.name}' to watch; there are ${Object.keys(logs).join(', ')}` +
        (this.name.startsWith('val_') ? '. Give validationData or validationSplit' : ''),
      { monitor: this.name, known: Object.keys(logs) },
    );
  }

  isBetter(value: number, than: number | null): boolean {
    return than === null ? !Number.isNaN(value) : this.#sign * (value - than) > this.#delta;
  }
}
