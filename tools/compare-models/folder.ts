import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure, naming } from '../../packages/cli/src/failure.ts';
import type { RunConfig } from '../../packages/cli/src/run/config.ts';
import { RunFolder } from '../../packages/cli/src/run/folder.ts';
import { modelNames } from './recipes.ts';
import type { Measured } from './run-command.ts';

/** What `text` writes about a run beside its folder. */
export interface RunRecord {
  readonly recipe: string;
  readonly command: string;
  readonly evaluation: { readonly natsPerCharacter: number; readonly tokens: number };
  readonly began: Measured;
  readonly ended: Measured;
}

/** The names of the runs in a folder, the models in their usual order first. */
export function runsIn(folder: string): string[] {
  const names = naming(folder, () => readdirSync(folder)).filter((name) => new RunFolder(join(folder, name)).exists);
  const place = (name: string): number => [...(modelNames as readonly string[]), name].indexOf(name);
  return names.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

export const configOf = (run: string): RunConfig => new RunFolder(run).readJson('config.json') as RunConfig;

export const recordPath = (run: string): string => join(dirname(run), `${basename(run)}.json`);

/** What is in a JSON file; null if there is none. */
export function readJson<Content>(path: string): Content | null {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new Failure(`${path}: it is not valid JSON; remove it, and measure again`);
  }
}

export function writeJson(path: string, content: unknown): void {
  naming(path, () => {
    writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
  });
}
