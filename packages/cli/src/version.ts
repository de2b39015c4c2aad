import { existsSync, readFileSync } from 'node:fs';

/** The package's manifest is one folder up from the sources, and two from dist/cli. */
const manifest = [new URL('../package.json', import.meta.url), new URL('../../package.json', import.meta.url)].find(
  (url) => existsSync(url),
)!;

export const version: string = JSON.parse(readFileSync(manifest, 'utf8')).version;
