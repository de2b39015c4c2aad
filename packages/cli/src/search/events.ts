import type { Scored, SearchEvent } from 'unrolled/search';

/** Events of a search as written to events.jsonl and printed by --json: plain data. */
export type SearchRunEvent =
  | (Extract<SearchEvent, { type: 'start' }> & { readonly folder: string; readonly search: 'cell' | 'block' })
  | Extract<SearchEvent, { type: 'candidate' | 'round' }>
  | { readonly type: 'checkpoint'; readonly step: number; readonly path: string }
  | (Omit<Extract<SearchEvent, { type: 'done' }>, 'best'> & { readonly leaderboard: readonly Scored[] });
