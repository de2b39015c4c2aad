import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NgramLadder } from 'unrolled/tasks/language-model';
import { describeSystemError, Failure } from '../failure.ts';
import { pageFolder, readPageFiles, type ServedFile } from './page-files.ts';
import { readRunFile, type SharedRun } from './run-files.ts';
import { ladderOfRun, textOfRun } from './run-text.ts';

export interface StudioServer {
  readonly url: string;
  close(): Promise<void>;
}

/** With these a page is isolated from all others, so it may share memory among threads; and it loads nothing from elsewhere. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "frame-ancestors 'none'",
} as const;

/**
 * Serves the page and the runs it was given, on this machine alone. Requests that name another host are refused, so no page
 * of another site can read along by giving itself this machine's address.
 * @param port  0: any that is free
 * @param page  the folder of the built page
 * @throws Failure if the page is not built, or the port is taken
 */
export async function serveStudio(
  runs: readonly SharedRun[],
  port: number,
  page = pageFolder(),
): Promise<StudioServer> {
  const files = readPageFiles(page);
  const server = createServer((request, response) => send(request, response, answer(request, files, runs)));
  await listen(server, port);
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${chosen}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'another program listens there' : describeSystemError(error);
      reject(new Failure(`studio: port ${port}: ${reason ?? error.message}; leave --port out to take a free one`));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** By run; a run's text does not change. */
const ladders = new WeakMap<SharedRun, NgramLadder>();

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const refusal = (status: number, reason: string): Reply => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${reason}\n`,
});

function send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers: more }: Reply): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': length, ...more });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function answer(request: IncomingMessage, files: ReadonlyMap<string, ServedFile>, runs: readonly SharedRun[]): Reply {
  const { port } = request.socket.address() as AddressInfo;
  const names = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  const { host = '', origin } = request.headers;
  if (!names.includes(host)) return refusal(403, 'The studio answers only to 127.0.0.1 and localhost');
  if (origin !== undefined && !names.some((name) => origin === `http://${name}`)) {
    return refusal(403, 'The studio answers only its own page');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, 'The studio gives, and takes nothing');

  const [path, query = ''] = (request.url ?? '/').split('?', 2);
  if (path === '/runs.json') {
    const type = 'application/json; charset=utf-8';
    return { status: 200, type, body: JSON.stringify(runs), headers: { 'cache-control': 'no-store' } };
  }
  const page = files.get(path);
  if (page) {
    // Names of assets hold a hash of their content.
    const cache = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    return { status: 200, ...page, headers: { 'cache-control': cache } };
  }
  const [, number, name] = /^\/runs\/(\d+)\/(.+)$/.exec(path) ?? [];
  const run = runs[Number(number) - 1];
  if (run && name === 'ladder.json') {
    const ladder = ladders.get(run) ?? ladderOfRun(run.path);
    if (ladder) ladders.set(run, ladder);
    const type = 'application/json; charset=utf-8';
    return { status: 200, type, body: JSON.stringify(ladder), headers: { 'cache-control': 'no-store' } };
  }
  if (run?.text && name === 'text.txt') {
    const text = textOfRun(run.path);
    if (text === null) return refusal(404, 'The text of this run is gone, or was changed since');
    const type = 'text/plain; charset=utf-8';
    return { status: 200, type, body: text, headers: { 'cache-control': 'no-store' } };
  }
  const wanted = new URLSearchParams(query);
  const from = Math.max(0, Math.floor(Number(wanted.get('from'))) || 0);
  // A run that has just begun has no events yet.
  const none = name === 'events.jsonl' ? { body: '', from: 0, file: '' } : null;
  const found = run && (readRunFile(run, name, from, wanted.get('file') ?? '') ?? none);
  if (!found) return refusal(404, 'There is nothing here');
  return {
    status: 200,
    type: 'application/octet-stream',
    body: found.body,
    headers: { 'cache-control': 'no-store', 'x-from': String(found.from), 'x-file': found.file },
  };
}
