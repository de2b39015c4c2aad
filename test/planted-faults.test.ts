import { expect, test } from 'vitest';
import { whyNotPlanted } from '../tools/mutate/check.ts';
import { faultGroups } from '../tools/mutate/faults/index.ts';

test('every fault of npm run mutate still applies to the sources', () => {
  const faults = faultGroups.flatMap((group) => group.faults);
  expect(faults.length).toBeGreaterThanOrEqual(150);
  expect(faults.map(whyNotPlanted).filter((why) => why !== null)).toEqual([]);
});
