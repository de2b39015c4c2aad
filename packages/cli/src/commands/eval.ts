import { Command } from 'commander';
import {
  bits,
  evaluateTokens,
  LanguageModel,
  measureText,
  perplexity,
  type TextMeasure,
} from 'unrolled/tasks/language-model';
import { leaveOutUnknown, type Tokenizer } from 'unrolled/tokenizers';
import { Failure } from '../failure.ts';
import { joinTexts, readTextFiles } from '../input/text-files.ts';
import { type UseFlags, useOptions } from '../options/options.ts';
import { table } from '../output/table.ts';
import { formatCount } from '../output/units.ts';
import { loadRun } from '../run/load.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';
import { describeLeftOut } from '../tasks/language-model/left-out.ts';
import { natsPerCharacter } from '../tasks/language-model/text-units.ts';

export function evalCommand(): Command {
  const command = new Command('eval')
    .description('evaluate a language model on texts')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('<texts...>', 'text files, folders, or - for the standard input; plain or gzipped');
  for (const one of useOptions()) command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled eval runs/shakespeare sonnets.txt
  unrolled eval runs/shakespeare sonnets.txt plays/

Each text is read from its beginning, every token scored given all before it. Long texts are cut into up to 32 segments
that are read in parallel, each continuing from the state at the end of the one before. Unknown words cost their <unk>
and, in nats and bits per character, their spelling.`,
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
  readonly kind: Tokenizer['kind'];
  /** Mean in nats per token. */
  readonly loss: number;
  /** Of the tokens that were predicted: all but the first. */
  readonly measure: TextMeasure;
  readonly leftOut: ReadonlyMap<string, number>;
}

async function evaluateText(model: LanguageModel, path: string): Promise<TextResult> {
  const { tokenizer } = model;
  const { text, leftOut } = leaveOutUnknown(tokenizer, joinTexts(readTextFiles([path])));
  const tokens = tokenizer.encode(text);
  if (tokens.length < 2) throw new Failure(`${path}: fewer than two of its characters are in the model's vocabulary`);
  const { loss } = await evaluateTokens(model, tokens);
  return { path, kind: tokenizer.kind, loss, measure: measureText(tokenizer, text, tokens, 1), leftOut };
}

/** One text, or several weighted by their tokens. */
function reportOf(texts: readonly TextResult[]) {
  const sum = (of: (text: TextResult) => number): number => texts.reduce((total, text) => total + of(text), 0);
  const measure: TextMeasure = {
    tokens: sum((one) => one.measure.tokens),
    characters: sum((one) => one.measure.characters),
    unknown: sum((one) => one.measure.unknown),
    spelling: sum((one) => one.measure.spelling),
  };
  const { tokens, characters } = measure;
  const loss = sum((text) => text.loss * text.measure.tokens) / tokens;
  const leftOut = new Map<string, number>();
  for (const text of texts) {
    for (const [character, count] of text.leftOut) leftOut.set(character, (leftOut.get(character) ?? 0) + count);
  }
  const missing = [...leftOut.values()].reduce((total, count) => total + count, 0);
  const isChar = texts[0].kind === 'char';
  return {
    tokens,
    loss,
    natsPerCharacter: natsPerCharacter(measure, loss),
    bitsPerCharacter: bits(natsPerCharacter(measure, loss)),
    perplexity: perplexity(loss),
    unknown: isChar ? missing : measure.unknown,
    unknownShare: isChar ? missing / (characters + 1 + missing) : measure.unknown / tokens,
    leftOut: Object.fromEntries(leftOut),
  };
}

const named = (text: TextResult) => ({ path: text.path, ...reportOf([text]) });
const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.001 ? 3 : 1)}%`;

function describe(texts: readonly TextResult[]): string {
  const all = reportOf(texts);
  const unit = texts[0].kind === 'word' ? 'words' : texts[0].kind === 'char' ? 'characters' : 'tokens';
  const lines =
    texts.length === 1
      ? [
          `${all.natsPerCharacter.toFixed(4)} nats per character, ${all.bitsPerCharacter.toFixed(4)} bits`,
          `perplexity ${all.perplexity.toFixed(3)} over ${formatCount(all.tokens)} tokens`,
          `${percent(all.unknownShare)} of the ${unit} are unknown (${formatCount(all.unknown)})`,
        ]
      : table(
          ['text', 'nats per character', 'bits', 'perplexity', 'tokens', 'unknown'],
          [...texts.map(named), { path: 'all', ...all }].map((one) => [
            one.path,
            one.natsPerCharacter.toFixed(4),
            one.bitsPerCharacter.toFixed(4),
            one.perplexity.toFixed(3),
            formatCount(one.tokens),
            percent(one.unknownShare),
          ]),
        );
  if (texts[0].kind === 'word' && all.unknown > 0) {
    lines.push(
      'Nats and bits per character include the spelling of unknown words; perplexity counts each as one token.',
    );
  }
  const leftOut = new Map(Object.entries(all.leftOut));
  if (leftOut.size > 0) lines.push(describeLeftOut(leftOut));
  return `${lines.join('\n')}\n`;
}
