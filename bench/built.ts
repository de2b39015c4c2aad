import { execFileSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The folder of the library as it is installed: plain JavaScript; built first if the sources are newer. */
export function builtLibrary(): string {
  const dist = join(root, 'dist');
  const built = existsSync(join(dist, 'index.js')) ? statSync(join(dist, 'index.js')).mtimeMs : 0;
  const sources = ['packages/{unrolled,cli}/src/**/*.ts', 'packages/kernels/assembly/*.ts'];
  const newer = globSync(sources, { cwd: root }).some((path) => statSync(join(root, path)).mtimeMs > built);
  if (newer) execFileSync(process.execPath, [join(root, 'tools', 'build.ts')], { cwd: root, stdio: 'ignore' });
  return dist;
}

/** A package of the repository's own development, which may be missing; `name` is no literal, so nothing depends on it. */
export async function developmentPackage<Module>(name: string): Promise<Module | null> {
  try {
    return (await import(name)) as Module;
  } catch {
    return null;
  }
}
