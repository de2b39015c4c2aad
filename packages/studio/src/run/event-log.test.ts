import { expect, test } from 'vitest';
import { EventLog } from './event-log.ts';

/** A server of one file, as the studio's is, or one that always gives the whole. */
function serverOf(state: { file: string; text: string }, knowsFrom: boolean): typeof fetch {
  return async (input) => {
    const query = new URL(String(input), 'http://x').searchParams;
    if (!knowsFrom) return new Response(state.text);
    const from = query.get('file') === state.file ? Number(query.get('from')) : 0;
    const bytes = new TextEncoder().encode(state.text).subarray(from);
    return new Response(bytes, { headers: { 'x-from': String(from), 'x-file': state.file } });
  };
}

test.each([true, false])('every whole line comes once, however the file grows (server of parts: %s)', async (parts) => {
  const state = { file: 'a', text: '' };
  const log = new EventLog('events.jsonl', serverOf(state, parts));
  const found: unknown[] = [];
  const whole = Array.from(
    { length: 40 },
    (_, step) => `${JSON.stringify({ step, text: 'é'.repeat(step % 7) })}\n`,
  ).join('');
  for (let end = 0; end <= whole.length; end += 13) {
    state.text = whole.slice(0, end);
    const { events, restarted } = await log.read();
    expect(restarted).toBe(false);
    found.push(...events.map(({ step }) => step));
  }
  state.text = `${whole}{"half":`;
  found.push(...(await log.read()).events.map(({ step }) => step));
  expect(found).toEqual(Array.from({ length: 40 }, (_, step) => step));
});

test('a file that took the place of the first begins anew, and lines that are no events are passed over', async () => {
  const state = { file: 'a', text: '{"step":1}\n{"step":2}\n{"step":3}\n' };
  const log = new EventLog('events.jsonl', serverOf(state, true));
  expect((await log.read()).events).toHaveLength(3);
  state.file = 'b';
  state.text = '{"step":1}\nnull\n{"ste\n[1]\n{"step":2,"again":true}\n{"step":3}\n{"step":4}\n';
  const { restarted, events } = await log.read();
  expect(restarted).toBe(true);
  expect(events.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
});
