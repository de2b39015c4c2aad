/**
 * Plants faults one at a time and reports which of them no test notices.
 *
 *     npm run mutate [-- --group NAME] [--jobs N] [--write]
 *
 * --write writes the page of docs; with --group, the row of that group.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whyNotPlanted } from './check.ts';
import type { Fault } from './fault.ts';
import { faultGroups } from './faults/index.ts';
import { mutationReport } from './report.ts';
import { type Outcome, Workspace } from './workspace.ts';

const { group, write, jobs } = read();
const groups = faultGroups.filter(({ name }) => group === undefined || name === group);
if (groups.length === 0 || !Number.isInteger(jobs) || jobs < 1) usage();

function read() {
  try {
    const { values } = parseArgs({
      options: { group: { type: 'string' }, jobs: { type: 'string' }, write: { type: 'boolean' } },
    });
    return { ...values, jobs: Number(values.jobs ?? Math.min(4, availableParallelism())) };
  } catch {
    return usage();
  }
}

function usage(): never {
  console.error(
    `mutate: --group is one of ${faultGroups.map(({ name }) => `'${name}'`).join(', ')}; --jobs a whole number from 1`,
  );
  process.exit(1);
}

const faults = groups.flatMap((group) => group.faults);
const stale = faults.map(whyNotPlanted).filter((why) => why !== null);
if (stale.length > 0) {
  console.error(`mutate: the sources have changed; adapt these faults:\n${stale.join('\n')}`);
  process.exit(1);
}

const outcomes = new Map<Fault, Outcome>();
const queue = [...faults];
const workspaces = Array.from({ length: Math.min(jobs, faults.length) }, () => new Workspace());
const removeAll = (): void => {
  for (const workspace of workspaces) workspace.remove();
};
process.on('SIGINT', () => {
  removeAll();
  process.exit(130);
});

try {
  await requireGreen(workspaces[0]);
  await Promise.all(workspaces.map(work));
} finally {
  removeAll();
}

/** A test that fails without any fault would seem to notice all of them. */
async function requireGreen(workspace: Workspace): Promise<void> {
  const tests = [...new Set(faults.flatMap((fault) => fault.tests))];
  if (!(await workspace.run(tests, 3_600_000)))
    throw new Error(`mutate: a test fails without any fault: ${tests.join(' ')}`);
}

async function work(workspace: Workspace): Promise<void> {
  let kernelsChanged = false;
  for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
    const isKernel = fault.file.startsWith('packages/kernels/');
    if (kernelsChanged && !isKernel) await workspace.restoreKernels();
    kernelsChanged = isKernel;
    const outcome = await workspace.try(fault);
    outcomes.set(fault, outcome);
    const progress = `${outcomes.size}/${faults.length}`;
    if (outcome.noticedBy === null) {
      console.log(`${progress} NOT NOTICED ${fault.file}\n    - ${fault.find}\n    + ${fault.replace}`);
    } else if (outcomes.size % 10 === 0) {
      console.log(progress);
    }
  }
}

const all = faults.map((fault) => outcomes.get(fault)!);
const missed = all.filter(({ noticedBy }) => noticedBy === null).length;
console.log(`${all.length - missed} of ${all.length} faults noticed`);
const page = join(import.meta.dirname, '../../docs/planted-faults.md');
if (write) writeFileSync(page, mutationReport(faultGroups, outcomes, readFileSync(page, 'utf8')));
process.exitCode = missed > 0 ? 1 : 0;
