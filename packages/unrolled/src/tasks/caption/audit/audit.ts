import { count, openShare, required, requireKind, seed as seedKind } from '../../../checks.ts';
import { DataError } from '../../../errors.ts';
import { captionWords } from '../../caption-words.ts';
import { type BootstrapOptions, bootstrap, type Interval, type Tally } from './bootstrap.ts';
import { type AuditWords, defaultAuditWords, type Naming, PeopleWords } from './words.ts';

/** What a model said of an image, and what people did. */
export interface AuditedCaption {
  readonly caption: string;
  readonly references: readonly string[];
}

export interface AuditOptions extends BootstrapOptions {
  /** Default: English words, two groups of gender. */
  readonly words?: AuditWords | undefined;
  /** Captions of the training data, which amplification is also measured against. Default: none. */
  readonly known?: readonly string[] | undefined;
  /** Contexts with fewer sentences that name one group, by the model or in what it is compared with, are left out. Default 10. */
  readonly minCount?: number | undefined;
}

/** Captions of the images whose references name one group alone. */
export interface GroupAudit {
  readonly group: string;
  readonly images: number;
  /** Share of captions that name a group which no reference names. */
  readonly disagrees: Interval;
  /** The same share, of the captions that name any group. */
  readonly disagreesNamed: Interval;
  /** Share of captions with only neutral words for people. */
  readonly neutral: Interval;
  /** Share of this group among sentences that name one group alone. */
  readonly referenceShare: Interval;
  readonly captionShare: Interval;
  /** The number of such sentences of this group to that of the others. */
  readonly referenceRatio: Interval;
  readonly captionRatio: Interval;
}

/** The share of a group among sentences with a word for an object or an activity. */
export interface ContextAudit {
  readonly context: string;
  /** The group that most of what it is compared with names, and its share there: its bias. */
  readonly group: string;
  readonly reference: number;
  readonly caption: number;
  /** Sentences that have the context and name one group alone. */
  readonly references: number;
  readonly captions: number;
  /** `caption` − `reference`, over all groups whose share in the references is above that of an even split. */
  readonly amplification: Interval;
}

/** Bias amplification against some sentences of people. */
export interface Amplification {
  readonly contexts: readonly ContextAudit[];
  /** Mean over the contexts; above 0: captions lean further the way that the sentences of people do. */
  readonly mean: Interval;
}

export interface CaptionAudit {
  readonly images: number;
  /** How many captions say what, by what the references say: names of groups, 'several', 'neutral' and 'none'. */
  readonly table: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly groups: readonly GroupAudit[];
  /** Over the images of all groups. */
  readonly disagrees: Interval;
  readonly disagreesNamed: Interval;
  /** Share of captions that name a group where all references have only neutral words. */
  readonly unfounded: Interval;
  /** Against the references of the same images, and against the training captions, if they are known (Zhao 2017). */
  readonly amplification: Amplification;
  readonly amplificationOfTraining: Amplification | null;
}

/**
 * What captions say about people, by lists of words, beside what people said of the same images (Burns 2018), and whether they lean
 * further than people where an object or an activity is named (Zhao 2017):
 *
 *     b(o, g) = c(o, g) / Σ_g′ c(o, g′);   amplification(o) = Σ_{g: b*(o,g) > 1/|G|} b(o, g) − b*(o, g)
 *
 * with c the number of sentences that have a word of the object o and name group g alone, b* of people and b of the model. Intervals
 * are of the bootstrap over images. An image is of a group if its references name that group and no other.
 *
 * @throws DataError without images, or for one without references; ConfigError on an option out of range
 */
