import { closeSync, createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import type { NgramLadder } from 'unrolled/tasks/language-model';
import { describeSystemError, Failure } from '../failure.ts';
import { pageFolder, readPageFiles, type ServedFile } from './page-files.ts';
import { openRunFile, type RunFile, type SharedRun } from './run-files.ts';
import { ladderOfRun, textOfRun } from './run-text.ts';

export interface StudioServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Cross-origin isolation, which threads with shared memory need, and no content from elsewhere. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "frame-ancestors 'none'",
} as const;

/**
 * Serves the page and the given runs on the loopback interface. Requests for another host name are refused, so that no other
 * site can read them by resolving its name to this machine (DNS rebinding).
 * @param port  0: any free port
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
      const reason = error.code === 'EADDRINUSE' ? 'another program is using it' : describeSystemError(error);
      reject(new Failure(`studio: port ${port}: ${reason ?? error.message}; leave out --port to use a free one`));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** By run, whose text does not change. */
const ladders = new WeakMap<SharedRun, NgramLadder>();

interface Reply {
  readonly status: number;
  readonly type: string;
  /** An open file is streamed from `from` on. */
  readonly body: Uint8Array | string | RunFile;
  readonly headers?: Readonly<Record<string, string>>;
}

const refusal = (status: number, reason: string): Reply => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${reason}\n`,
});

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { status, type, body, headers: more } = reply;
  const all = { ...headers, 'content-type': type, ...more };
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    response.writeHead(status, { ...all, 'content-length': length });
    response.end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  const { descriptor, size, from } = body;
  const range = rangeOf(request.headers.range, from, size);
  const length = range ? range.end - range.start : 0;
  if (range === null) response.writeHead(416, { ...all, 'content-range': `bytes */${size}`, 'content-length': 0 });
  else {
    const part = request.headers.range !== undefined;
    const about = part ? { 'content-range': `bytes ${range.start}-${range.end - 1}/${size}` } : {};
    response.writeHead(part ? 206 : status, { ...all, ...about, 'accept-ranges': 'bytes', 'content-length': length });
  }
  if (length === 0 || request.method === 'HEAD') {
    closeSync(descriptor);
    response.end();
    return;
  }
  // As fast as it is read at the other end, with a buffer of 64 KiB. Errors and a reader who has gone end the connection.
  const file = createReadStream('', { fd: descriptor, start: range!.start, end: range!.end - 1 });
  pipeline(file, response, () => {});
}

/** The bytes that a `Range` header asks for, one range of RFC 9110; all from `from` on without one; null outside of the file. */
function rangeOf(header: string | undefined, from: number, size: number): { start: number; end: number } | null {
  if (header === undefined) return { start: from, end: size };
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === undefined || (first === '' && last === '')) return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? { start, end } : null;
}

function answer(request: IncomingMessage, files: ReadonlyMap<string, ServedFile>, runs: readonly SharedRun[]): Reply {
  const { port } = request.socket.address() as AddressInfo;
  const names = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  const { host = '', origin } = request.headers;
  if (!names.includes(host)) return refusal(403, 'The studio answers only to 127.0.0.1 and localhost');
  if (origin !== undefined && !names.some((name) => origin === `http://${name}`)) {
    return refusal(403, 'The studio answers only its own page');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, 'The studio is read-only');

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
    if (text === null) return refusal(404, 'The text of this run has been moved or changed');
    const type = 'text/plain; charset=utf-8';
    return { status: 200, type, body: text, headers: { 'cache-control': 'no-store' } };
  }
  const wanted = new URLSearchParams(query);
  const from = Math.max(0, Math.floor(Number(wanted.get('from'))) || 0);
  // A run that has just started has no events yet.
  const none = name === 'events.jsonl' ? '' : null;
  const found = run ? (openRunFile(run, name, from, wanted.get('file') ?? '') ?? none) : null;
  if (found === null) return refusal(404, 'There is nothing here');
  const { from: begins, file } = found === '' ? { from: 0, file: '' } : found;
  return {
    status: 200,
    type: 'application/octet-stream',
    body: found,
    headers: { 'cache-control': 'no-store', 'x-from': String(begins), 'x-file': file },
  };
}
