import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Device, FormatError, openDevice } from 'unrolled';
import {
  type Choices,
  type Evaluation,
  type Evaluator,
  leaderboard,
  type RoundEvent,
  type Scored,
  type SearchDoneEvent,
  type SearchEvent,
  search,
} from 'unrolled/search';
import type { Checkpoint } from 'unrolled/train';
import { describeSystemError, Failure } from '../failure.ts';
import type { SourceFile } from '../input/source-files.ts';
import { countOf, shellWord } from '../output/units.ts';
import { RunFolder } from '../run/folder.ts';
import { type Stop, stopOnSignal } from '../run/signals.ts';
import { version } from '../version.ts';
import type { SearchRunEvent } from './events.ts';
import { defaultWorkers, WorkerPool } from './pool.ts';
import type { CommonOptions, Prepared } from './prepared.ts';
import { candidateLine, doneLines, drawChoices, drawRewards, roundLine } from './report.ts';

/** How a search is displayed and computed; not stored. */
export interface MachineFlags {
  json?: boolean;
  workers?: number;
}

export type Kind = Prepared['what'];

/** The content of a search's config.json. */
export interface SearchConfig<Options extends CommonOptions = CommonOptions> {
  readonly unrolled: string;
  readonly task: 'search';
  readonly search: Kind;
  readonly options: Options;
  readonly files: readonly SourceFile[];
}

/** Of the folder of a search; it has no samples. */
export const searchFolder = (path: string): RunFolder => new RunFolder(path, ['checkpoints']);

/** @throws Failure if the folder is none of a search of this kind */
export function readSearchConfig<Options extends CommonOptions>(folder: RunFolder, kind?: Kind): SearchConfig<Options> {
  if (!folder.exists) throw new Failure(`${folder.path}: this is not the folder of a search; it has no config.json`);
  const config = folder.readJson('config.json') as Partial<SearchConfig<Options>> | null;
  if (config?.task !== 'search' || !config.options || !Array.isArray(config.files)) {
    throw new Failure(`${folder.path}: this is the folder of a training run, not of a search`);
  }
  if (kind !== undefined && config.search !== kind) {
    throw new Failure(
      `${folder.path}: this is a search for a ${config.search}; use npx unrolled search ${config.search} --resume ${shellWord(folder.path)}`,
      2,
    );
  }
  return config as SearchConfig<Options>;
}

/** Leaders that are printed and kept in the last event. */
const shown = 10;

/** Milliseconds between two drawings of the pictures. */
const pause = 20_000;

/** Candidates of the last rounds from which finalists are chosen, where weights are shared. */
const lastRounds = 10;

export interface SearchRun<Options extends CommonOptions> {
  readonly prepared: Prepared;
  readonly options: Options;
  /** Where weights are shared: how many are then trained alone. */
  readonly finalists: number;
  readonly folder: RunFolder;
  readonly resumed: boolean;
  readonly machine: MachineFlags;
}

/** Searches to the end or until a signal. @returns the exit code */
export async function runSearch<Options extends CommonOptions>(run: SearchRun<Options>): Promise<number> {
  const { prepared, options, folder, resumed, machine } = run;
  const note = (line: string): void => {
    if (!machine.json) process.stdout.write(`${line}\n`);
  };
  const checkpoint = resumed && folder.hasCheckpoint ? folder.readCheckpoint('latest') : null;
  const device = await openDevice('wasm', prepared.shared ? {} : { threads: 1 });
  const pool = new WorkerPool(prepared.setup, machine.workers ?? defaultWorkers());
  const stop = stopOnSignal(note);
  folder.open();
  if (!resumed) folder.removeBeginnings();
  try {
    const config: SearchConfig<Options> = {
      ...{ unrolled: version, task: 'search', search: prepared.what, options },
      files: prepared.files.map((file) => (file.piped ? file : { ...file, path: resolve(file.path) })),
    };
    folder.writeJson('config.json', config);
    for (const line of prepared.about) note(line);
    if (checkpoint) note(`Resuming ${folder.path} after round ${checkpoint.trainer.step}`);
    const writer = new Writer(run, earlierRounds(folder, checkpoint), checkpoint ? scoredIn(checkpoint) : [], note);
    await followed(run, device, pool, checkpoint, stop, writer);
  } catch (error) {
    if (error instanceof FormatError) throw new Failure(`${folder.path}: ${error.message}`, 1, { cause: error });
    throw error;
  } finally {
    stop.release();
    await pool.close();
    folder.close();
    device.close();
  }
  if (stop.outputError && stop.outputError.code !== 'EPIPE') {
    throw new Failure(`output: ${describeSystemError(stop.outputError) ?? stop.outputError.message}`);
  }
  const ended = stop.exitCode === 0 && !stop.outputError;
  const again = `Resume with: npx unrolled search ${prepared.what} --resume ${shellWord(folder.path)}`;
  note(ended ? prepared.next(folder.path) : again);
  return stop.exitCode;
}

