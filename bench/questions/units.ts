import { readFileSync } from 'node:fs';
import { openDevice } from 'unrolled';
import { parseProperty } from 'unrolled/inspect';
import { findUnits, LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { threadCounts, threadsName } from '../machine.ts';
import type { Question, Row } from '../question.ts';
import { type Engine, interleave, rounded } from '../timing.ts';

const characters = 1_000_000;
const config = { cell: 'lstm', hidden: 128, layers: 2, embedding: 64, dropout: 0 } as const;

/** Of either kind: one is searched by AUC, the other by correlation. */
const searches = { 'reading alone': [], 'upper case': ['upper'], 'line position': ['column'] };

/** So many characters of English, lines and all. */
function longText(path: string | null): string {
  const text = readFileSync(path ?? new URL('../../packages/studio/src/texts/sonnets.txt', import.meta.url), 'utf8');
  return text.repeat(Math.ceil(characters / text.length)).slice(0, characters);
}

export const units: Question = {
  name: 'units',
  asks: 'seconds to search the 512 cells of a 2×LSTM-128 for what follows a property, along a million characters',
  async answer({ rounds, text: path }) {
    const text = longText(path);
    const tokenizer = tokenizerFor('char', text);
    const tokens = tokenizer.encode(text);
    const rows: Row[] = [];
    for (const threads of threadCounts()) {
      const device = await openDevice('wasm', { threads });
      const model = new LanguageModel(device, tokenizer, config, 1);
      const engines = Object.entries(searches).map(([name, properties]): [string, Engine] => [
        name,
        async () => {
          const start = performance.now();
          const found = await findUnits(model, tokens, properties.map(parseProperty));
          const milliseconds = performance.now() - start;
          // Untrained cells know the character that was just read, and some of where its line began.
          for (const { property, units, shuffledLevel } of found ?? []) {
            if (!(units[0].heldOut > shuffledLevel)) throw new Error(`units: no cell follows ${property}`);
          }
          return milliseconds;
        },
      ]);
      const timings = await interleave(Object.fromEntries(engines), rounds);
      const { median: alone } = timings['reading alone'];
      for (const [what, { median, min, max }] of Object.entries(timings)) {
        rows.push({
          'searched for': what,
          threads: threadsName(threads),
          seconds: rounded(median / 1000),
          spread: `${rounded(min / 1000)}–${rounded(max / 1000)}`,
          '÷ reading alone': rounded(median / alone),
        });
      }
      device.close();
    }
    const most = Math.round(process.resourceUsage().maxRSS / 2 ** 10);
    return {
      rows,
      notes: [
        `At most ${most} MiB of memory, all of this process. Of an untrained model; the text: ${path ?? 'sonnets, again and again'}.`,
      ],
    };
  },
};
