import { existsSync, writeFileSync } from 'node:fs';
import type { Device } from 'unrolled';
import { type ExperimentEvent, experiment } from 'unrolled/tasks/long-memory';
import { describeSystemError, Failure, naming } from '../failure.ts';
import { shellWord } from '../output/units.ts';
import { openMachine } from '../run/open-device.ts';
import { stopOnSignal } from '../run/signals.ts';
import { type SeedResult, tableOf } from './events.ts';
import { labListener } from './listeners.ts';
import { drawLab } from './picture.ts';
import type { Lab, LabFlags } from './prepare.ts';
import { describeLearner, describeTask } from './report.ts';

/** Runs all cells and seeds in turn, or until a signal, and prints the table. Returns the exit code. */
export async function runLab(lab: Lab, flags: LabFlags): Promise<number> {
  const { out } = flags;
  if (out !== undefined && existsSync(out)) throw new Failure(`${out}: this file exists; choose another --out`);
  const listener = labListener(flags.json, lab.problem.metric);
  const device: Device = await openMachine(flags, (line) => listener.note(line));
  const stop = stopOnSignal((text) => listener.note(text));
  const finished: SeedResult[][] = lab.learners.map(() => []);
  try {
    keep(lab, finished, flags);
    listener.note(describeTask(lab));
    for (const [i, { cell, settings }] of lab.learners.entries()) {
      if (stop.signal.aborted) break;
      listener.note(describeLearner(lab.learners[i]));
      for (const seed of lab.seeds) {
        if (stop.signal.aborted) break;
        const events = experiment(device, lab.problem, settings, { seed, signal: stop.signal });
        const result = await follow(events, (event) => listener.on({ ...event, cell, seed }));
        if (result.reason === 'aborted') break;
        finished[i].push({ seed, ...result });
        keep(lab, finished, flags);
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

/** The result of an experiment, with its validations. */
async function follow(
  events: AsyncIterable<ExperimentEvent>,
  tell: (event: ExperimentEvent) => void,
): Promise<Omit<SeedResult, 'seed'>> {
  const validations: SeedResult['validations'][number][] = [];
  for await (const event of events) {
    tell(event);
    if (event.type === 'validation') validations.push({ step: event.step, loss: event.loss, metric: event.metric });
    if (event.type !== 'result') continue;
    const { type: _, ...result } = event;
    return { ...result, validations };
  }
  throw new Error('lab: an experiment ended without a result');
}

/** Writes the results so far, so that an interrupted run keeps them. */
function keep(lab: Lab, finished: readonly (readonly SeedResult[])[], { out, plot }: LabFlags): void {
  const table = tableOf(lab, finished);
  const { type: _, ...results } = table;
  if (out !== undefined) naming(out, () => writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`));
  if (plot !== undefined) naming(plot, () => writeFileSync(plot, drawLab(table, commandLine())));
}

/** The command that draws the picture again. */
const commandLine = (): string => `npx unrolled ${process.argv.slice(2).map(shellWord).join(' ')}`;