/** Rounds of the log up to the checkpoint's; what came after it is dropped, but for candidates that it knows. */
function earlierRounds(folder: RunFolder, checkpoint: Checkpoint | null): RoundEvent[] {
  const { pending = [] } = (checkpoint?.task ?? {}) as { readonly pending?: readonly { readonly number: number }[] };
  const known = new Set(pending.map(({ number }) => number));
  const step = checkpoint?.trainer.step ?? 0;
  const kept = folder.keepInLog(({ type, round = 0, step: at = 0, number }) => {
    if (type === 'done') return false;
    return Math.max(Number(round), Number(at)) <= step || (type === 'candidate' && known.has(Number(number)));
  });
  return kept.filter(({ type }) => type === 'round') as unknown as RoundEvent[];
}

/** Passes the events of a search on, and then of the finalists where weights are shared. */
async function followed<Options extends CommonOptions>(
  { prepared, options, finalists }: SearchRun<Options>,
  device: Device,
  pool: WorkerPool,
  resume: Checkpoint | null,
  stop: Stop,
  writer: Writer<Options>,
): Promise<void> {
  const { space } = prepared;
  const alone: Evaluator = {
    repeatable: true,
    evaluate: (candidates) => evaluations(pool, candidates, stop.signal),
  };
  const { method, candidates, totalSeconds, round, controllerHidden, controllerLr, entropy, seed } = options;
  const events = search(device, space, prepared.shared?.(device) ?? alone, {
    ...{ method, candidates, seconds: totalSeconds, batch: round, seed, resume, signal: stop.signal },
    ...{ hidden: controllerHidden, learningRate: controllerLr, entropy },
  });
  for await (const event of events) {
    if (event.type !== 'done') {
      writer.on(event);
      continue;
    }
    if (!prepared.shared || event.reason === 'aborted') {
      writer.done(event, leaderboard(space, writer.scored));
      return;
    }
    const final = await trainedAlone(alone, leaderboard(space, writer.lately(lastRounds), finalists), writer);
    writer.done(stop.signal.aborted ? { ...event, reason: 'aborted' } : event, leaderboard(space, final));
  }
}

async function* evaluations(
  pool: WorkerPool,
  candidates: readonly Choices[],
  signal: AbortSignal,
): AsyncGenerator<Evaluation, void> {
  for await (const { index, result, seconds } of pool.run<Pick<Evaluation, 'reward' | 'measures'>>(
    candidates,
    signal,
  )) {
    yield { index, ...result, seconds };
  }
}

/** What the best by shared weights reach when each is trained alone. */
async function trainedAlone(
  alone: Evaluator,
  chosen: readonly Scored[],
  writer: Pick<Writer<CommonOptions>, 'note'>,
): Promise<Scored[]> {
  writer.note(`Training the ${countOf(chosen.length, 'best candidate')} alone`);
  const final: Scored[] = [];
  for await (const { index, reward, measures } of alone.evaluate(
    chosen.map(({ choices }) => choices),
    undefined,
  )) {
    final.push({ ...chosen[index], reward, measures });
  }
  return final;
}

/** Writes the events of a search to its folder and for its reader. */
class Writer<Options extends CommonOptions> {
  readonly note: (line: string) => void;
  readonly #run: SearchRun<Options>;
  readonly #rounds: RoundEvent[];
  readonly #command = `npx unrolled ${process.argv.slice(2).map(shellWord).join(' ')}`;
  #drawn = performance.now();
  /** All candidates, in the order of their numbers. */
  scored: readonly Scored[];

