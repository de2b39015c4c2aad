import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';

export interface ServedFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.safetensors': 'application/octet-stream',
};

/** Places of the page: beside the command in the package, and in the repository's build. */
const places = ['../../studio', '../../../../dist/studio'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** @throws Failure if the page is not built */
export function pageFolder(): string {
  const folder = places.find((path) => existsSync(join(path, 'index.html')));
  if (!folder) throw new Failure('studio: the page is not built yet; run npm run studio:build');
  return folder;
}

/** All files of the built page, in memory, by path: no path of a request is looked up on disk. */
export function readPageFiles(folder: string): ReadonlyMap<string, ServedFile> {
  const files = new Map<string, ServedFile>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(name)];
    if (type) files.set(`/${name.split(sep).join('/')}`, { type, body: readFileSync(join(folder, name)) });
  }
  files.set('/', files.get('/index.html')!);
  return files;
}
