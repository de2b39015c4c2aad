import { Command } from 'commander';
import { type FilledText, MaskedLanguageModel } from 'unrolled/tasks/masked-language-model';
import { option, whole } from '../options/parse.ts';
import { type UseFlags, useOptions } from '../options/use.ts';
import { printable } from '../output/text.ts';
import { lineBatches, textsArgument } from '../tasks/text-items.ts';
import { withModel } from './with-model.ts';

interface FillFlags extends UseFlags {
  top: number;
  file?: string;
}

export function fillCommand(): Command {
  const command = new Command('fill')
    .description('find the words at the masks of a text, with a masked language model such as BERT')
    .argument('<model>', 'folder of a published model, or a file of import')
    .argument(textsArgument.name, `${textsArgument.description}; [MASK] stands for a word`)
    .addOption(option('--top <n>', 'how many words of each mask to print', whole(1)).default(5))
    .option('--file <file>', 'read the lines of a file');
  for (const one of useOptions()) if (one.long !== '--checkpoint') command.addOption(one);
  return command
    .addHelpText(
      'after',
      `
Examples:
  unrolled fill bert-base-uncased "the capital of france is [MASK]."
  unrolled fill bert-base-uncased --top 3 --json < texts.txt`,
    )
    .action((model: string, texts: readonly string[], flags: FillFlags) => fill(model, texts, flags));
}

async function fill(path: string, texts: readonly string[], flags: FillFlags): Promise<void> {
  await withModel(path, flags, MaskedLanguageModel.load, async (model) => {
    for await (const lines of lineBatches(texts, flags.file)) {
      const given = lines.filter((line) => line.trim() !== '');
      const found = (await model.fill(given, { top: flags.top })).values();
      for (const text of lines) {
        const answer = text.trim() === '' ? null : found.next().value!;
        if (flags.json) process.stdout.write(`${JSON.stringify({ type: 'fill', text, masks: answer?.masks ?? [] })}\n`);
        else process.stdout.write(answer ? describe(text, answer) : '\n');
      }
    }
  });
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`.padStart(6);

/** The text, then the likeliest words of each mask, a line each. */
function describe(text: string, { masks }: FilledText): string {
  const lines = masks.flatMap((mask, i) => [
    ...(masks.length > 1 ? [`  mask ${i + 1}`] : []),
    ...mask.map((one) => `${percent(one.probability)}  ${printable(one.text)}`),
  ]);
  return `${[printable(text), ...lines].join('\n')}\n`;
}
