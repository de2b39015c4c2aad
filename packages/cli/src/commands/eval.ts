import { Command, Option } from 'commander';
import { evaluateTokens, LanguageModel, perplexity } from 'unrolled/tasks/language-model';
import { leaveOutUnknown } from 'unrolled/tokenizers';
import { Failure } from '../failure.ts';
import { describeLeftOut } from '../left-out.ts';
import { loadRun } from '../load-run.ts';
import { openMachine, toStandardError } from '../open-device.ts';
import { blasOption, threadsOption } from '../options.ts';
import type { CheckpointName } from '../run-folder.ts';
import { TextUnits } from '../tasks/language-model/text-units.ts';
import { joinTexts, readTextFiles } from '../text-files.ts';
import { countCharacters, formatCount } from '../units.ts';

interface EvalFlags {
  checkpoint?: CheckpointName;
  json?: boolean;
  threads?: number;
  blas?: string;
}

export function evalCommand(): Command {
  return new Command('eval')
    .description('measure how well a trained model foretells a text')
    .argument('<run>', 'run folder, or checkpoint file')
    .argument('<texts...>', 'text files and folders')
    .addOption(
      new Option('--checkpoint <name>', 'which checkpoint (default: best)').choices(['best', 'latest', 'previous']),
    )
    .option('--json', 'print one JSON object')
    .addOption(threadsOption())
    .addOption(blasOption())
    .addHelpText('after', '\nExample:\n  unrolled eval runs/shakespeare sonnets.txt')
    .action(evaluate);
}

async function evaluate(run: string, paths: string[], flags: EvalFlags): Promise<void> {
  const device = await openMachine(flags, toStandardError);
  try {
    const model = await loadRun(run, flags.checkpoint, (file, cell) => LanguageModel.load(device, file, cell));
    const { text, leftOut } = leaveOutUnknown(model.tokenizer, joinTexts(readTextFiles(paths)));
    const tokens = model.tokenizer.encode(text);
    if (tokens.length < 2) {
      throw new Failure(`${paths.join(', ')}: fewer than two of its characters are in the model's vocabulary`);
    }
    const result = (await evaluateTokens(model, tokens))!;
    const units = new TextUnits(countCharacters(text), tokens.length);
    const unknown = Object.fromEntries(leftOut);
    const report = {
      type: 'evaluation',
      tokens: result.tokens,
      loss: result.loss,
      natsPerCharacter: units.natsPerCharacter(result.loss),
      bitsPerCharacter: units.bitsPerCharacter(result.loss),
      perplexity: perplexity(result.loss),
      leftOut: unknown,
    };
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : describe(report, leftOut));
  } finally {
    device.close();
  }
}

function describe(
  report: { tokens: number; natsPerCharacter: number; bitsPerCharacter: number; perplexity: number },
  leftOut: ReadonlyMap<string, number>,
): string {
  const lines = [
    `${report.natsPerCharacter.toFixed(4)} nats per character, ${report.bitsPerCharacter.toFixed(4)} bits`,
    `perplexity ${report.perplexity.toFixed(3)} over ${formatCount(report.tokens)} tokens`,
  ];
  if (leftOut.size > 0) lines.push(describeLeftOut(leftOut));
  return `${lines.join('\n')}\n`;
}
