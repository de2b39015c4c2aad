import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedRuns } from '../src/studio/run-files.ts';
import { type StudioServer, serveStudio } from '../src/studio/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'unrolled-server-'));
const run = join(folder, 'my run');
let server: StudioServer;

beforeAll(async () => {
  mkdirSync(join(folder, 'page', 'assets'), { recursive: true });
  mkdirSync(join(run, 'checkpoints'), { recursive: true });
  writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html><title>studio</title>');
  writeFileSync(join(folder, 'page', 'assets', 'a-1.js'), '1;');
  writeFileSync(join(run, 'config.json'), '{}');
  writeFileSync(join(run, 'events.jsonl'), '{"step":1}\n');
  writeFileSync(join(run, 'secret.txt'), 'secret');
  writeFileSync(join(run, 'checkpoints', 'best.safetensors'), 'best');
  writeFileSync(join(folder, 'outside.txt'), 'secret');
  symlinkSync(join(folder, 'outside.txt'), join(run, 'tokenizer.json'));
  symlinkSync(join(run, 'secret.txt'), join(run, 'checkpoints', 'latest.safetensors'));
  server = await serveStudio(sharedRuns([run]), 0, join(folder, 'page'));
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request with its path as it is: `fetch` would tidy it up. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part) => {
        body += part;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the studio’s server', () => {
  test('serves the page cross-origin isolated, and lists the named runs', async () => {
    const { status, headers, body } = await ask('/');
    expect([status, body]).toEqual([200, '<!doctype html><title>studio</title>']);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
    expect((await ask('/assets/a-1.js')).headers['content-type']).toContain('text/javascript');
    expect(JSON.parse((await ask('/runs.json')).body)).toEqual([
      { name: 'my run', path: run, folder: 'runs/1/', text: false },
    ]);
  });

  test('answers to names of this machine only, and to its own page only', async () => {
    const { port, host } = new URL(server.url);
    expect((await ask('/', { host: `localhost:${port}` })).status).toBe(200);
    expect((await ask('/', { host, origin: `http://${host}` })).status).toBe(200);
    for (const other of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${Number(port) + 1}`]) {
      expect((await ask('/', { host: other })).status, other).toBe(403);
    }
    for (const origin of ['http://evil.example', 'null', `https://${host}`, 'http://localhost']) {
      expect((await ask('/runs.json', { host, origin })).status, origin).toBe(403);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await ask('/', {}, method)).status).toBe(405);
  });

  test.each([
    '/runs/1/secret.txt',
    '/runs/1/text.txt',
    '/runs/1/../../outside.txt',
    '/runs/1/checkpoints/../secret.txt',
    '/runs/1/%2e%2e/outside.txt',
    '/runs/1/tokenizer.json',
    '/runs/1/checkpoints/latest.safetensors',
    '/runs/1/checkpoints',
    '/runs/1//etc/passwd',
    '/runs/2/config.json',
    '/runs/0/config.json',
    '/../page/index.html',
    '//etc/passwd',
    '/__proto__',
  ])('has nothing at %s', async (path) => {
    const { status, body } = await ask(path);
    expect([status, body]).toEqual([404, 'There is nothing here\n']);
  });

  test('serves the files of a run, and its events from a byte offset', async () => {
    expect((await ask('/runs/1/checkpoints/best.safetensors')).body).toBe('best');
    const first = await ask('/runs/1/events.jsonl?from=0&file=');
    expect(first.body).toBe('{"step":1}\n');
    const file = String(first.headers['x-file']);
    appendFileSync(join(run, 'events.jsonl'), '{"st');
    const more = await ask(`/runs/1/events.jsonl?from=11&file=${file}`);
    expect([more.headers['x-from'], more.body]).toEqual(['11', '{"st']);
    // A run that goes on writes the file anew and puts it in the place of the old one.
    writeFileSync(join(run, 'new.tmp'), '{"step":1}\n{"step":2,"again":true}\n');
    renameSync(join(run, 'new.tmp'), join(run, 'events.jsonl'));
    const anew = await ask(`/runs/1/events.jsonl?from=11&file=${file}`);
    expect([anew.headers['x-from'], anew.body]).toEqual(['0', '{"step":1}\n{"step":2,"again":true}\n']);
    expect((await ask('/runs/1/events.jsonl?from=-1e999&file=x')).body).toContain('again');
    rmSync(join(run, 'events.jsonl'));
    expect((await ask('/runs/1/events.jsonl?from=0&file=')).status).toBe(200);
  });

  test('streams files larger than memory allows, whole or a range of them', async () => {
    const size = 5 * 2 ** 30;
    const large = join(run, 'checkpoints', 'step-000100.safetensors');
    writeFileSync(large, 'first');
    truncateSync(large, size - 4);
    appendFileSync(large, 'last');
    const path = '/runs/1/checkpoints/step-000100.safetensors';
    expect((await ask(path, {}, 'HEAD')).headers['content-length']).toBe(String(size));
    const part = async (range: string) => {
      const { status, headers, body } = await ask(path, { range });
      return [status, headers['content-range'], body];
    };
    expect(await part('bytes=0-4')).toEqual([206, `bytes 0-4/${size}`, 'first']);
    expect(await part('bytes=-4')).toEqual([206, `bytes ${size - 4}-${size - 1}/${size}`, 'last']);
    expect(await part(`bytes=${size - 2}-`)).toEqual([206, `bytes ${size - 2}-${size - 1}/${size}`, 'st']);
    for (const wrong of [`bytes=${size}-`, 'bytes=5-2', 'bytes=-', 'lines=1-2', 'bytes=0-1,3-4']) {
      expect((await part(wrong)).slice(0, 2), wrong).toEqual([416, `bytes */${size}`]);
    }
    // Ten readers who take a little and wait: nothing is read ahead for them.
    const before = process.memoryUsage().rss;
    const { hostname, port } = new URL(server.url);
    const slow = Array.from({ length: 10 }, () => {
      const asked = request({ hostname, port, path });
      const begun = new Promise<void>((resolve) =>
        asked.on('response', (response) => {
          response.once('readable', () => resolve());
        }),
      );
      asked.on('error', () => {});
      asked.end();
      return { asked, begun };
    });
    await Promise.all(slow.map(({ begun }) => begun));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
    for (const { asked } of slow) asked.destroy();
    rmSync(large);
  });

  test('reports a port that is in use', async () => {
    const { port } = new URL(server.url);
    await expect(serveStudio([], Number(port), join(folder, 'page'))).rejects.toThrow('another program is using it');
  });
});
