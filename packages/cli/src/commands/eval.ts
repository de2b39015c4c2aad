import { Command } from 'commander';
import { evaluateTokens, LanguageModel, perplexity } from 'unrolled/tasks/language-model';
import { leaveOutUnknown } from 'unrolled/tokenizers';
import { Failure } from '../failure.ts';
import { describeLeftOut } from '../left-out.ts';
import { loadRun } from '../load-run.ts';
import { openMachine, toStandardError } from '../open-device.ts';
import { type UseFlags, useOptions } from '../options.ts';
import { table } from '../table.ts';
import { TextUnits } from '../tasks/language-model/text-units.ts';
import { joinTexts, readTextFiles } from '../text-files.ts';
import { countCharacters, formatCount } from '../units.ts';

export function evalCommand(): Command {
  const command = new Command('eval')
    .description('evaluate a language model on texts')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('<texts...>', 'text files, folders, or - for the standard input; plain or gzipped');
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      '\nExamples:\n  unrolled eval runs/shakespeare sonnets.txt\n  unrolled eval runs/shakespeare sonnets.txt plays/',
    )
    .action(evaluate);
}

async function evaluate(run: string, paths: string[], flags: UseFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => LanguageModel.load(device, file, cell));
    const texts: TextResult[] = [];
    for (const path of paths) texts.push(await evaluateText(model, path));
    const report = { type: 'evaluation', ...reportOf(texts), ...(texts.length > 1 && { texts: texts.map(named) }) };
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : describe(texts));
  } finally {
    device.close();
  }
}

interface TextResult {
  readonly path: string;
  /** Tokens that were foretold, and their mean loss in nats. */
  readonly tokens: number;
  readonly loss: number;
  /** Of the text that was read: the first token is not foretold. */
  readonly characters: number;
  readonly read: number;
  readonly leftOut: ReadonlyMap<string, number>;
}

async function evaluateText(model: LanguageModel, path: string): Promise<TextResult> {
  const { text, leftOut } = leaveOutUnknown(model.tokenizer, joinTexts(readTextFiles([path])));
  const tokens = model.tokenizer.encode(text);
  if (tokens.length < 2) throw new Failure(`${path}: fewer than two of its characters are in the model's vocabulary`);
  const result = (await evaluateTokens(model, tokens))!;
  return { path, ...result, characters: countCharacters(text), read: tokens.length, leftOut };
}

/** Of one text or of several, each of which counts by its tokens. */
function reportOf(texts: readonly TextResult[]) {
  const sum = (of: (text: TextResult) => number): number => texts.reduce((total, text) => total + of(text), 0);
  const tokens = sum((text) => text.tokens);
  const loss = sum((text) => text.loss * text.tokens) / tokens;
  const units = new TextUnits(
    sum(({ characters }) => characters),
    sum(({ read }) => read),
  );
  const leftOut = new Map<string, number>();
  for (const text of texts) {
    for (const [character, count] of text.leftOut) leftOut.set(character, (leftOut.get(character) ?? 0) + count);
  }
  return {
    tokens,
    loss,
    natsPerCharacter: units.natsPerCharacter(loss),
    bitsPerCharacter: units.bitsPerCharacter(loss),
    perplexity: perplexity(loss),
    leftOut: Object.fromEntries(leftOut),
  };
}

const named = (text: TextResult) => ({ path: text.path, ...reportOf([text]) });

function describe(texts: readonly TextResult[]): string {
  const all = reportOf(texts);
  const lines =
    texts.length === 1
      ? [
          `${all.natsPerCharacter.toFixed(4)} nats per character, ${all.bitsPerCharacter.toFixed(4)} bits`,
          `perplexity ${all.perplexity.toFixed(3)} over ${formatCount(all.tokens)} tokens`,
        ]
      : table(
          ['text', 'nats per character', 'bits', 'perplexity', 'tokens'],
          [...texts.map(named), { path: 'all', ...all }].map((one) => [
            one.path,
            one.natsPerCharacter.toFixed(4),
            one.bitsPerCharacter.toFixed(4),
            one.perplexity.toFixed(3),
            formatCount(one.tokens),
          ]),
        );
  const leftOut = new Map(Object.entries(all.leftOut));
  if (leftOut.size > 0) lines.push(describeLeftOut(leftOut));
  return `${lines.join('\n')}\n`;
}
