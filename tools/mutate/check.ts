import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './fault.ts';

const root = join(import.meta.dirname, '../..');

/** Why a fault cannot be planted as it is described, or null. */
export function whyNotPlanted({ file, find, replace, tests }: Fault): string | null {
  const text = readFileSync(join(root, file), 'utf8');
  const count = text.split(find).length - 1;
  if (count !== 1) return `${file} has ${count} times: ${find}`;
  if (find === replace) return `${file} would not change: ${find}`;
  for (const test of tests) {
    try {
      readFileSync(join(root, test));
    } catch {
      return `there is no ${test}`;
    }
  }
  return null;
}
