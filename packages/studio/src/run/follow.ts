import { FollowedRun } from './followed-run.svelte.ts';
import { shelf } from './shelf.svelte.ts';

/** Finds the runs that the server of this page was given; as files without one there are none. */
export async function followRuns(): Promise<void> {
  try {
    const response = await fetch('runs.json', { cache: 'no-store' });
    const runs = (await response.json()) as { name: string; path: string; folder: string; text: boolean }[];
    runs.forEach(({ name, path, folder, text }, index) => {
      shelf.add(new FollowedRun(`run-${index + 1}`, name, folder, path, text));
    });
  } catch {
    // Without a list there is nothing to follow, and all else works.
  }
}
