import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeSafetensors, type NamedArray } from 'unrolled/io';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output holds the text; rejects if the command ends before. */
  printed(text: string): Promise<void>;
}

/** Starting takes half the time when what was compiled is kept. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'unrolled-compiled');

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A model that trains a thousand steps in a second or so. */
export const small = [
  ...['--hidden', '16', '--embedding', '8', '--layers', '1', '--batch', '4', '--seq', '16', '--threads', '1'],
];

/** Text with something to learn: the same words in an order that does not repeat. */
export const text = Array.from({ length: 900 }, (_, i) => {
  const words = ['she', 'sells', 'sea', 'shells', 'by', 'the', 'shore'];
  return words[(i * i + (i >> 3)) % words.length];
}).join(' ');

/**
 * A folder for a file of tests, with `text.txt` in it.
 * @param afterAll  the test runner's, to remove it afterwards
 */
export function workplace(afterAll: (clean: () => void) => void): {
  path: string;
  file(name: string, content?: string | Uint8Array): string;
} {
  const path = mkdtempSync(join(tmpdir(), 'unrolled-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  const file = (name: string, content?: string | Uint8Array): string => {
    if (content !== undefined) writeFileSync(join(path, name), content);
    return join(path, name);
  };
  file('text.txt', text);
  return { path, file };
}

/** Starts the command as a user does, in a process of its own. */
export function start(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, NODE_COMPILE_CACHE, ...env } });
  let [stdout, stderr] = ['', ''];
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const printed = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(wanted)) resolve();
      };
      waiting.add(look);
      look();
      ended.then(() => reject(new Error(`ended before it printed '${wanted}': ${stderr}`)), reject);
    });
  return { process: child, ended, printed };
}

/** Runs the command to its end. */
export const unrolled = (cwd: string, ...args: string[]): Promise<Ended> => start(cwd, args).ended;

/** One line on standard error, in the command's name, without a stack; it holds every one of the words. */
export function expectComplaint(ended: Ended, code: number, ...words: readonly string[]): void {
  assert.match(ended.stderr, /^unrolled: [^\n]+\n$/);
  assert.doesNotMatch(ended.stderr, / at .*:\d+:\d+|this is a bug/);
  for (const word of words) assert.ok(ended.stderr.includes(word), `'${word}' is not in: ${ended.stderr}`);
  assert.equal(ended.code, code);
}

export const readEvents = (run: string): { type: string; step: number; kept?: string }[] =>
  readFileSync(join(run, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** A file system of its own in a folder; null where this may not be done, as for all but root. */
export function mountMemory(path: string, size = '10m'): { readOnly(): void; unmount(): void } | null {
  const options = { stdio: 'ignore' } as const;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], options);
  } catch {
    return null;
  }
  return {
    readOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path], options),
    unmount: () => void execFileSync('umount', [path], options),
  };
}

/** All numbers of a checkpoint: parameters, what the optimizer keeps, the carried state. */
export function tensorsOf(run: string, name = 'latest'): Record<string, NamedArray> {
  return decodeSafetensors(readFileSync(join(run, 'checkpoints', `${name}.safetensors`))).tensors;
}
