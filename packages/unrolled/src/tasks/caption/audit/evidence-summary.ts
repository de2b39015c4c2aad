import { type BootstrapOptions, bootstrap, type Interval } from './bootstrap.ts';
import { type HiddenPart, hiddenParts, type PersonEvidence } from './evidence.ts';

/** What `personEvidence` found over several captions. */
export interface EvidenceSummary {
  readonly captions: number;
  /** By what was hidden: the share of captions whose most probable word then does not name the group of the caption. */
  readonly changed: Readonly<Record<HiddenPart, Interval>>;
  /** Mean log-odds of the caption's group, in nats. */
  readonly logOdds: Readonly<Record<HiddenPart, Interval>>;
  /** Mean share of the places that matter most to the group which also matter most to there being a person. */
  readonly overlap: Interval;
  /** Share of captions whose word stays without the person but changes without the rest: the context decides. */
  readonly byContext: Interval;
  /** Share of captions whose word changes without the person but stays without the rest: the person decides. */
  readonly byPerson: Interval;
}

/** Shares and means over captions, with intervals of the bootstrap. */
export function summariseEvidence(found: readonly PersonEvidence[], options: BootstrapOptions = {}): EvidenceSummary {
  const tallies = found.map(({ group, readings, overlap }) => {
    const changed = (part: HiddenPart): boolean => readings[part].named !== group;
    return new Map<string, number>([
      ['captions', 1],
      ['overlap', overlap],
      ['byContext', Number(!changed('person') && changed('all but the person'))],
      ['byPerson', Number(changed('person') && !changed('all but the person'))],
      ...hiddenParts.flatMap((part): [string, number][] => [
        [`changed ${part}`, Number(changed(part))],
        [`logOdds ${part}`, readings[part].logOdds],
      ]),
    ]);
  });
  const kinds = ['changed', 'logOdds'] as const;
  const names = [
    'overlap',
    'byContext',
    'byPerson',
    ...kinds.flatMap((kind) => hiddenParts.map((part) => `${kind} ${part}`)),
  ];
  const intervals = bootstrap(
    tallies,
    (sum) => Object.fromEntries(names.map((name) => [name, sum(name) / sum('captions')])),
    options,
  );
  const byPart = (kind: string): Record<HiddenPart, Interval> =>
    Object.fromEntries(hiddenParts.map((part) => [part, intervals[`${kind} ${part}`]])) as Record<HiddenPart, Interval>;
  return {
    captions: found.length,
    changed: byPart('changed'),
    logOdds: byPart('logOdds'),
    overlap: intervals.overlap,
    byContext: intervals.byContext,
    byPerson: intervals.byPerson,
  };
}
