import { DivergenceError, FormatError } from 'unrolled';
import { type Checkpoint, type TrainingTask, train } from 'unrolled/train';
import { describeSystemError, Failure } from '../failure.ts';
import type { SourceFiles } from '../input/source-files.ts';
import type { TrainOptions } from '../options/train.ts';
import { shellWord } from '../output/units.ts';
import type { RunConfig } from './config.ts';
import { type RunEvent, toRunEvent } from './events.ts';
import type { RunFolder } from './folder.ts';
import { JsonListener } from './listeners/json.ts';
import { LineListener } from './listeners/lines.ts';
import type { Listener } from './listeners/listener.ts';
import { TerminalListener } from './listeners/terminal.ts';
import { endOf } from './options.ts';
import { stopOnSignal } from './signals.ts';
import type { Prepared, Trainable } from './trainable.ts';

export function listenerFor(json: boolean | undefined): Listener {
  if (json) return new JsonListener();
  return process.stdout.isTTY ? new TerminalListener() : new LineListener();
}

export interface RunParts<Options extends TrainOptions, Files extends SourceFiles> {
  readonly trainable: Trainable<Options, Files>;
  readonly prepared: Prepared<Options>;
  readonly task: TrainingTask;
  readonly config: RunConfig<Options>;
  readonly folder: RunFolder;
  readonly listener: Listener;
  /** What to resume from. */
  readonly checkpoint: Checkpoint | null;
  /** Creates the folder of a new run, when all that the options could make impossible has been tried. */
  readonly create?: () => void;
}

/**
 * Trains to the end or until a signal, and passes events to the run folder and the listener.
 * @returns the exit code
 * @throws Failure if training diverged, or the folder or the output cannot be written
 */
export async function runLoop<Options extends TrainOptions, Files extends SourceFiles>(
  parts: RunParts<Options, Files>,
): Promise<number> {
  const { trainable, prepared, task, config, folder, listener, checkpoint, create } = parts;
  const { options } = config;
  const stop = stopOnSignal((text) => listener.note(text));
  const end = endOf(options, task.stepsPerEpoch, trainable.end);
  const every = trainable.interval(Math.ceil(task.stepsPerEpoch / (options.accumulate ?? 1)));
  const events = train(task, {
    optimizer: {
      ...{ method: options.optimizer, nesterov: options.nesterov },
      ...{ weightDecay: options.weightDecay, decaying: options.decaying, rates: prepared.rates },
    },
    learningRate: options.lr,
    schedule: options.schedule,
    warmUp: options.warmUp,
    emaDecay: options.ema,
    clipNorm: options.clipNorm,
    clipValue: options.clipValue,
    accumulate: options.accumulate,
    seed: options.seed,
    steps: Number.isFinite(end.steps) ? end.steps : undefined,
    seconds: Number.isFinite(end.seconds) ? end.seconds : undefined,
    validateEvery: options.validateEvery ?? every,
    sampleEvery: options.sampleEvery ?? every,
    checkpointEvery: options.checkpointEvery ?? every,
    gradientFlowEvery: options.gradientFlowEvery,
    // After every step of a large model; of a small one that would be too often.
    progressEvery: prepared.itemsPerStep * task.parameters.size > 2e9 ? 1 : 10,
    resume: checkpoint,
    signal: stop.signal,
  });
  let last: RunEvent | null = null;
  try {
    for await (const event of events) {
      if (event.type === 'start') {
        create?.();
        // Not before: a checkpoint that does not fit must leave the run as it was.
        folder.writeJson('config.json', config);
        folder.rewindLog(event.step);
        folder.dropKeptAfter(event.step);
      }
      let files: { path: string; kept?: string } = { path: '' };
      if (event.type === 'checkpoint') {
        files = { path: folder.writeCheckpoint(event.best ? 'best' : 'latest', event.checkpoint) };
        if (options.keepCheckpoints && !event.best) files.kept = folder.keepLatest(event.step);
      }
      last = toRunEvent(event, prepared.units, folder.path, files);
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
  if (last?.type === 'done' && last.diverged && stop.exitCode === 0) {
    throw new Failure(
      `training diverged: the validation loss is ${last.validationLoss}, far worse than guessing; lower the learning rate ` +
        `(it was ${options.lr})${options.clipNorm || options.clipValue ? '' : ' or clip the gradient with --clip-norm 1'}, and ` +
        `start a new run with --out`,
    );
  }
  listener.note(finished ? prepared.next(run) : `Resume with: npx unrolled ${trainable.command} --resume ${run}`);
  return stop.exitCode;
}

function whatIsKept(folder: RunFolder): string {
  if (!folder.has('latest')) return 'there is no checkpoint yet; start again with the same --out';
  return `the last good checkpoint is ${folder.checkpointPath('latest')}; start a new run with --out`;
}

/** A closed pipe, as with `| head`, is no error. */
function outputLost(error: NodeJS.ErrnoException, folder: RunFolder): number {
  if (error.code === 'EPIPE') return 0;
  const reason = describeSystemError(error) ?? error.message;
  throw new Failure(`output: ${reason}; resume with --resume ${shellWord(folder.path)}`);
}
