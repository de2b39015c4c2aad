import { basename, extname, join, resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { flagOf } from '../options/parse.ts';
import { shellWord } from '../output/units.ts';
import { toStandardError } from '../run/open-device.ts';
import { type BlockOptions, blockDefaults, prepareBlock } from './block.ts';
import { type CellOptions, cellDefaults, prepareCell } from './cell.ts';
import type { CommonOptions, Prepared } from './prepared.ts';
import {
  type Kind,
  type MachineFlags,
  pathsOf,
  readSearchConfig,
  requireSameFiles,
  runSearch,
  searchFolder,
} from './run.ts';

export interface StartFlags extends MachineFlags {
  out?: string;
  resume?: string;
}

/** Options that a resumed search may change: when it ends. */
const changeable = ['candidates', 'totalSeconds'] as const;

/** Starts or resumes a search. @returns the exit code */
export async function startSearch(
  kind: Kind,
  paths: readonly string[],
  { out, resume, json, workers, ...rest }: StartFlags & Partial<CellOptions & BlockOptions>,
): Promise<number> {
  const machine = { json, workers };
  if (resume !== undefined) return resumeSearch(kind, resume, paths, rest, machine);
  const inputs = kind === 'cell' ? 'text' : 'images';
  if (paths.length === 0) throw new Failure(`search ${kind}: no ${inputs} given; name a file or a folder`, 2);
  const defaults = kind === 'cell' ? cellDefaults : blockDefaults;
  const options = { ...defaults, ...rest };
  requireFitting(kind, options);
  const folder = searchFolder(out ?? join('runs', `search-${nameOf(paths[0])}`));
  if (folder.exists && !folder.isFree) {
    throw new Failure(
      `${folder.path}: there is a run here; resume a search with --resume ${shellWord(folder.path)}, or choose another --out`,
    );
  }
  if (!folder.isFree) throw new Failure(`${folder.path}: this folder has other files in it; choose another --out`);
  const prepared = await prepare(kind, paths, options);
  return runSearch({ prepared, options, finalists: finalistsOf(options), folder, resumed: false, machine });
}

async function resumeSearch(
  kind: Kind,
  path: string,
  paths: readonly string[],
  said: Partial<CellOptions & BlockOptions>,
  machine: MachineFlags,
): Promise<number> {
  const folder = searchFolder(path);
  const config = readSearchConfig(folder, kind);
  const stored = config.options as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(said)) {
    if ((changeable as readonly string[]).includes(name) || stored[name] === value) continue;
    throw new Failure(
      `${flagOf(name)} ${value}: this search was started ${stored[name] === undefined ? 'without it' : `with ${stored[name]}`}, ` +
        'which cannot be changed; leave the option out, or start a new search with --out',
      2,
    );
  }
  const options = { ...config.options, ...said };
  const prepared = await prepare(kind, pathsOf(config, paths), options);
  requireSameFiles(config.files, prepared.files);
  return runSearch({ prepared, options, finalists: finalistsOf(options), folder, resumed: true, machine });
}

const finalistsOf = (options: object): number => (options as Partial<CellOptions>).finalists ?? 0;

function prepare(kind: Kind, paths: readonly string[], options: CommonOptions): Promise<Prepared> {
  return kind === 'cell'
    ? Promise.resolve(prepareCell(paths, options as CellOptions))
    : prepareBlock(paths, options as BlockOptions, toStandardError);
}

/** @throws Failure if options exclude each other */
function requireFitting(kind: Kind, options: CommonOptions): void {
  if (kind === 'cell' && (options as CellOptions).share && options.method === 'random') {
    throw new Failure(
      'search cell: --share trains weights for what the controller draws; leave out --method random',
      2,
    );
  }
}

/** `texts/hamlet.txt.gz` → `hamlet`. */
function nameOf(path: string): string {
  if (path === '-') return 'text';
  const absolute = resolve(path).replace(/\.gz$/i, '');
  return basename(absolute, extname(absolute)) || 'run';
}
