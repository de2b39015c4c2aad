import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import { root } from './built.ts';

/** What a bare import of the library means in the page. */
const imports = {
  unrolled: '/index.js',
  'unrolled/nn': '/nn/index.js',
  'unrolled/optim': '/optim/index.js',
  'unrolled/tasks/language-model': '/tasks/language-model/index.js',
  'unrolled/train': '/train/index.js',
};

const html = `<!doctype html><title>bench</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports })}</script>`;

/** Memory that threads share needs both. */
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** What the page may load of this folder, its types taken out. */
const own = ['/bench/training-step.ts', '/bench/convnets.ts', '/bench/timing.ts'];

/** Serves an empty, cross-origin isolated page that can import the built library and `module`, which times steps. */
export async function servePage(dist: string): Promise<{ url: string; module: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname;
    const send = (type: string, body: string | Buffer): void => {
      response.writeHead(200, { ...isolation, 'content-type': type }).end(body);
    };
    if (path === '/') return send('text/html', html);
    if (own.includes(path)) {
      const source = await readFile(new URL(basename(path), import.meta.url), 'utf8');
      return send('text/javascript', stripTypeScriptTypes(source));
    }
    const folder = path.startsWith('/peers/') ? join(root, 'bench') : dist;
    const file = await readFile(join(folder, path)).catch(() => null);
    if (file) return send(extname(path) === '.wasm' ? 'application/wasm' : 'text/javascript', file);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    module: '/bench/training-step.ts',
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
