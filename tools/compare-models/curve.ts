import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../../packages/cli/src/output/median.ts';
import type { RunEvent } from '../../packages/cli/src/run/events.ts';

/** A validation of a run. */
export interface CurvePoint {
  readonly step: number;
  /** Of the whole run so far, validations included. */
  readonly seconds: number;
  /** Characters learnt from so far, repetitions included. */
  readonly characters: number;
  /** Nats per character. */
  readonly loss: number;
}

/** What the events of a run tell. */
export interface RunCurve {
  readonly parameters: number | null;
  readonly points: readonly CurvePoint[];
  readonly steps: number;
  readonly seconds: number;
  readonly characters: number;
  /** Median over progress events, of updates alone; null where there are none. */
  readonly charactersPerSecond: number | null;
  readonly finished: boolean;
}

/**
 * @param text  the content of events.jsonl; a last line that was cut off is left out
 * @param charactersPerStep  B · T
 */
export function curveOf(text: string, charactersPerStep: number): RunCurve {
  const events = text.split('\n').flatMap(eventIn);
  // A validation comes after its step: when, the progress events around it tell.
  const times = [
    { step: 0, secondsElapsed: 0 },
    ...events.filter(({ type }) => type === 'progress' || type === 'done'),
  ] as {
    readonly step: number;
    readonly secondsElapsed: number;
  }[];
  const secondsAt = (step: number): number => {
    const next = times.find((one) => one.step >= step) ?? times[times.length - 1];
    const before = times.findLast((one) => one.step < step) ?? times[0];
    if (next.step <= before.step) return next.secondsElapsed;
    const share = Math.min(1, (step - before.step) / (next.step - before.step));
    return before.secondsElapsed + share * (next.secondsElapsed - before.secondsElapsed);
  };
  const points = events.flatMap((event) =>
    event.type === 'validation' && Number.isFinite(event.loss)
      ? [
          {
            step: event.step,
            seconds: secondsAt(event.step),
            characters: event.step * charactersPerStep,
            loss: event.loss,
          },
        ]
      : [],
  );
  const last = times[times.length - 1];
  const rates = events.flatMap((event) => (event.type === 'progress' ? (event.charactersPerSecond ?? []) : []));
  const end = events.findLast(({ type }) => type === 'done');
  return {
    parameters: events.find((event) => event.type === 'start')?.parameters ?? null,
    points,
    steps: last.step,
    seconds: last.secondsElapsed,
    characters: last.step * charactersPerStep,
    charactersPerSecond: median(rates),
    finished: end?.type === 'done' && end.reason === 'finished',
  };
}

function eventIn(line: string): RunEvent[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

/** The curve of a run folder. */
export function readCurve(run: string): RunCurve & { readonly options: Readonly<Record<string, unknown>> } {
  const { options } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));
  const { batch, seq, accumulate = 1 } = options;
  return { ...curveOf(readFileSync(join(run, 'events.jsonl'), 'utf8'), batch * seq * accumulate), options };
}
