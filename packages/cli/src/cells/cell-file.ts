import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { extname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cellNames, DefinedCell } from 'unrolled/nn';
import { Failure, naming } from '../failure.ts';

/** A custom cell: a file whose default export is `defineCell({ … })`. */
export interface CellFile {
  readonly cell: DefinedCell;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** Name of the copy in the run folder. */
  readonly copyName: string;
}

/** The copy in the run folder, as stored in config.json. */
export interface CellCopy {
  readonly file: string;
  readonly sha256: string;
}

const extensions = ['.ts', '.mts', '.js', '.mjs'];
export const isCellFile = (name: string): boolean => extensions.includes(extname(name));

/** URLs of the cell files that were read. */
const loaded = new Set<string>();
let hooked = false;

/**
 * Lets cell files import `unrolled` from any folder: they get the running library, not another copy. They are read as
 * TypeScript modules, which JavaScript is too, whatever the package.json around them says.
 */
function hookImports(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      if (/^unrolled(\/|$)/.test(specifier)) return next(specifier, { ...context, parentURL: import.meta.url });
      if (loaded.has(context.parentURL ?? '') && !specifier.startsWith('node:')) {
        throw new Failure(
          `it imports '${specifier}'; a cell must be one file that imports only from unrolled, so that its run can keep a copy`,
        );
      }
      const resolved = next(specifier, context);
      return loaded.has(resolved.url) ? { ...resolved, format: 'module-typescript' } : resolved;
    },
  });
}

/**
 * @param expected  the file's SHA-256, where it must be the same as before
 * @throws Failure naming the file, and the line where there is one, if it cannot be read, parsed or run, has no cell, or
 *   was changed
 */
export async function readCellFile(path: string, expected?: string): Promise<CellFile> {
  const bytes = naming(path, () => readFileSync(path));
  const url = naming(path, () => pathToFileURL(realpathSync(path)).href);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (expected !== undefined && sha256 !== expected) {
    throw new Failure(`${path}: it was changed since the run started; restore it, or start a new run with --out`);
  }
  hookImports();
  loaded.add(url);
  const module: { default?: unknown } = await import(url).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure(placeInCellFile(error) ? message : `${path}: ${message}`, 1, { cause: error });
  });
  if (!(module.default instanceof DefinedCell)) {
    throw new Failure(`${path}: it does not export a cell; write: export default defineCell({ initialState, step })`);
  }
  if (cellNames.includes(module.default.name)) {
    throw new Failure(`${path}: '${module.default.name}' is the name of a built-in cell; choose another name`);
  }
  return { cell: module.default, bytes, sha256, copyName: `cell${extname(path)}` };
}

/** A run's own copy of its cell. @throws Failure as `readCellFile` */
export function readCellCopy(folder: string, { file, sha256 }: CellCopy): Promise<CellFile> {
  return readCellFile(join(folder, file), sha256);
}

/** `my-cell.ts:7` where an error, or one that caused it, arose in a cell file; null elsewhere. */
export function placeInCellFile(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    for (const url of loaded) {
      const at = cause.stack?.indexOf(`${url}:`) ?? -1;
      const line = at >= 0 ? /^\d+/.exec(cause.stack!.slice(at + url.length + 1)) : null;
      if (line) return `${relative(resolve('.'), fileURLToPath(url))}:${line[0]}`;
    }
  }
  return null;
}
