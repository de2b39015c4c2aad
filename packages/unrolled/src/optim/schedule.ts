import { oneOf, rate, requireKind } from '../checks.ts';

export const scheduleNames = ['constant', 'linear', 'cosine', 'hold-linear'] as const;

/**
 * Learning-rate schedule: the factor of the base rate at progress p in [0, 1]:
 *
 * - constant: 1
 * - linear: from 1 down to 0.02
 * - cosine: from 1 down to 0.02 along half a cosine
 * - hold-linear: 1 for the first half, then linear down to 0.02
 */
export type ScheduleName = (typeof scheduleNames)[number];

/** Final factor of all schedules but the constant one. */
const floor = 0.02;

/**
 * The learning rate at `progress` (0 at the start, 1 at the end).
 * @param warmUp  share of the run, in [0, 1), over which the rate first rises linearly from 0.02 to 1 times its base, as large
 *   batches and rates need it (Goyal 2017); the schedule covers the rest. Default 0
 * @throws ConfigError on an unknown name, or a share out of range
 */
export function learningRateAt(schedule: ScheduleName, base: number, progress: number, warmUp = 0): number {
  requireKind('schedule', 'warmUp', warmUp, rate);
  if (warmUp > 0 && progress < warmUp) return base * (floor + (1 - floor) * Math.max(0, progress / warmUp));
  const p = Math.min(1, Math.max(0, (progress - warmUp) / (1 - warmUp)));
  switch (schedule) {
    case 'constant':
      return base;
    case 'linear':
      return base * (1 - (1 - floor) * p);
    case 'cosine':
      return base * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * p)));
    case 'hold-linear':
      return base * (p < 0.5 ? 1 : 1 - (1 - floor) * (2 * p - 1));
    default:
      requireKind('schedule', 'name', schedule, oneOf(scheduleNames));
      return base;
  }
}
