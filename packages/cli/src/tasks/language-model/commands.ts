import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { NamedText, TextEvaluation } from 'unrolled/tasks/language-model';
import type { Tokenizer } from 'unrolled/tokenizers';
import { joinTexts, readTextFiles } from '../../input/text-files.ts';
import type { UseFlags } from '../../options/use.ts';
import { table } from '../../output/table.ts';
import { formatCount } from '../../output/units.ts';
import type { EvaluatePart } from '../task-commands.ts';
import { describeLeftOut } from './left-out.ts';
import { sample } from './sample.ts';
import { languageModel } from './trainable.ts';

type Types = TypesOf<'language-model'>;
type Kind = Tokenizer['kind'];

const evaluate: EvaluatePart<Types, UseFlags, { readonly data: readonly Required<NamedText>[] }> = {
  description: 'evaluate a language model on texts',
  argument: {
    name: '<texts...>',
    description: 'text files, folders, or - for the standard input; plain or gzipped',
  },
  options: () => [],
  help: `
Examples:
  unrolled eval runs/shakespeare sonnets.txt
  unrolled eval runs/shakespeare sonnets.txt plays/

Each text is read from its beginning, every token scored given all before it. Long texts are cut into up to 32 segments
that are read in parallel, each continuing from the state at the end of the one before. Unknown words cost their <unk>
and, in nats and bits per character, their spelling.`,
  read: async (_, paths) => ({
    data: paths.map((path) => ({ text: joinTexts(readTextFiles([path])), name: path })),
  }),
  report({ texts, ...all }, { data }, { model }) {
    const named = texts.map((one, i) => ({ path: data[i].name, ...one }));
    return {
      json: { ...all, ...(texts.length > 1 && { texts: named }) },
      text: describe(all, named, model.tokenizer.kind),
    };
  },
};

type Named = TextEvaluation & { readonly path: string };

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.001 ? 3 : 1)}%`;

function describe(all: TextEvaluation, texts: readonly Named[], kind: Kind): string {
  const unit = kind === 'word' ? 'words' : kind === 'char' ? 'characters' : 'tokens';
  const lines =
    texts.length === 1
      ? [
          `${all.natsPerCharacter.toFixed(4)} nats per character, ${all.bitsPerCharacter.toFixed(4)} bits`,
          `perplexity ${all.perplexity.toFixed(3)} over ${formatCount(all.tokens)} tokens`,
          `${percent(all.unknownShare)} of the ${unit} are unknown (${formatCount(all.unknown)})`,
        ]
      : table(
          ['text', 'nats per character', 'bits', 'perplexity', 'tokens', 'unknown'],
          [...texts, { path: 'all', ...all }].map((one) => [
            one.path,
            one.natsPerCharacter.toFixed(4),
            one.bitsPerCharacter.toFixed(4),
            one.perplexity.toFixed(3),
            formatCount(one.tokens),
            percent(one.unknownShare),
          ]),
        );
  if (kind === 'word' && all.unknown > 0) {
    lines.push(
      'Nats and bits per character include the spelling of unknown words; perplexity counts each as one token.',
    );
  }
  const leftOut = new Map(Object.entries(all.leftOut));
  if (leftOut.size > 0) lines.push(describeLeftOut(leftOut));
  return `${lines.join('\n')}\n`;
}

export const languageModelCommands = {
  load: () => loadTask('language-model'),
  train: languageModel,
  predict: sample,
  evaluate,
};
