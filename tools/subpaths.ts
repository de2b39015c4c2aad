/**
 * Writes what follows from the subpaths of the library, which are listed once, in `exports` of packages/unrolled/package.json:
 * the exports of the package, the declarations that the command is compiled with, and the pages of the API reference.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

type JsonObject = Readonly<Record<string, unknown>>;
const read = (file: string): JsonObject => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** The content of each file that follows from the list, by its path. */
export function derivedFiles(): Readonly<Record<string, JsonObject>> {
  const sources = Object.entries(read('packages/unrolled/package.json').exports as Readonly<Record<string, string>>);
  const built = sources.map(
    ([subpath, source]) => [subpath, source.replace(/^\.\/src\/(.*)\.ts$/, './dist/$1')] as const,
  );
  const cli = read('tsconfig.build-cli.json');
  return {
    'package.json': {
      ...read('package.json'),
      exports: {
        ...Object.fromEntries(
          built.map(([subpath, path]) => [subpath, { types: `${path}.d.ts`, default: `${path}.js` }]),
        ),
        './package.json': './package.json',
      },
    },
    'tsconfig.build-cli.json': {
      ...cli,
      compilerOptions: {
        ...(cli.compilerOptions as JsonObject),
        paths: Object.fromEntries(built.map(([subpath, path]) => [`unrolled${subpath.slice(1)}`, [`${path}.d.ts`]])),
      },
    },
    'tools/typedoc.json': {
      ...read('tools/typedoc.json'),
      entryPoints: sources.map(([, source]) => `../packages/unrolled/${source.slice(2)}`),
    },
  };
}

/** JSON as these files have it: npm writes every item of package.json in its own line. */
function written(file: string, content: JsonObject): string {
  const text = JSON.stringify(content, null, 2);
  const short = text.replace(/\[\n +([^[\]{}]{1,80})\n +\]/g, (_, items: string) => `[${items.replace(/\n +/g, ' ')}]`);
  return `${file === 'package.json' ? text : short}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, content] of Object.entries(derivedFiles())) writeFileSync(join(root, file), written(file, content));
}
