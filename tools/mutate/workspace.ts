import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Fault } from './fault.ts';

const root = join(import.meta.dirname, '../..');
const generated = 'packages/unrolled/src/backend/wasm/generated';

/** How long a test file may take before the fault counts as noticed: it made something endless. */
const patience = 180_000;

export interface Outcome {
  readonly fault: Fault;
  /** The test file that failed; 'build' where the kernels do not compile, null where nothing failed. */
  readonly noticedBy: string | null;
}

/** A copy of the repository in which faults are planted, so that an interrupted run leaves nothing behind. */
export class Workspace {
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'unrolled-mutate-'));
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
    for (const file of files) {
      mkdirSync(join(this.folder, dirname(file)), { recursive: true });
      cpSync(join(root, file), join(this.folder, file));
    }
    cpSync(join(root, generated), join(this.folder, generated), { recursive: true });
    this.#linkModules();
  }

  /** Plants a fault, runs its tests one after the other until one fails, and takes the fault out again. */
  async try(fault: Fault): Promise<Outcome> {
    const path = join(this.folder, fault.file);
    const text = readFileSync(path, 'utf8');
    const isKernel = fault.file.startsWith('packages/kernels/');
    writeFileSync(
      path,
      text.replace(fault.find, () => fault.replace),
    );
    try {
      if (isKernel && !(await this.#passes(['packages/kernels/build.ts']))) return { fault, noticedBy: 'build' };
      for (const test of fault.tests) {
        if (!(await this.run([test]))) return { fault, noticedBy: test };
      }
      return { fault, noticedBy: null };
    } finally {
      writeFileSync(path, text);
    }
  }

  /** Whether these test files pass, in at most `timeout` ms. */
  run(tests: readonly string[], timeout = patience): Promise<boolean> {
    return this.#passes(
      ['node_modules/vitest/vitest.mjs', 'run', '--bail', '1', '--reporter', 'dot', ...tests],
      timeout,
    );
  }

  /** Compiles the kernels as they are in the repository. */
  async restoreKernels(): Promise<void> {
    if (!(await this.#passes(['packages/kernels/build.ts']))) throw new Error('the kernels no longer compile');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #passes(command: readonly string[], timeout = patience): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, command, { cwd: this.folder, stdio: 'ignore', timeout });
      child.on('error', reject);
      child.on('exit', (code) => resolve(code === 0));
    });
  }

  /** All packages but our own, which must be the copy's. */
  #linkModules(): void {
    const modules = join(root, 'node_modules');
    const own = new Set(['unrolled', '.vite', '.cache', '@unrolled']);
    mkdirSync(join(this.folder, 'node_modules'));
    for (const name of readdirSync(modules)) {
      if (!own.has(name)) symlinkSync(join(modules, name), join(this.folder, 'node_modules', name));
    }
    symlinkSync('../packages/unrolled', join(this.folder, 'node_modules/unrolled'));
  }
}
