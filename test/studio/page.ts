import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';

/** Builds the page into a folder of its own. */
export async function buildPage(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'unrolled-studio-'));
  const configFile = fileURLToPath(new URL('../../packages/studio/vite.config.ts', import.meta.url));
  await build({ configFile, logLevel: 'error', build: { outDir, reportCompressedSize: false } });
  return outDir;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};

/** A server that knows nothing but files: no headers, so no shared memory and one thread. */
export async function serveFiles(folder: string): Promise<{ url: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname;
    const name = path.endsWith('/') ? `${path}index.html` : path;
    const file = await readFile(join(folder, name)).catch(() => null);
    if (file) response.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream' }).end(file);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}

/** A page, and what it complained about. */
export interface Watched extends AsyncDisposable {
  readonly page: Page;
  readonly problems: string[];
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
  await page.goto(url);
  return { page, problems, [Symbol.asyncDispose]: () => context.close() };
}
