import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/**
 * Writes `licences.md`, with the licence of every package that is in the page or in its workers. (Vite's `build.license`
 * leaves out the workers.) `collect` goes into the page's plugins and into the workers', `write` into the page's.
 */
export function licences(): { collect: () => Plugin; write: Plugin } {
  const packages = new Map<string, Bundled>();
  const collect = (): Plugin => ({
    name: 'collect-licences',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const id of Object.keys(chunk.modules)) {
          const folder = packageFolder(id);
          if (folder !== null && !packages.has(folder)) packages.set(folder, read(folder));
        }
      }
    },
  });
  const write: Plugin = {
    name: 'write-licences',
    generateBundle: {
      order: 'post',
      handler() {
        const sorted = [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        const parts = sorted.map(
          ({ name, version, license, text }) => `## ${name} ${version} (${license})\n\n${text}\n`,
        );
        const head = '# Licences of other people’s code\n\nThis page contains code of the following packages.\n';
        this.emitFile({ type: 'asset', fileName: 'licences.md', source: [head, ...parts].join('\n') });
      },
    },
  };
  return { collect, write };
}

/** The folder of the package that a module belongs to; null where it is our own. */
function packageFolder(id: string): string | null {
  const path = id.replace(/^\0/, '').replace(/\?.*$/, '');
  if (!path.includes('/node_modules/')) return null;
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    // Some packages have manifests without a name in their inner folders.
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name !== undefined) return folder;
  }
  return null;
}

function read(folder: string): Bundled {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`licences: ${name} is in the page, and has no licence file`);
  return { name, version, license, text: readFileSync(join(folder, file), 'utf8').trim() };
}
