import { existsSync, writeFileSync } from 'node:fs';
import type { Device } from 'unrolled';
import { experiment } from 'unrolled/tasks/long-memory';
import { describeSystemError, Failure } from '../failure.ts';
import { openMachine } from '../open-device.ts';
import { stopOnSignal } from '../signals.ts';
import { type LabTable, type SeedResult, tableOf } from './events.ts';
import { labListener } from './listeners.ts';
import type { Lab, LabFlags } from './prepare.ts';
import { introduction } from './report.ts';

/** Runs all seeds one after the other, or until a signal, and prints their table. Gives the exit code. */
export async function runLab(lab: Lab, flags: LabFlags): Promise<number> {
  const { out } = flags;
  if (out !== undefined && existsSync(out)) throw new Failure(`${out}: this file exists; choose another --out`);
  const listener = labListener(flags.json, lab.problem.metric);
  const device: Device = await openMachine(flags, (line) => listener.note(line));
  const stop = stopOnSignal((text) => listener.note(text));
  const finished: SeedResult[] = [];
  try {
    keep(out, tableOf(lab, finished));
    listener.note(introduction(lab));
    for (const seed of lab.seeds) {
      if (stop.signal.aborted) break;
      const events = experiment(device, lab.problem, lab.settings, { seed, signal: stop.signal });
      for await (const event of events) {
        listener.on({ ...event, seed });
        if (event.type !== 'result' || event.reason === 'aborted') continue;
        const { type: _, ...result } = event;
        finished.push({ seed, ...result });
        keep(out, tableOf(lab, finished));
      }
    }
    listener.on(tableOf(lab, finished));
  } finally {
    listener.end();
    stop.release();
    device.close();
  }
  if (stop.outputError && stop.outputError.code !== 'EPIPE') {
    throw new Failure(`output: ${describeSystemError(stop.outputError) ?? stop.outputError.message}`);
  }
  return stop.exitCode;
}

/** Writes what there is so far, so that a long run that is ended leaves what it has. */
function keep(path: string | undefined, { type: _, ...table }: LabTable): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, `${JSON.stringify(table, null, 2)}\n`);
  } catch (error) {
    const reason = describeSystemError(error);
    if (reason === null) throw error;
    throw new Failure(`${path}: ${reason}`, 1, { cause: error });
  }
}
