/**
 * LSTM, GRU, minGRU and Transformer beside each other: docs/comparing.md.
 *
 *     node tools/compare-models.ts text shakespeare.txt --seconds 600 --out compared/shakespeare [--recipe equal] [--models gru,lstm]
 *     node tools/compare-models.ts speed compared/shakespeare
 *     node tools/compare-models.ts memory-tasks --seconds 120 --out compared/memory [--seeds 3]
 *     node tools/compare-models.ts report compared/shakespeare compared/memory --docs docs/pictures
 *
 * Each command goes on where it was interrupted, `speed` from the beginning. Recipes are in tools/compare-models/recipes.ts and
 * tools/compare-models/memory-tasks.ts.
 */
import { parseArgs } from 'node:util';
import { UnrolledError } from 'unrolled';
import { Failure } from '../packages/cli/src/failure.ts';
import { compareOnMemoryTasks } from './compare-models/memory-tasks.ts';
import { type ModelName, modelNames, recipeKinds } from './compare-models/recipes.ts';
import { report } from './compare-models/report.ts';
import { measureSpeed } from './compare-models/speed.ts';
import { compareOnText } from './compare-models/text.ts';

const string = { type: 'string' } as const;
const options = {
  ...{ models: string, recipe: string, seconds: string, steps: string, seed: string, seeds: string, threads: string },
  ...{ out: string, contexts: string, tokens: string, docs: string },
};
type Flags = Partial<Record<keyof typeof options, string>>;

interface SubCommand {
  readonly takes: readonly (keyof Flags)[];
  /** How many files or folders. */
  readonly paths: (count: number) => boolean;
  readonly usage: string;
  run(paths: readonly string[], flags: Flags): Promise<void>;
}

const subCommands: Readonly<Record<string, SubCommand>> = {
  text: {
    takes: ['models', 'recipe', 'seconds', 'steps', 'seed', 'threads', 'out'],
    paths: (count) => count === 1,
    usage:
      'text FILE --out FOLDER [--seconds 600 | --steps n] [--recipe best|equal] [--models a,b] [--seed n] [--threads n]',
    async run([file], flags) {
      const steps = whole('steps', flags);
      await compareOnText(file, {
        ...{ models: modelsIn(flags), recipe: oneOf('recipe', recipeKinds, flags.recipe ?? 'best'), steps },
        ...{ out: required('out', flags), seed: whole('seed', flags) ?? 1, threads: whole('threads', flags, 1) },
        seconds: whole('seconds', flags, 1) ?? (steps === undefined ? 600 : undefined),
      });
    },
  },
  speed: {
    takes: ['contexts', 'tokens', 'threads'],
    paths: (count) => count === 1,
    usage: 'speed FOLDER [--contexts 0,100,1000,10000,100000] [--tokens 200] [--threads n]',
    async run([folder], flags) {
      const contexts = (flags.contexts ?? '0,100,1000,10000,100000')
        .split(',')
        .map((text) => numberIn('contexts', text));
      const tokens = whole('tokens', flags, 1) ?? 200;
      await measureSpeed(folder, { contexts, tokens, threads: whole('threads', flags, 1) });
    },
  },
  'memory-tasks': {
    takes: ['models', 'seconds', 'seeds', 'threads', 'out'],
    paths: (count) => count === 0,
    usage: 'memory-tasks --out FOLDER [--seconds 120] [--seeds 1] [--models a,b] [--threads n]',
    async run(_, flags) {
      const [seconds, seeds] = [whole('seconds', flags, 1) ?? 120, whole('seeds', flags, 1) ?? 1];
      const out = required('out', flags);
      await compareOnMemoryTasks({ models: modelsIn(flags), seconds, seeds, out, threads: whole('threads', flags, 1) });
    },
  },
  report: {
    takes: ['docs'],
    paths: (count) => count > 0,
    usage: 'report FOLDER… --docs docs/pictures',
    async run(folders, flags) {
      process.stdout.write(report(folders, required('docs', flags)));
    },
  },
};

const usage = (): string =>
  ['usage:', ...Object.values(subCommands).map((one) => `  node tools/compare-models.ts ${one.usage}`)].join('\n');

function required(name: keyof Flags, flags: Flags): string {
  const value = flags[name];
  if (value) return value;
  throw new Failure(`--${name} is missing\n${usage()}`, 2);
}

function numberIn(name: keyof Flags, text: string, from = 0): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= from) return value;
  throw new Failure(`--${name}: '${text}' is no whole number from ${from} on`, 2);
}

const whole = (name: keyof Flags, flags: Flags, from = 0): number | undefined => {
  const text = flags[name];
  return text === undefined ? undefined : numberIn(name, text, from);
};

function oneOf<Name extends string>(option: keyof Flags, names: readonly Name[], text: string): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new Failure(`--${option}: '${text}' is none of ${names.join(', ')}`, 2);
}

const modelsIn = ({ models = modelNames.join(',') }: Flags): ModelName[] =>
  models.split(',').map((name) => oneOf('models', modelNames, name));

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [name, ...paths] = positionals;
  const command = Object.hasOwn(subCommands, name ?? '') ? subCommands[name] : undefined;
  if (!command) throw new Failure(usage(), 2);
  const stray = (Object.keys(values) as (keyof Flags)[]).find((one) => !command.takes.includes(one));
  if (stray) throw new Failure(`${name} takes no --${stray}\n${usage()}`, 2);
  if (!command.paths(paths.length)) throw new Failure(usage(), 2);
  await command.run(paths, values);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const wrongOption =
    error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
  if (!wrongOption && !(error instanceof Failure) && !(error instanceof UnrolledError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = wrongOption ? 2 : error instanceof Failure ? error.exitCode : 1;
}
