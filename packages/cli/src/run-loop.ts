import { DivergenceError, FormatError } from 'unrolled';
import type { LanguageModelTraining } from 'unrolled/tasks/language-model';
import { type Checkpoint, train } from 'unrolled/train';
import { describeSystemError, Failure } from './failure.ts';
import { JsonListener } from './listeners/json.ts';
import { LineListener } from './listeners/lines.ts';
import type { Listener } from './listeners/listener.ts';
import { TerminalListener } from './listeners/terminal.ts';
import type { RunConfig } from './run-config.ts';
import { type RunEvent, toRunEvent } from './run-events.ts';
import type { RunFolder } from './run-folder.ts';
import { endOf, intervalOf } from './run-options.ts';
import { stopOnSignal } from './signals.ts';
import { shellWord, type Units } from './units.ts';

export function listenerFor(json: boolean | undefined): Listener {
  if (json) return new JsonListener();
  return process.stdout.isTTY ? new TerminalListener() : new LineListener();
}

/**
 * Trains to the end or until a signal; events go to the run's folder and to the listener.
 * @returns the exit code
 * @throws Failure if the loss is no longer finite, or the folder or the output cannot be written
 */
export async function runLoop(
  task: LanguageModelTraining,
  config: RunConfig,
  folder: RunFolder,
  listener: Listener,
  units: Units,
  resumed: Checkpoint | null,
): Promise<number> {
  const { options } = config;
  const stop = stopOnSignal((text) => listener.note(text));
  const end = endOf(options, task.stepsPerEpoch);
  const every = intervalOf(task.stepsPerEpoch);
  const events = train(task, {
    optimizer: { method: options.optimizer, weightDecay: options.weightDecay },
    learningRate: options.lr,
    schedule: options.schedule,
    clipNorm: options.clipNorm,
    clipValue: options.clipValue,
    seed: options.seed,
    steps: Number.isFinite(end.steps) ? end.steps : undefined,
    seconds: Number.isFinite(end.seconds) ? end.seconds : undefined,
    validateEvery: options.validateEvery ?? every,
    sampleEvery: options.sampleEvery ?? every,
    checkpointEvery: options.checkpointEvery ?? every,
    gradientFlowEvery: options.gradients,
    // A large model says something after every step, a small one would say too much.
    progressEvery: options.batch * options.seq * task.parameters.size > 2e9 ? 1 : 10,
    resume: resumed,
    signal: stop.signal,
  });
  let last: RunEvent | null = null;
  try {
    for await (const event of events) {
      if (event.type === 'start') {
        // Not before: a checkpoint that does not fit must leave the run as it was.
        folder.writeJson('config.json', config);
        folder.rewindLog(event.step);
      }
      let path = '';
      if (event.type === 'checkpoint') {
        path = folder.writeCheckpoint(event.best ? 'best' : 'latest', event.checkpoint);
      }
      last = toRunEvent(event, units, folder.path, path);
      folder.log(last);
      if (last.type === 'sample') folder.writeSample(last.step, last.text);
      listener.on(last);
    }
  } catch (error) {
    if (error instanceof FormatError) throw new Failure(`${folder.path}: ${error.message}`, 1, { cause: error });
    if (error instanceof DivergenceError) throw new Failure(`${error.message}; ${whatIsKept(folder)}`);
    throw error;
  } finally {
    listener.end();
    stop.release();
  }
  if (stop.outputError) return outputLost(stop.outputError, folder);
  const finished = last?.type === 'done' && last.reason === 'finished';
  const run = shellWord(folder.path);
  listener.note(
    finished ? `Write with it: npx unrolled sample ${run}` : `Go on with: npx unrolled train --resume ${run}`,
  );
  return stop.exitCode;
}

function whatIsKept(folder: RunFolder): string {
  if (!folder.has('latest')) return 'nothing was kept yet; train anew with --out';
  return `the last good checkpoint is ${folder.checkpointPath('latest')}; train anew with --out`;
}

/** That nobody reads on, as with `| head`, is no error. */
function outputLost(error: NodeJS.ErrnoException, folder: RunFolder): number {
  if (error.code === 'EPIPE') return 0;
  const reason = describeSystemError(error) ?? error.message;
  throw new Failure(`output: ${reason}; go on with --resume ${shellWord(folder.path)}`);
}