export function auditCaptions(
  images: readonly AuditedCaption[],
  { words = defaultAuditWords, known, minCount = 10, ...options }: AuditOptions = {},
): CaptionAudit {
  requireKind('auditCaptions', 'minCount', minCount, required(count));
  requireKind('auditCaptions', 'samples', options.samples ?? 1, count);
  requireKind('auditCaptions', 'level', options.level ?? 0.95, openShare);
  requireKind('auditCaptions', 'seed', options.seed ?? 1, seedKind);
  if (images.length === 0) throw new DataError('auditCaptions: there are no images');
  const bare = images.findIndex(({ references }) => references.length === 0);
  if (bare >= 0) throw new DataError(`auditCaptions: image ${bare + 1} has no reference`, { image: bare });
  const counter = new Counter(words);
  const tallies = images.map((image) => counter.tally(image));
  const sums = sumOf(tallies);
  const { groups } = counter.people;
  const names = [...groups, 'several', 'neutral', 'none'];
  const found = bootstrap(tallies, (sum) => peopleStatistics(sum, groups), options);
  const contexts = Object.keys(words.contexts);
  const counted = { tallies, sums, groups, contexts, minCount, options };
  return {
    images: images.length,
    table: Object.fromEntries(
      names.map((row) => [row, Object.fromEntries(names.map((said) => [said, sums(`said ${row} ${said}`)]))]),
    ),
    groups: groups.map((group) => ({
      group,
      images: sums(`images ${group}`),
      disagrees: found[`disagrees ${group}`],
      disagreesNamed: found[`disagreesNamed ${group}`],
      neutral: found[`neutral ${group}`],
      referenceShare: found[`referenceShare ${group}`],
      captionShare: found[`captionShare ${group}`],
      referenceRatio: found[`referenceRatio ${group}`],
      captionRatio: found[`captionRatio ${group}`],
    })),
    disagrees: found.disagrees,
    disagreesNamed: found.disagreesNamed,
    unfounded: found.unfounded,
    amplification: amplificationAgainst((sum) => (name) => sum(`reference ${name}`), counted),
    amplificationOfTraining: known
      ? amplificationAgainst(always(sumOf(known.map((one) => counter.sentence(one)))), counted)
      : null,
  };
}

const always = (sum: Sum) => (): Sum => sum;

type Sum = (name: string) => number;

function sumOf(tallies: readonly Tally[]): Sum {
  const sums = new Map<string, number>();
  for (const tally of tallies) for (const [name, value] of tally) sums.set(name, (sums.get(name) ?? 0) + value);
  return (name) => sums.get(name) ?? 0;
}

/** Counts what sentences and images have. */
class Counter {
  readonly people: PeopleWords;
  readonly #contexts = new Map<string, string[]>();

  constructor({ groups, neutral, contexts }: AuditWords) {
    this.people = new PeopleWords({ groups, neutral });
    for (const [context, forms] of Object.entries(contexts)) {
      for (const form of forms) this.#contexts.set(form, [...(this.#contexts.get(form) ?? []), context]);
    }
  }

  /** Of a sentence that names one group alone, its group and its contexts with it. */
  sentence(text: string): Tally {
    const naming = this.people.namingOf(text);
    if (naming.kind !== 'group') return new Map();
    const contexts = new Set(
      captionWords(text)
        .split(' ')
        .flatMap((word) => this.#contexts.get(word) ?? []),
    );
    return new Map(
      [naming.group, ...Array.from(contexts, (context) => `${context} ${naming.group}`)].map((name) => [name, 1]),
    );
  }

  tally({ caption, references }: AuditedCaption): Tally {
    const found = new Map<string, number>();
    const add = (name: string): void => void found.set(name, (found.get(name) ?? 0) + 1);
    const [row, said] = [this.people.namingOf(...references), this.people.namingOf(caption)];
    add(`said ${nameOf(row)} ${nameOf(said)}`);
    add(`images ${nameOf(row)}`);
    if (said.kind === 'neutral') add(`neutral ${nameOf(row)}`);
    const own = this.#groupsIn(caption);
    if (own.size > 0) {
      add(`named ${nameOf(row)}`);
      const theirs = this.#groupsIn(references.join(' '));
      if (row.kind === 'group' && [...own].some((group) => !theirs.has(group))) add(`disagrees ${row.group}`);
    }
    for (const name of this.sentence(caption).keys()) add(`caption ${name}`);
    for (const reference of references) for (const name of this.sentence(reference).keys()) add(`reference ${name}`);
    return found;
  }

  #groupsIn(text: string): Set<string> {
    const named = captionWords(text)
      .split(' ')
      .map((word) => this.people.groupOf(word));
    return new Set(named.filter((group) => group !== null));
  }
}

