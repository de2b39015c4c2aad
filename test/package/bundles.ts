import { mkdirSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import * as vite from 'vite';
import webpack from 'webpack';
import { run } from './run.ts';

/** What a page does with the examples: each by its name, and what it printed. */
export type Printed = Readonly<Record<string, string>>;

/**
 * Writes a page into `folder`: a module for each program, and one that runs them all in turn, `globalThis.printed` being
 * what each of them printed. It runs in Node, too.
 */
export function writePage(folder: string, programs: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  const names = Object.keys(programs);
  for (const name of names) writeFileSync(join(folder, `${name}.js`), stripTypeScriptTypes(programs[name]));
  writeFileSync(
    join(folder, 'page.js'),
    `const programs = { ${names.map((name) => `'${name}': () => import('./${name}.js')`).join(', ')} };
     async function runAll() {
       const printed = {};
       for (const [name, program] of Object.entries(programs)) {
         const lines = [];
         console.log = (...values) => lines.push(values.map((value) => typeof value === 'string' ? value : JSON.stringify(value)).join(' '));
         try {
           await program();
         } catch (error) {
           lines.push(String(error));
         }
         printed[name] = lines.join('\\n');
       }
       return printed;
     }
     globalThis.printed = runAll();`,
  );
  writeDocument(folder);
}

/** What the programs of a page print in Node, where nothing is bundled. */
export function printedInNode(folder: string): Printed {
  const page = pathToFileURL(join(folder, 'page.js')).href;
  const program = `await import('${page}'); process.stdout.write(JSON.stringify(await globalThis.printed)); process.exit();`;
  return JSON.parse(run(process.execPath, ['--input-type=module', '--eval', program], folder));
}

/** Bundles `page.js` of a folder into `out/page.js`, with the settings that each tool starts with. */
export const bundlers: Readonly<Record<string, (folder: string, out: string) => Promise<void>>> = {
  async vite(root, outDir) {
    await vite.build({ root, base: './', configFile: false, logLevel: 'error', build: { outDir, target: 'es2024' } });
  },
  async webpack(folder, path) {
    const compiler = webpack({
      mode: 'production',
      context: folder,
      entry: './page.js',
      output: { path, filename: 'page.js' },
      performance: false,
    })!;
    await new Promise<void>((resolve, reject) => {
      compiler.run((error, stats) => {
        if (error || stats === undefined || stats.hasErrors() || stats.hasWarnings()) reject(error ?? String(stats));
        else resolve();
      });
    });
    writeDocument(path);
  },
  async esbuild(folder, outdir) {
    await esbuild.build({
      entryPoints: [join(folder, 'page.js')],
      outdir,
      bundle: true,
      minify: true,
      splitting: true,
      format: 'esm',
      logLevel: 'error',
    });
    writeDocument(outdir);
  },
};

function writeDocument(folder: string): void {
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><meta charset="utf-8"><title>examples</title><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>',
  );
}
