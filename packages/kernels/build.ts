/**
 * Compiles the kernels four times, {simd, relaxed} × {local, shared memory}, and writes them into the library as
 * TypeScript modules: the bytes deflated, as base64, and a `Kernels` interface made from the sources, so that a wrong call does
 * not compile. Does nothing when sources, compiler and options are those of the last build.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import asc from 'assemblyscript/asc';
import { kernelsInterface } from './signatures.ts';

const here = import.meta.dirname;
const assembly = join(here, 'assembly');
const generated = join(here, '../unrolled/src/backend/wasm/generated');

const options = [
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--noAssert', '--runtime', 'stub'],
  ...['--importMemory', '--noExportMemory', '--zeroFilledMemory', '--initialMemory', '1', '--use', 'abort='],
  ...['--enable', 'simd'],
];
const relaxedOptions = ['--enable', 'relaxed-simd'];
const sharedOptions = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];
const builds = {
  'simd-local': [],
  'simd-shared': sharedOptions,
  'relaxed-local': relaxedOptions,
  'relaxed-shared': [...relaxedOptions, ...sharedOptions],
};

const sources = new Map(
  readdirSync(assembly)
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => [name, readFileSync(join(assembly, name), 'utf8')]),
);

function fingerprint(): string {
  const hash = createHash('sha256').update(asc.version).update(JSON.stringify(builds)).update(options.join(' '));
  for (const file of ['build.ts', 'signatures.ts']) hash.update(readFileSync(join(here, file)));
  for (const [name, text] of sources) hash.update(name).update(text);
  return hash.digest('hex');
}

function lastFingerprint(): string | undefined {
  try {
    const complete = [...Object.keys(builds), 'kernels'].map((name) =>
      readFileSync(join(generated, `${name}.ts`), 'utf8'),
    );
    return /^\/\/ fingerprint: (\w+)$/m.exec(complete.at(-1)!)?.[1];
  } catch {
    return undefined;
  }
}

/** In one step, so that a program that starts meanwhile reads the old module or the new one. */
function writeModule(name: string, text: string): void {
  const path = join(generated, `${name}.ts`);
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

/** Compiles one build and returns its bytes. */
async function compile(extra: string[], folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const outFile = join(folder, 'kernels.wasm');
  const { error, stderr } = await asc.main([join(assembly, 'index.ts'), '-o', outFile, ...options, ...extra]);
  if (error) throw new Error(`asc failed: ${error.message}\n${stderr.toString()}`);
  return new Uint8Array(readFileSync(outFile));
}

const wanted = fingerprint();
if (lastFingerprint() !== wanted) {
  mkdirSync(generated, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'unrolled-kernels-'));
  const started = performance.now();
  let exported: string[] = [];
  const sizes: string[] = [];
  try {
    for (const [name, extra] of Object.entries(builds)) {
      const bytes = await compile(extra, folder);
      exported = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map((e) => e.name);
      const deflated = deflateRawSync(bytes, { level: 9 });
      writeModule(name, `export const wasm =\n  '${deflated.toString('base64')}';\n`);
      sizes.push(`${name} ${(bytes.length / 1024).toFixed(1)} KB (${(deflated.length / 1024).toFixed(1)} deflated)`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  // Last, because its fingerprint says that everything else is in place.
  writeModule('kernels', `// fingerprint: ${wanted}\n${kernelsInterface(sources, exported)}`);
  console.log(`kernels: ${sizes.join(', ')} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
