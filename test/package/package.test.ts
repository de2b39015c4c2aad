import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, noChromium } from '../chromium.ts';
import { testDeclarations } from './declarations.ts';
import { root, run } from './run.ts';
import { testExamples } from './run-examples.ts';
import { type Library, type TenSteps, tenSteps } from './ten-steps.ts';
import { type Library as ThreeLines, trainAll, useAll } from './three-lines.ts';

/** An empty project with the packed package installed, as a user has it. */
let project: string;
const installed = (path: string): string => join(project, 'node_modules', 'unrolled', path);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'unrolled-package-'));
  run(npm, ['pack', '--pack-destination', project], root);
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "type": "module", "private": true }');
  run(npm, ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], project);
}, 240_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the packed package in an empty project', () => {
  test('holds no sources, tests or tools', () => {
    const files = readdirSync(join(project, 'node_modules', 'unrolled'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\.test\.|conformance|(?<!\.d)\.ts$/.test(file))).toEqual([]);
    expect(files).toContain('LICENSE');
  });

  test('offers every subpath the sources offer, and each can be imported', () => {
    const source = JSON.parse(readFileSync(join(root, 'packages/unrolled/package.json'), 'utf8')).exports;
    const imports = Object.keys(source).map((subpath) => `await import('${subpath.replace(/^\./, 'unrolled')}');`);
    writeFileSync(join(project, 'subpaths.js'), `${imports.join('\n')}\nconsole.log('ok');`);
    expect(run(process.execPath, ['subpaths.js'], project)).toBe('ok\n');
  });

  test('the library computes with its WebAssembly', () => {
    writeFileSync(
      join(project, 'library.js'),
      `import { openDevice } from 'unrolled';
       const device = await openDevice();
       console.log(JSON.stringify(device.tensor([[1, 2], [3, 4]]).matmul(device.ones([2, 1])).toArray()));
       device.close();`,
    );
    expect(run(process.execPath, ['library.js'], project)).toBe('[[3],[7]]\n');
  });

  test('the command trains with a cell whose file lies elsewhere', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'unrolled-elsewhere-'));
    try {
      writeFileSync(
        join(elsewhere, 'cell.ts'),
        `import { defineCell } from 'unrolled/nn';
         export default defineCell({
           initialState: ({ zeros, hidden }: { zeros: Function; hidden: number }) => ({ h: zeros(hidden) }),
           step(x, { h }, { linear }) {
             const next = linear('in', [x, h]).tanh();
             return { output: next, state: { h: next } };
           },
         });`,
      );
      writeFileSync(join(elsewhere, 'text.txt'), 'she sells sea shells by the sea shore. '.repeat(60));
      const command = [installed('dist/cli/unrolled.cjs'), 'train', 'text.txt', '--cell', './cell.ts', '--steps', '2'];
      const sizes = ['--hidden', '8', '--embedding', '4', '--layers', '1', '--threads', '1'];
      expect(run(process.execPath, [...command, ...sizes], elsewhere)).toContain('Finished after 2 steps');
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  testDeclarations(() => project);

  test('runs no scripts when it is installed, and is free of side effects but for the command', () => {
    const { scripts, sideEffects } = JSON.parse(readFileSync(installed('package.json'), 'utf8'));
    const lifecycle = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];
    expect(lifecycle.filter((name) => name in scripts)).toEqual([]);
    expect(sideEffects).toEqual(['./dist/cli/**']);
  });

  test("has the licences of other people's code in the studio's page", () => {
    const licences = readFileSync(installed('dist/studio/licences.md'), 'utf8');
    const packages = Array.from(licences.matchAll(/^## (\S+) \d/gm), ([, name]) => name);
    expect(packages).toEqual(expect.arrayContaining(['ml-matrix', 'svelte', 'uplot']));
    expect(licences.split('Permission is hereby granted')).toHaveLength(packages.length + 1);
  });

  test('tells a Node that is too old which one it needs, in one line', () => {
    const { engines } = JSON.parse(readFileSync(installed('package.json'), 'utf8'));
    const old = join(project, 'old-node.cjs');
    writeFileSync(old, "Object.defineProperty(process.versions, 'node', { value: '20.19.0' });");
    for (const entry of [installed('dist/cli/unrolled.cjs'), join(root, 'packages/cli/unrolled.cjs')]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['-r', old, entry, 'train', 'text.txt'], {
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toBe(
        `unrolled: needs Node ${engines.node.replace('>=', '')} or later, and this is 20.19.0; get it at https://nodejs.org\n`,
      );
    }
  });

  test.each(['require-node.cjs', 'unrolled.cjs'])('%s can be read by any Node: it is plain old JavaScript', (name) => {
    const code = readFileSync(installed(`dist/cli/${name}`), 'utf8');
    expect(code).not.toMatch(/=>|\b(const|let|class|async|await|import)\b|`|\.\.\./);
  });

  test('the command trains, samples and evaluates', () => {
    writeFileSync(join(project, 'text.txt'), 'round and round the ragged rocks the ragged rascal ran. '.repeat(60));
    const unrolled = (...args: string[]): string => run(npm, ['exec', '--', 'unrolled', ...args], project);
    expect(unrolled('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    unrolled('train', 'text.txt', '--hidden', '16', '--layers', '1', '--steps', '30', '--batch', '4', '--seq', '16');
    expect(unrolled('sample', 'runs/text', '--length', '40').length).toBeGreaterThan(40);
    expect(unrolled('eval', 'runs/text', 'text.txt')).toMatch(/nats/);
    unrolled('export', 'runs/text', 'text.onnx');
    expect(unrolled('inspect', 'text.onnx')).toMatch(/GRU.*Everything in it can be opened/s);
  });

  test('the command serves the studio, whose page came with the package', async () => {
    const studio = spawn(process.execPath, [installed('dist/cli/unrolled.cjs'), 'studio'], { cwd: project });
    try {
      const [said] = await once(studio.stdout.setEncoding('utf8'), 'data');
      const [url] = /http:\S+/.exec(said)!;
      const page = await (await fetch(url)).text();
      const [, script] = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)!;
      expect((await fetch(url + script)).headers.get('content-type')).toContain('javascript');
    } finally {
      studio.kill();
    }
  });
});

describe('the examples of README and docs', () => testExamples(() => project));

describe.skipIf(noChromium)('the installed library in headless Chromium', () => {
  /** The module of each part of the library, for a page and for Node. */
  const tasks = ['classify', 'forecast', 'language-model', 'tag', 'translate'].map((name) => `tasks/${name}/index.js`);
  const modules = ['index.js', ...tasks, 'train/index.js'];
  let server: Server;
  let browser: Browser;
  let inNode: TenSteps;
  let library: Library & ThreeLines;
  /** Whether the next pages are cross-origin isolated, which shared memory needs. */
  let isolated = true;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const path = new URL(request.url!, 'http://localhost').pathname;
      const headers = isolated
        ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
        : {};
      const send = (type: string, body: string | Buffer): void => {
        response.writeHead(200, { ...headers, 'content-type': type }).end(body);
      };
      const icon = '<link rel="icon" href="data:,">';
      if (path === '/') return send('text/html', `<!doctype html><title>ten steps</title>${icon}`);
      if (['/ten-steps.js', '/three-lines.js'].includes(path)) {
        const source = await readFile(new URL(path.slice(1).replace('.js', '.ts'), import.meta.url), 'utf8');
        return send('text/javascript', stripTypeScriptTypes(source));
      }
      const file = await readFile(installed(join('dist', path))).catch(() => null);
      if (file) return send('text/javascript', file);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await launchChromium();
    const parts = await Promise.all(
      modules.map((module) => import(pathToFileURL(installed(join('dist', module))).href)),
    );
    library = Object.assign({}, ...parts);
    inNode = await tenSteps(library, 1);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** What `use` of a module of these tests gives in a page, called with the library and these arguments. */
  async function inPage<Result>(module: string, use: string, ...args: readonly unknown[]): Promise<Result> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    // A string, so that nothing of the test's own build reaches the page.
    const result = await page.evaluate<Result>(`(async () => {
      const { ${use} } = await import('/${module}');
      const parts = await Promise.all(${JSON.stringify(modules)}.map((module) => import('/' + module)));
      return ${use}(${['Object.assign({}, ...parts)', ...args.map((arg) => JSON.stringify(arg) ?? 'undefined')].join(', ')});
    })()`);
    expect(problems).toEqual([]);
    await page.close();
    return result;
  }

  test('ten training steps have the same losses as in Node, to the last bit', async () => {
    isolated = true;
    const result = await inPage<TenSteps>('ten-steps.js', 'tenSteps', 1);
    expect(result.losses).toHaveLength(10);
    expect(result.losses).toEqual(inNode.losses);
    expect(result.sample).toBe(inNode.sample);
  });

  test('two threads in a cross-origin isolated page give the same bits', async () => {
    isolated = true;
    const result = await inPage<TenSteps>('ten-steps.js', 'tenSteps', 2);
    expect(result.threads).toBe(2);
    expect(result.losses).toEqual(inNode.losses);
  });

  test('a model of every task, opened in three lines, says the same as in Node, to the last bit', async () => {
    isolated = true;
    const files = await trainAll(library);
    const said = await useAll(library, files);
    expect(Object.keys(JSON.parse(said))).toEqual(['classify', 'forecast', 'generate', 'tag', 'translate']);
    expect(await inPage<string>('three-lines.js', 'useAll', files)).toBe(said);
  });

  test('a page that is not isolated runs on one thread, and says why', async () => {
    isolated = false;
    const result = await inPage<TenSteps>('ten-steps.js', 'tenSteps', undefined);
    expect(result.threads).toBe(1);
    expect(result.notes.join(' ')).toMatch(/isolated/);
    expect(result.losses).toEqual(inNode.losses);
  });
});
