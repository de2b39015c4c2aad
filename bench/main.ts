/** npm run bench: see `options.ts` for what it takes, `questions/` for what it finds out. */
import { writeFileSync } from 'node:fs';
import { machineLine, measurePeak, peakLine } from './machine.ts';
import { helpText, type Options, readOptions, UsageError } from './options.ts';
import { describePeers, findPeers } from './peers/peer.ts';
import type { Answer, Question } from './question.ts';
import { attention } from './questions/attention.ts';
import { browser } from './questions/browser.ts';
import { cells } from './questions/cells.ts';
import { convnets } from './questions/convnets.ts';
import { growth } from './questions/growth.ts';
import { learn } from './questions/learn.ts';
import { minimal } from './questions/minimal.ts';
import { sample } from './questions/sample.ts';
import { start } from './questions/start.ts';
import { step } from './questions/step.ts';
import { studio } from './questions/studio.ts';
import { transformer } from './questions/transformer.ts';
import { translate } from './questions/translate.ts';
import { units } from './questions/units.ts';
import { markdown } from './table.ts';

const questions: readonly Question[] = [
  step,
  cells,
  attention,
  minimal,
  sample,
  transformer,
  start,
  convnets,
  growth,
  browser,
  studio,
  learn,
  translate,
  units,
];

async function bench({ questions: asked, json, ...settings }: Options): Promise<void> {
  const machine = machineLine();
  const peak = await measurePeak();
  const peers = findPeers();
  console.log(machine);
  console.log(peakLine(peak));
  for (const line of describePeers(peers)) console.log(line);
  const answers: Record<string, Answer> = {};
  for (const { name, asks, answer } of asked) {
    console.log(`\n${name}: ${asks}`);
    answers[name] = await answer({ ...settings, peak, peers });
    if (answers[name].rows.length > 0) console.log(`\n${markdown(answers[name].rows)}\n`);
    for (const note of answers[name].notes ?? []) console.log(note);
    // After each, so that what is interrupted keeps what it found.
    if (json)
      writeFileSync(
        json,
        JSON.stringify({ machine, peak, peers: describePeers(peers), ...settings, answers }, null, 2),
      );
  }
}

try {
  const options = readOptions(process.argv.slice(2), questions);
  if (options) await bench(options);
  else console.log(helpText(questions));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}
