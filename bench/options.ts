import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Question } from './question.ts';

export interface Options {
  readonly questions: readonly Question[];
  readonly runs: number;
  readonly rounds: number;
  readonly json: string | null;
  readonly text: string | null;
  readonly steps: number;
}

/** Something wrong with the command line, to be told without a stack. */
export class UsageError extends Error {}

export function helpText(questions: readonly Question[]): string {
  const width = Math.max(...questions.map(({ name }) => name.length));
  return [
    'npm run bench -- [--only NAME,NAME] [--runs N] [--rounds N] [--json FILE] [--text FILE] [--steps N]',
    '',
    'How fast the library is, beside the other programs that are installed. Rounds of ours and theirs alternate, and the',
    'medians are shown: compare figures of one table only.',
    '',
    'Questions, all by default:',
    ...questions.map(({ name, asks }) => `  ${name.padEnd(width)}  ${asks}`),
    '',
    '  --only NAMES   some of them, separated by commas',
    '  --runs N       timings in a round (default 15; long cases take fewer)',
    '  --rounds N     rounds (default 3)',
    '  --json FILE    write the figures there, too',
    '  --text FILE    the text that learn trains on, and units reads',
    '  --steps N      updates that learn makes (default 2600)',
    '  --help         this text',
    '',
    'TensorFlow.js, jax-js and onnxruntime-web are measured, too, after: npm install --prefix bench/peers --no-package-lock',
  ].join('\n');
}

/** Null if help was asked for. @throws UsageError */
export function readOptions(args: readonly string[], questions: readonly Question[]): Options | null {
  const { values } = parse(args);
  if (values.help) return null;
  const names = questions.map(({ name }) => name);
  const wanted = values.only === undefined ? names : values.only.split(',').map((name) => name.trim());
  const wrong = wanted.find((name) => !names.includes(name));
  if (wrong !== undefined) throw new UsageError(`--only: there is no question '${wrong}'; use ${names.join(', ')}`);
  return {
    questions: questions.filter(({ name }) => wanted.includes(name)),
    runs: count('runs', values.runs),
    rounds: count('rounds', values.rounds),
    json: values.json === undefined ? null : writable(values.json),
    text: values.text === undefined ? null : readable(values.text),
    steps: count('steps', values.steps),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        runs: { type: 'string', default: '15' },
        rounds: { type: 'string', default: '3' },
        json: { type: 'string' },
        text: { type: 'string' },
        steps: { type: 'string', default: '2600' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message}; use --only, --runs, --rounds, --json, --text, --steps or --help`,
    );
  }
}

/** Better before minutes of measuring than after them. */
function writable(file: string): string {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(`--json: cannot write to the folder ${dirname(file)}; give a file in one that exists`);
  }
  return file;
}

function readable(file: string): string {
  try {
    accessSync(file, constants.R_OK);
  } catch {
    throw new UsageError(`--text: cannot read ${file}`);
  }
  return file;
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new UsageError(`--${name}: must be a whole number from 1, received '${text}'`);
  }
  return value;
}
