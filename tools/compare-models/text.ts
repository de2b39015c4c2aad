import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { splitText } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { Failure, naming } from '../../packages/cli/src/failure.ts';
import { joinTexts, readTextFiles, type TextFiles } from '../../packages/cli/src/input/text-files.ts';
import { countOf, formatCount } from '../../packages/cli/src/output/units.ts';
import { RunFolder } from '../../packages/cli/src/run/folder.ts';
import { readCurve } from './curve.ts';
import { configOf, type RunRecord, recordPath, writeJson } from './folder.ts';
import { argumentsOf, countParameters, type ModelName, type RecipeKind, recipes, requireEqual } from './recipes.ts';
import { commandLine, measuredNow, outputOf, runUnrolled } from './run-command.ts';

export interface TextOptions {
  readonly models: readonly ModelName[];
  readonly recipe: RecipeKind;
  readonly out: string;
  readonly seconds?: number | undefined;
  readonly steps?: number | undefined;
  readonly seed: number;
  readonly threads?: number | undefined;
}

/**
 * Trains models on a text one after the other, each as its recipe says, and evaluates each on the last tenth. Runs that have
 * finished are not trained again, and those that were interrupted are resumed.
 */
export async function compareOnText(file: string, options: TextOptions): Promise<void> {
  const { models, recipe, out } = options;
  const files = readTextFiles([file]);
  const counts = await countParameters(files, Object.fromEntries(models.map((name) => [name, recipes[recipe][name]])));
  for (const name of models) process.stdout.write(`${name}: ${countOf(counts[name], 'parameter')}\n`);
  if (recipe === 'equal') requireEqual(counts);
  for (const name of models) refuseOther(join(out, name), name, files, options);
  for (const name of models) {
    const run = join(out, name);
    const began = measuredNow();
    const train = trainingOf(name, file, options);
    if (isFinished(run)) process.stdout.write(`\n${run}: finished\n`);
    else if (new RunFolder(run).hasCheckpoint) await runUnrolled(['train', '--resume', run, ...threadsOf(options)]);
    else await runUnrolled(train);
    if (isFinished(run) && existsSync(recordPath(run))) continue;
    const held = join(out, 'validation.txt');
    naming(held, () => writeFileSync(held, validationTextOf(files)));
    const evaluation = JSON.parse(await outputOf(['eval', run, held, '--json', ...threadsOf(options)]));
    // As one would type it, wherever the files are here.
    const command = commandLine(trainingOf(name, basename(file), { ...options, out: basename(out) }));
    const record: RunRecord = { recipe, command, evaluation, began, ended: measuredNow() };
    writeJson(recordPath(run), record);
    const { natsPerCharacter, tokens } = record.evaluation;
    process.stdout.write(`${name}: ${natsPerCharacter.toFixed(4)} nats per character over ${formatCount(tokens)}\n`);
  }
}

const threadsOf = ({ threads }: TextOptions): string[] => argumentsOf({ threads });

function trainingOf(
  name: ModelName,
  file: string,
  { recipe, seconds, steps, seed, out, threads }: TextOptions,
): string[] {
  const options = { ...recipes[recipe][name], seconds, steps, seed };
  return ['train', file, ...argumentsOf({ ...options, out: join(out, name), threads })];
}

const isFinished = (run: string): boolean =>
  new RunFolder(run).exists && existsSync(join(run, 'events.jsonl')) && readCurve(run).finished;

/** @throws Failure if a run in this place has other options, or another text */
function refuseOther(
  run: string,
  name: ModelName,
  { files }: TextFiles,
  { recipe, seconds, steps, seed }: TextOptions,
): void {
  if (!new RunFolder(run).exists) return;
  const stored = configOf(run);
  const wanted = Object.entries({ ...recipes[recipe][name], seconds, steps, seed });
  const given = stored.options as unknown as Readonly<Record<string, unknown>>;
  const other = wanted.find(([option, value]) => given[option] !== value);
  if (other) {
    throw new Failure(
      `${run}: this run has ${other[0]} ${given[other[0]] ?? 'none'}, asked for is ${other[1] ?? 'none'}; choose another --out`,
    );
  }
  if (stored.files[0]?.sha256 !== files[0].sha256) {
    throw new Failure(`${run}: this run was trained on another text, ${stored.files[0]?.path}; choose another --out`);
  }
}

/** The last tenth, as the command splits it. */
export function validationTextOf(files: TextFiles): string {
  const text = joinTexts(files);
  const tokenizer = tokenizerFor('char', text);
  const { validation } = splitText(tokenizer.encode(text));
  return tokenizer.decode(Array.from(validation));
}
