import type { Fault, FaultGroup } from './fault.ts';
import type { Outcome } from './workspace.ts';

/**
 * The page of docs: how many faults of each group were noticed, and the ones that were not.
 * @param outcomes  of the faults that were planted now; of other groups the page keeps what it said
 */
export function mutationReport(
  groups: readonly FaultGroup[],
  outcomes: ReadonlyMap<Fault, Outcome>,
  before: string,
): string {
  const results = groups.flatMap(({ name, faults }) => {
    const kept = new RegExp(`^\\| ${name} \\| (\\d+) \\| (\\d+) \\|$`, 'm').exec(before);
    if (faults.some((fault) => outcomes.has(fault))) {
      const missed = faults.filter((fault) => outcomes.get(fault)?.noticedBy === null).map(describe);
      return [{ name, planted: faults.length, noticed: faults.length - missed.length, missed }];
    }
    const missed = faults.map(describe).filter((line) => before.includes(`\n${line}\n`));
    return kept ? [{ name, planted: Number(kept[1]), noticed: Number(kept[2]), missed }] : [];
  });
  const sum = (of: 'planted' | 'noticed'): number => results.reduce((total, one) => total + one[of], 0);
  const rows = results.map(({ name, planted, noticed }) => `| ${name} | ${planted} | ${noticed} |`);
  const total = `| all | ${sum('planted')} | ${sum('noticed')} |`;
  const list = results.flatMap(({ missed }) => missed);
  return `# Planted faults

A test suite is only worth what it notices. \`npm run mutate\` plants ${sum('planted')} faults in the sources, one at a time: a
sign turned, a gradient given to the wrong input, a mask ignored, a sum not accumulated. Each runs against the test files
nearest to it, in a copy of the repository. The list is in [tools/mutate/faults](../tools/mutate/faults).

| faults in | planted | noticed |
|---|---|---|
${rows.join('\n')}
${total}

${list.length === 0 ? 'No fault goes unnoticed.' : `Not noticed:\n\n${list.join('\n')}`}

\`npm run mutate -- --group kernels\` runs one group; \`--write\` writes this page, or the row of that group. A test keeps
the list in step with the sources: each fault must still apply.
`;
}

const describe = ({ file, find, replace }: Fault): string =>
  `- \`${file}\`: \`${oneLine(find)}\` → \`${oneLine(replace)}\``;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('`', "'") || '(nothing)';
