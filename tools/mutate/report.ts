import type { FaultGroup } from './fault.ts';
import type { Outcome } from './workspace.ts';

/** The page of docs: how many faults of each group were noticed, and the ones that were not. */
export function mutationReport(groups: readonly FaultGroup[], outcomes: readonly Outcome[]): string {
  const outcomeOf = new Map(outcomes.map((outcome) => [outcome.fault, outcome]));
  const rows = groups.map(({ name, faults }) => {
    const found = faults.filter((fault) => outcomeOf.get(fault)?.noticedBy != null).length;
    return `| ${name} | ${faults.length} | ${found} |`;
  });
  const missed = outcomes.filter(({ noticedBy }) => noticedBy === null);
  const total = `| all | ${outcomes.length} | ${outcomes.length - missed.length} |`;
  const list = missed.map(
    ({ fault }) => `- \`${fault.file}\`: \`${oneLine(fault.find)}\` → \`${oneLine(fault.replace)}\``,
  );
  return `# Planted faults

A test suite is only worth what it notices. \`npm run mutate\` plants ${outcomes.length} faults in the sources, one at a time: a
sign turned, a gradient given to the wrong input, a mask ignored, a sum not accumulated. Each runs against the test files
nearest to it, in a copy of the repository. The list is in [tools/mutate/faults](../tools/mutate/faults).

| faults in | planted | noticed |
|---|---|---|
${rows.join('\n')}
${total}

${missed.length === 0 ? 'No fault goes unnoticed.' : `Not noticed:\n\n${list.join('\n')}`}

\`npm run mutate -- --group kernels\` runs one group; \`--write\` writes this page. A test keeps the list in step with the
sources: each fault must still apply.
`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('`', "'") || '(nothing)';
