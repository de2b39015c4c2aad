/**
 * Makes the installable package in dist/: the library's JavaScript and type declarations, and the command beside it,
 * and the studio's page. The workspaces become one package, in which the command imports the library by the package's own name.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allowUndefined } from './optional-properties.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const run = (...args: string[]): void => {
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
};
const tsc = (project: string): void => run(join('node_modules', 'typescript', 'bin', 'tsc'), '-p', project);

rmSync(dist, { recursive: true, force: true });
run(join('packages', 'kernels', 'build.ts'));
tsc('tsconfig.build.json');
tsc('tsconfig.build-cli.json');
run(join('tools', 'build-studio.ts'));

for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.d.ts')) continue;
  const path = join(dist, file);
  writeFileSync(path, allowUndefined(readFileSync(path, 'utf8')));
}

// tsc rewrites './x.ts' in imports, but not in `new URL('./worker.ts', import.meta.url)`.
for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.js') || file.startsWith('studio')) continue;
  const path = join(dist, file);
  const code = readFileSync(path, 'utf8');
  const rewritten = code.replace(
    /new URL\((['"])(\.[^'"]+)\.ts\1, import\.meta\.url\)/g,
    'new URL($1$2.js$1, import.meta.url)',
  );
  if (rewritten !== code) writeFileSync(path, rewritten);
}
for (const file of ['require-node.cjs', 'unrolled.cjs']) {
  copyFileSync(join(root, 'packages', 'cli', file), join(dist, 'cli', file));
}
writeFileSync(join(dist, 'cli', 'start.cjs'), "'use strict';\nimport('./main.js');\n");
chmodSync(join(dist, 'cli', 'unrolled.cjs'), 0o755);