  constructor(run: SearchRun<Options>, rounds: RoundEvent[], scored: readonly Scored[], note: (line: string) => void) {
    this.#run = run;
    this.#rounds = rounds;
    this.scored = scored;
    this.note = note;
  }

  /** Candidates of the last rounds. */
  lately(rounds: number): Scored[] {
    const last = this.scored.at(-1)?.round ?? 0;
    return this.scored.filter(({ round }) => round > last - rounds);
  }

  on(event: Exclude<SearchEvent, { type: 'done' }>): void {
    const { folder, prepared, options } = this.#run;
    switch (event.type) {
      case 'start':
        this.#tell({ ...event, search: prepared.what, folder: folder.path });
        break;
      case 'checkpoint': {
        const path = folder.writeCheckpoint('latest', event.checkpoint);
        this.scored = scoredIn(event.checkpoint);
        if (performance.now() - this.#drawn > pause) this.#pictures();
        this.#tell({ type: 'checkpoint', step: event.step, path });
        break;
      }
      case 'candidate':
        this.#tell(event);
        if (event.best) this.note(candidateLine(event, prepared));
        break;
      case 'round':
        this.#tell(event);
        this.#rounds.push(event);
        this.note(roundLine(event, options.candidates));
        break;
    }
  }

  /** The end, with the leaderboard. */
  done({ best: _, ...event }: SearchDoneEvent, leaders: readonly Scored[]): void {
    const { folder, prepared } = this.#run;
    this.#pictures();
    folder.writeJson('leaderboard.json', { method: this.#run.options.method, leaderboard: leaders });
    if (leaders.length > 0) this.#write(leaders[0]);
    const told = { ...event, leaderboard: leaders.slice(0, shown) };
    this.#tell(told);
    for (const line of doneLines(told, prepared)) this.note(line);
  }

  #tell(event: SearchRunEvent): void {
    this.#run.folder.log(event);
    if (this.#run.machine.json) process.stdout.write(`${JSON.stringify(event)}\n`);
  }

  #pictures(): void {
    const { prepared, options } = this.#run;
    this.#drawn = performance.now();
    if (this.scored.length > 0) {
      const name = options.method;
      this.#file('rewards.svg', drawRewards([{ name, searches: [this.scored] }], this.#command));
    }
    if (options.method === 'controller' && this.#rounds.length > 0) {
      this.#file('choices.svg', drawChoices(prepared.space, this.#rounds, prepared.space.name, this.#command));
    }
  }

  #write(best: Scored): void {
    for (const [name, content] of Object.entries(this.#run.prepared.write(best, this.#command))) {
      this.#file(name, content);
    }
  }

  #file(name: string, content: string): void {
    this.#run.folder.writeFile(name, new TextEncoder().encode(content));
  }
}

/** The candidates that a checkpoint knows. */
export function scoredIn({ task }: Checkpoint): readonly Scored[] {
  const { scored = [], pending = [] } = task as unknown as { scored?: readonly Scored[]; pending?: readonly Scored[] };
  return [...scored, ...pending];
}

/** @throws Failure naming the first file that is gone or has changed */
export function requireSameFiles(stored: readonly SourceFile[], now: readonly SourceFile[]): void {
  const changed = now.find(({ sha256 }, i) => sha256 !== stored[i]?.sha256);
  if (changed || now.length < stored.length) {
    const path = changed?.path ?? stored[now.length].path;
    throw new Failure(`resume: ${path} is not the file this search began with; give the same ones`);
  }
}

/** The paths of a resumed search: those that are given, or those it began with. @throws Failure if they are gone */
export function pathsOf(config: SearchConfig, given: readonly string[]): readonly string[] {
  if (given.length > 0) return given;
  const gone = config.files.find(({ path, piped }) => piped || !existsSync(path));
  if (!gone) return config.files.map(({ path }) => path);
  throw new Failure(
    `resume: ${gone.piped ? 'it read its text from a pipe' : `${gone.path} is not there any more`}; give the same again as an argument`,
  );
}
