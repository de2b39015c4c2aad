import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Scored } from 'unrolled/search';
import { Failure, naming } from '../failure.ts';
import { table } from '../output/table.ts';
import { formatCount, shellWord } from '../output/units.ts';
import { drawRewards, type SearchGroup } from './report.ts';
import { readSearchConfig, type SearchConfig, scoredIn, searchFolder } from './run.ts';

export interface ReportFlags {
  json?: boolean;
  plot?: string;
}

interface Search {
  readonly path: string;
  readonly config: SearchConfig;
  readonly scored: readonly Scored[];
}

/** What a search has found so far. */
interface Summary {
  readonly folder: string;
  readonly method: string;
  readonly seed: number;
  readonly evaluated: number;
  readonly best: number;
  /** The candidate that reached it. */
  readonly bestCandidate: number;
  /** Of all candidates, and of the first and the last quarter. */
  readonly mean: number;
  readonly firstQuarter: number;
  readonly lastQuarter: number;
}

const mean = (scored: readonly Scored[]): number => scored.reduce((sum, { reward }) => sum + reward, 0) / scored.length;

/** Prints what searches have found, side by side: a controller and random draws with the same budget, for example. */
export function reportSearches(folders: readonly string[], { json, plot }: ReportFlags): void {
  const searches = folders.map((path): Search => {
    const folder = searchFolder(path);
    const config = readSearchConfig(folder);
    const scored = folder.hasCheckpoint ? scoredIn(folder.readCheckpoint('latest')) : [];
    if (scored.length === 0) throw new Failure(`${path}: no candidate was evaluated yet`);
    return { path, config, scored };
  });
  const summaries = searches.map(({ path, config: { options }, scored }): Summary => {
    const best = scored.reduce((a, b) => (b.reward > a.reward ? b : a));
    const quarter = Math.max(1, Math.floor(scored.length / 4));
    return {
      ...{ folder: path, method: options.method, seed: options.seed, evaluated: scored.length },
      ...{ best: best.reward, bestCandidate: best.number, mean: mean(scored) },
      ...{ firstQuarter: mean(scored.slice(0, quarter)), lastQuarter: mean(scored.slice(-quarter)) },
    };
  });
  if (plot !== undefined) {
    const command = `npx unrolled ${process.argv.slice(2).map(shellWord).join(' ')}`;
    naming(plot, () => writeFileSync(plot, drawRewards(groupsOf(searches), command)));
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ type: 'searches', searches: summaries })}\n`);
    return;
  }
  const rows = summaries.map((one) => [
    one.folder,
    one.method,
    String(one.seed),
    formatCount(one.evaluated),
    one.best.toFixed(4),
    formatCount(one.bestCandidate),
    one.mean.toFixed(4),
    one.firstQuarter.toFixed(4),
    one.lastQuarter.toFixed(4),
  ]);
  const head = ['search', 'method', 'seed', 'candidates', 'best', 'at', 'mean', 'first quarter', 'last quarter'];
  process.stdout.write(
    `${table(head, rows).join('\n')}\n\nRewards; quarters are means over the first and the last candidates.\n`,
  );
}

/** Searches that differ in nothing but their seeds make a group, named after its method; any other after its folder. */
function groupsOf(searches: readonly Search[]): SearchGroup[] {
  const alike = Map.groupBy(searches, ({ config: { search, options, files } }) =>
    JSON.stringify([search, { ...options, seed: 0 }, files]),
  );
  const groups = [...alike.values()].flatMap((ones) => {
    const seeds = new Set(ones.map(({ config }) => config.options.seed));
    return seeds.size === ones.length ? [ones] : ones.map((one) => [one]);
  });
  return groups.map((ones) => {
    const [{ path, config }] = ones;
    const { method } = config.options;
    const sole = groups.every((other) => other === ones || other[0].config.options.method !== method);
    const name = `${sole ? method : basename(path)}, mean of ${ones.length} seeds`;
    return { name: ones.length === 1 ? basename(path) : name, searches: ones.map(({ scored }) => scored) };
  });
}
