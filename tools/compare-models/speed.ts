import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../packages/cli/src/failure.ts';
import { formatBytes, formatCount } from '../../packages/cli/src/output/units.ts';
import { RunFolder } from '../../packages/cli/src/run/folder.ts';
import { configOf, runsIn, writeJson } from './folder.ts';
import { type Measured, measuredNow, runNode } from './run-command.ts';

export interface ContextJob {
  readonly run: string;
  /** Tokens before the first that is timed. */
  readonly context: number;
  /** Whether a Transformer keeps the keys and values of all tokens, not of its context alone. */
  readonly whole: boolean;
  /** To time. */
  readonly tokens: number;
  readonly threads?: number | undefined;
}

/** Of one token after a context, batch 1, the likeliest token each time. */
export interface ContextMeasure {
  readonly tokens: number;
  /** Milliseconds of a token: median, quartiles and extremes. */
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly least: number;
  readonly most: number;
  /** Of the state before the first token: h and c, or keys and values with what is noted of each step. */
  readonly stateBytes: number;
  /** Of the process afterwards, and the most it had. */
  readonly residentBytes: number;
  readonly peakBytes: number;
  /** How the state came about: by reading the text, or by random keys and values. */
  readonly filling: 'none' | 'read' | 'random';
  readonly fillingSeconds: number;
}

export interface SpeedRow extends ContextMeasure {
  /** `transformer`, or `transformer, whole cache`. */
  readonly model: string;
  readonly context: number;
  readonly load: number;
}

export interface Speed {
  readonly measured: Measured;
  readonly threads: number | null;
  readonly rows: readonly SpeedRow[];
}

export interface SpeedOptions {
  readonly contexts: readonly number[];
  readonly tokens: number;
  readonly threads?: number | undefined;
}

export const speedFile = 'speed.json';

const child = fileURLToPath(new URL('one-context.ts', import.meta.url));

/** Measures every trained model of a folder after contexts of several lengths, each in a process of its own. */
export async function measureSpeed(folder: string, { contexts, tokens, threads }: SpeedOptions): Promise<void> {
  const runs = runsIn(folder).filter((name) => new RunFolder(join(folder, name)).has('best'));
  if (runs.length === 0)
    throw new Failure(`${folder}: there is no trained model in it; train some with: text FILE --out`);
  const measured = measuredNow();
  const rows: SpeedRow[] = [];
  for (const name of runs) {
    const run = join(folder, name);
    const { options } = configOf(run) as unknown as { readonly options: { readonly model?: string } };
    for (const whole of options.model === 'transformer' ? [false, true] : [false]) {
      for (const context of contexts) {
        const job: ContextJob = { run, context, whole, tokens, threads };
        const { load } = measuredNow();
        const printed = await runNode(['--expose-gc', child, JSON.stringify(job)], 'pipe');
        const measure: ContextMeasure = JSON.parse(printed);
        const model = whole ? `${name}, whole cache` : name;
        rows.push({ model, context, load, ...measure });
        writeJson(join(folder, speedFile), { measured, threads: threads ?? null, rows } satisfies Speed);
        const { median, stateBytes, residentBytes } = measure;
        process.stdout.write(
          `${model}, context ${formatCount(context)}: ${median.toFixed(3)} ms a token, state ${formatBytes(stateBytes)}, ` +
            `process ${formatBytes(residentBytes)}\n`,
        );
      }
    }
  }
}
