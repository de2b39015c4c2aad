import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { machineLine } from '../../bench/machine.ts';
import { Failure } from '../../packages/cli/src/failure.ts';
import { shellWord } from '../../packages/cli/src/output/units.ts';

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

/** What figures were measured on, and how busy it was when they were: of the last minute, runnable processes. */
export interface Measured {
  readonly machine: string;
  readonly load: number;
}

export const measuredNow = (): Measured => ({ machine: machineLine(), load: loadavg()[0] });

/** `npx unrolled train text.txt --seconds 600` */
export const commandLine = (args: readonly string[]): string => ['npx unrolled', ...args.map(shellWord)].join(' ');

/** Runs `unrolled`, its messages and its output passed on. @throws Failure if it fails or is interrupted */
export async function runUnrolled(args: readonly string[]): Promise<void> {
  process.stdout.write(`\n$ ${commandLine(args)}\n`);
  await runNode([main, ...args], 'inherit');
}

/** What `unrolled` prints. @throws Failure if it fails or is interrupted */
export const outputOf = (args: readonly string[]): Promise<string> => runNode([main, ...args], 'pipe');

/**
 * Runs Node, which gets SIGINT and SIGTERM once, and time to save.
 * @returns what it prints, if that is piped
 * @throws Failure with its exit code if that is not 0
 */
export async function runNode(args: readonly string[], output: 'inherit' | 'pipe'): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', output, 'inherit'] });
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, pass);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code === 0) return printed;
    throw new Failure(`${args.slice(1, 3).join(' ')}: ended with ${signal ?? `exit code ${code}`}`, code ?? 1);
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}
