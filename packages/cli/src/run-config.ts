import { join, resolve } from 'node:path';
import { cellNames } from 'unrolled/nn';
import type { LanguageModelDescription } from 'unrolled/tasks/language-model';
import type { CellCopy, CellFile } from './cell-file.ts';
import { Failure } from './failure.ts';
import { changeable, defaults, type TrainingOptions } from './options.ts';
import type { RunFolder } from './run-folder.ts';
import type { TextFiles } from './text-files.ts';
import { version } from './version.ts';

/** What config.json holds. */
export interface RunConfig {
  readonly unrolled: string;
  readonly options: TrainingOptions;
  /** With absolute paths. */
  readonly files: TextFiles['files'];
  readonly model: LanguageModelDescription['config'];
  /** The copy in the run's folder, where the cell is from a file. */
  readonly cell?: CellCopy;
}

export function newConfig(options: TrainingOptions, { files }: TextFiles, own: CellFile | null): RunConfig {
  return {
    unrolled: version,
    options,
    files: files.map((file) => ({ ...file, path: resolve(file.path) })),
    model: modelConfig(options, own),
    ...(own && { cell: { file: own.copyName, sha256: own.sha256 } }),
  };
}

/** @throws Failure naming the first file that is not what it was when the run began */
export function checkSameFiles({ files }: RunConfig, texts: TextFiles): void {
  const changed = texts.files.find(({ sha256 }, index) => sha256 !== files[index]?.sha256);
  const other = changed ? changed.path : texts.files.length < files.length ? files[texts.files.length].path : null;
  if (other !== null) {
    throw new Failure(`resume: the text is not the one this run was trained on: ${other} differs; give the same files`);
  }
}

export function modelConfig(options: TrainingOptions, own: CellFile | null): LanguageModelDescription['config'] {
  const { hidden, layers, embedding, dropout, tie, recompute } = options;
  const said = { ...(tie ? { tied: true } : {}), ...(recompute ? { recompute } : {}) };
  return { cell: own?.cell ?? options.cell, hidden, layers, embedding, dropout, ...said };
}

/** @throws Failure if the file is missing, damaged, or lacks something a run needs */
export function readConfig(folder: RunFolder): RunConfig {
  const config = folder.readJson('config.json') as Partial<RunConfig> | null;
  const options = config?.options as Record<string, unknown> | undefined;
  const lacking = Object.entries(defaults).find(([name, value]) => typeof options?.[name] !== typeof value)?.[0];
  const files = Array.isArray(config?.files) && config.files.length > 0 && config.files.every(isFile);
  if (lacking !== undefined || !files) {
    throw new Failure(
      `${join(folder.path, 'config.json')}: it was altered, ${lacking ? `options.${lacking}` : 'files'} is not what a ` +
        'run has there; restore it, or train anew with --out',
    );
  }
  for (const name of changeable) {
    const value = options?.[name];
    if (value !== undefined && !(typeof value === 'number' && value >= 0)) {
      throw new Failure(`${join(folder.path, 'config.json')}: options.${name} is ${JSON.stringify(value)}; restore it`);
    }
  }
  for (const [name, type] of Object.entries({ vocab: 'number', tie: 'boolean', recompute: 'boolean' })) {
    if (options?.[name] !== undefined && typeof options[name] !== type) {
      throw new Failure(`${join(folder.path, 'config.json')}: options.${name} is no ${type}; restore it`);
    }
  }
  if (options?.blas !== undefined && typeof options.blas !== 'string') {
    throw new Failure(`${join(folder.path, 'config.json')}: options.blas is no word; restore it`);
  }
  const { file, sha256 } = config?.cell ?? {};
  if (!cellNames.includes(options?.cell as string) && !(typeof file === 'string' && typeof sha256 === 'string')) {
    throw new Failure(`${join(folder.path, 'config.json')}: it does not say which file the cell is in; restore it`);
  }
  return config as RunConfig;
}

const isFile = (file: Partial<RunConfig['files'][number]> | null): boolean => typeof file?.path === 'string';
