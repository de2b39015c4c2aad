import { countOf, formatCount, formatDuration } from '../../output/units.ts';
import type { RunEvent } from '../events.ts';

export type Progress = Extract<RunEvent, { type: 'progress' }>;
type Validation = Extract<RunEvent, { type: 'validation' }>;
type Gradients = Extract<RunEvent, { type: 'gradient-flow' }>;
type Done = Extract<RunEvent, { type: 'done' }>;

/**
 * The state of a run in one line of at most `columns` characters; the least important parts are dropped first.
 *
 *     step 1,250/9,800  loss 1.512 nats  2.18 bits/char  validation 1.634  31,250 chars/s  4:12 left
 */
export function progressLine(event: Progress, columns = Number.POSITIVE_INFINITY): string {
  const { step, steps, loss, validationLoss, secondsLeft } = event;
  const { bitsPerCharacter, charactersPerSecond, examplesPerSecond } = event;
  // In display order; the lowest importance is dropped first.
  const parts: { text: string; importance: number }[] = [
    { text: `step ${formatCount(step)}${steps === null ? '' : `/${formatCount(steps)}`}`, importance: 6 },
    { text: `loss ${loss.toFixed(3)}${bitsPerCharacter === undefined ? '' : ' nats'}`, importance: 7 },
    ...(bitsPerCharacter === undefined ? [] : [{ text: `${bitsPerCharacter.toFixed(2)} bits/char`, importance: 2 }]),
    ...(validationLoss === null ? [] : [{ text: `validation ${validationLoss.toFixed(3)}`, importance: 5 }]),
    ...speed(charactersPerSecond, 'chars/s'),
    ...speed(examplesPerSecond, 'examples/s'),
    ...(secondsLeft === null ? [] : [{ text: `${formatDuration(secondsLeft)} left`, importance: 4 }]),
  ];
  const line = (): string => parts.map(({ text }) => text).join('  ');
  while (parts.length > 1 && line().length > columns) {
    const least = parts.reduce((low, part) => (part.importance < low.importance ? part : low));
    parts.splice(parts.indexOf(least), 1);
  }
  return line().slice(0, columns);
}

const speed = (perSecond: number | undefined, unit: string): { text: string; importance: number }[] =>
  perSecond === undefined ? [] : [{ text: `${formatCount(perSecond)} ${unit}`, importance: 3 }];

/**
 *     step 250  validation 1.634 nats  2.36 bits/char, the best so far
 *     step 250  validation 0.412  accuracy 0.871, the best so far
 */
export function validationLine(event: Validation): string {
  const { step, loss, metrics = {}, bitsPerCharacter, perplexity, unknownShare, best, diverged } = event;
  const parts = [
    `step ${formatCount(step)}`,
    `validation ${loss.toFixed(3)}${bitsPerCharacter === undefined ? '' : ' nats'}`,
    ...(bitsPerCharacter === undefined ? [] : [`${bitsPerCharacter.toFixed(2)} bits/char`]),
    ...(perplexity === undefined ? [] : [`perplexity ${perplexity.toFixed(1)}`]),
    ...(unknownShare === undefined ? [] : [`${(100 * unknownShare).toFixed(1)}% unknown`]),
    ...Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`),
  ];
  return `${parts.join('  ')}${best ? ', the best so far' : diverged ? ', diverged' : ''}`;
}

/** `step 250  gradient  l0 vanishes, halves every 3.1 steps  l1 kept` */
export function gradientLine({ step, layers }: Gradients): string {
  const parts = layers.map(({ layer, reverse, kind, halvesEvery, doublesEvery }) => {
    const every = halvesEvery ?? doublesEvery;
    const pace =
      kind === 'kept' || every === null
        ? ''
        : `, ${halvesEvery ? 'halves' : 'doubles'} every ${every.toFixed(1)} steps`;
    return `l${layer}${reverse ? ' reverse' : ''} ${kind}${pace}`;
  });
  return [`step ${formatCount(step)}`, 'gradient', ...parts].join('  ');
}

/** `Finished after 9,800 steps and 5:12` */
export function doneLine({ reason, step, secondsElapsed }: Done): string {
  const what = reason === 'finished' ? 'Finished' : 'Stopped';
  return `${what} after ${countOf(step, 'step')} and ${formatDuration(secondsElapsed)}`;
}