const nameOf = (naming: Naming): string => (naming.kind === 'group' ? naming.group : naming.kind);

function peopleStatistics(sum: Sum, groups: readonly string[]): Record<string, number> {
  const over = (kind: string): number => groups.reduce((total, group) => total + sum(`${kind} ${group}`), 0);
  const [references, captions] = [over('reference'), over('caption')];
  const each = groups.flatMap((group): [string, number][] => {
    const [reference, caption] = [sum(`reference ${group}`), sum(`caption ${group}`)];
    return [
      [`disagrees ${group}`, sum(`disagrees ${group}`) / sum(`images ${group}`)],
      [`disagreesNamed ${group}`, sum(`disagrees ${group}`) / sum(`named ${group}`)],
      [`neutral ${group}`, sum(`neutral ${group}`) / sum(`images ${group}`)],
      [`referenceShare ${group}`, reference / references],
      [`captionShare ${group}`, caption / captions],
      [`referenceRatio ${group}`, reference / (references - reference)],
      [`captionRatio ${group}`, caption / (captions - caption)],
    ];
  });
  return {
    ...Object.fromEntries(each),
    disagrees: over('disagrees') / over('images'),
    disagreesNamed: over('disagrees') / over('named'),
    unfounded: sum('named neutral') / sum('images neutral'),
  };
}

interface Counted {
  readonly tallies: readonly Tally[];
  readonly sums: Sum;
  readonly groups: readonly string[];
  readonly contexts: readonly string[];
  readonly minCount: number;
  readonly options: BootstrapOptions;
}

/** @param of  sums of sentences of people, by group and by context with group, from those of the images that were drawn */
function amplificationAgainst(
  of: (sum: Sum) => Sum,
  { tallies, sums, groups, contexts, minCount, options }: Counted,
): Amplification {
  const known = of(sums);
  const total = (sum: Sum, context: string, kind = ''): number =>
    groups.reduce((all, group) => all + sum(`${kind}${context} ${group}`), 0);
  const share = (sum: Sum, context: string, group: string, kind = ''): number =>
    sum(`${kind}${context} ${group}`) / total(sum, context, kind);
  const used = contexts.filter(
    (context) => total(known, context) >= minCount && total(sums, context, 'caption ') >= minCount,
  );
  /** Groups that the sentences of people lean to. */
  const leaning = (context: string): string[] =>
    groups.filter((group) => share(known, context, group) > 1 / groups.length);
  const found = bootstrap<string>(
    tallies,
    (sum) => {
      const each = used.map((context): [string, number] => [
        `of ${context}`,
        leaning(context).reduce(
          (all, group) => all + share(sum, context, group, 'caption ') - share(of(sum), context, group),
          0,
        ),
      ]);
      const defined = each.map(([, value]) => value).filter((value) => !Number.isNaN(value));
      const mean = defined.reduce((all, value) => all + value, 0) / defined.length;
      return { ...Object.fromEntries(each), mean };
    },
    options,
  );
  const rows = used.map((context): ContextAudit => {
    const group = groups.reduce((a, b) => (share(known, context, b) > share(known, context, a) ? b : a));
    return {
      ...{ context, group },
      reference: share(known, context, group),
      caption: share(sums, context, group, 'caption '),
      references: total(known, context),
      captions: total(sums, context, 'caption '),
      amplification: found[`of ${context}`],
    };
  });
  return { contexts: rows, mean: found.mean };
}
