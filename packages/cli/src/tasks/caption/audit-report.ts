import {
  type Amplification,
  type CaptionAudit,
  type EvidenceSummary,
  hiddenParts,
  type Interval,
} from 'unrolled/tasks/caption';
import { table } from '../../output/table.ts';
import { printable } from '../../output/text.ts';
import { countOf, formatCount } from '../../output/units.ts';

/** `12.3% [10.1, 14.5]` */
const percent = ({ value, low, high }: Interval): string => {
  const shown = (share: number | null): string => (share === null ? '–' : (100 * share).toFixed(1));
  return value === null ? '–' : `${shown(value)}% [${shown(low)}, ${shown(high)}]`;
};

const plain = ({ value, low, high }: Interval): string => {
  const shown = (one: number | null): string => (one === null ? '–' : Number.isFinite(one) ? one.toFixed(2) : '∞');
  return value === null ? '–' : `${shown(value)} [${shown(low)}, ${shown(high)}]`;
};

/** An audit for people. */
export function describeAudit(audit: CaptionAudit): string {
  const names = Object.keys(audit.table);
  const says = names.map((row) => {
    const counts = names.map((said) => audit.table[row][said]);
    return [printable(row), ...[counts.reduce((sum, one) => sum + one, 0), ...counts].map(formatCount)];
  });
  const groups = audit.groups.map(({ group, images, disagrees, disagreesNamed, neutral }) => [
    printable(group),
    ...[formatCount(images), percent(disagrees), percent(disagreesNamed), percent(neutral)],
  ]);
  const shares = audit.groups.map((one) => [
    printable(one.group),
    ...[percent(one.referenceShare), percent(one.captionShare), plain(one.referenceRatio), plain(one.captionRatio)],
  ]);
  const all = [
    `${countOf(audit.images, 'image')}; intervals are of 95% by the bootstrap over images`,
    '',
    'What captions say (columns) by what all references of the image say (rows)',
    ...table(['', 'images', ...names.map(printable)], says),
    '',
    'Captions that name a group which no reference names',
    ...table(
      ['references', 'images', 'of all captions', 'of those that name a group', 'only neutral words'],
      [...groups, ['together', '', percent(audit.disagrees), percent(audit.disagreesNamed), '']],
    ),
    `Where all references are neutral, ${percent(audit.unfounded)} of captions name a group`,
    '',
    'Sentences that name one group alone',
    ...table(['', 'share: references', 'captions', 'to the others: references', 'captions'], shares),
    '',
    ...describeAmplification('the references of the same images', audit.amplification),
  ];
  if (audit.amplificationOfTraining) {
    all.push('', ...describeAmplification('the captions of the other images', audit.amplificationOfTraining));
  }
  return `${all.join('\n')}\n`;
}

function describeAmplification(against: string, { contexts, mean }: Amplification): string[] {
  if (contexts.length === 0) return [`Amplification against ${against}: no object or activity is frequent enough`];
  const rows = [...contexts]
    .sort((a, b) => (b.amplification.value ?? 0) - (a.amplification.value ?? 0))
    .map((one) => [
      printable(one.context),
      printable(one.group),
      ...[one.reference, one.caption].map((share) => `${(100 * share).toFixed(0)}%`),
      ...[one.references, one.captions].map(formatCount),
      percent(one.amplification),
    ]);
  return [
    `Amplification against ${against}: ${percent(mean)} on average over ${countOf(contexts.length, 'context')}`,
    ...table(['', 'leans to', 'people', 'captions', 'sentences', 'captions', 'amplification'], rows),
  ];
}

/** What the words rest on, for people. */
export function describeEvidence(title: string, found: EvidenceSummary, share: number): string {
  if (found.captions === 0) return '';
  const rows = hiddenParts.map((part) => [part, percent(found.changed[part]), plain(found.logOdds[part])]);
  const lines = [
    '',
    `What the word for a person rests on, in ${countOf(found.captions, 'caption')} ${title}`,
    ...table(['hidden', 'word changes', 'log-odds of the group'], rows),
    `The person decides: ${percent(found.byPerson)}; the context decides: ${percent(found.byContext)}`,
    `Of the places that matter most to the group, ${percent(found.overlap)} matter most to there being a person; ` +
      `by chance ${(100 * share).toFixed(0)}%`,
  ];
  return `${lines.join('\n')}\n`;
}
