import { Option } from 'commander';
import { type BlockOptions, feedForwardActivations, normKinds, positionKinds, type StackOptions } from 'unrolled/nn';
import { Failure } from '../failure.ts';
import { choice, flagOf, option, whole } from './parse.ts';
import type { OptionType } from './train.ts';

export const modelKinds = ['recurrent', 'transformer'] as const;

/** Options of tasks whose models may be a Transformer in place of recurrent layers, stored in config.json if they were given. */
export interface TransformerFlags {
  /** Default 'recurrent'. */
  model?: (typeof modelKinds)[number];
  heads?: number;
  groups?: number;
  feedForward?: number;
  activation?: BlockOptions['activation'];
  gated?: boolean;
  norm?: BlockOptions['norm'];
  positions?: StackOptions['positions'];
}

export const transformerTypes = {
  model: 'string',
  heads: 'number',
  groups: 'number',
  feedForward: 'number',
  activation: 'string',
  gated: 'boolean',
  norm: 'string',
  positions: 'string',
} as const satisfies Readonly<Record<keyof TransformerFlags, OptionType>>;

/** @param positions  the kinds of positions there are */
export const transformerOptions = (positions: readonly string[] = positionKinds): Option[] =>
  [
    choice('--model <kind>', 'recurrent layers or a Transformer (default recurrent)', modelKinds),
    option('--heads <n>', 'attention heads (default 4)', whole(1)),
    option('--groups <n>', 'heads of keys and values, shared by the others (default: as many as heads)', whole(1)),
    option('--feed-forward <n>', 'hidden units of the feed-forward part (default: four times --hidden)', whole(1)),
    choice('--activation <name>', 'of the feed-forward part (default gelu)', feedForwardActivations),
    new Option('--gated', 'gated feed-forward part, such as SwiGLU'),
    choice('--norm <kind>', 'layer norm or RMS norm (default layer)', normKinds),
    choice('--positions <kind>', 'how positions are told (default rotary)', positions),
  ].map((one) => one.helpGroup('Transformer:'));

/** The blocks that the options describe. @throws Failure if heads and width do not fit */
export function transformerBlocks(
  flags: TransformerFlags & { readonly layers: number; readonly hidden: number; readonly dropout: number },
): StackOptions {
  const { heads = 4, groups, feedForward, activation, gated, norm, positions, layers, hidden, dropout } = flags;
  const fault =
    hidden % heads !== 0
      ? `--hidden ${hidden} is no multiple of --heads ${heads}`
      : (positions ?? 'rotary') === 'rotary' && (hidden / heads) % 2 !== 0
        ? `rotary positions need heads of an even width; --hidden ${hidden} and --heads ${heads} give ${hidden / heads}`
        : groups !== undefined && heads % groups !== 0
          ? `--heads ${heads} is no multiple of --groups ${groups}`
          : null;
  if (fault !== null) throw new Failure(fault, 2);
  const said = { groups, feedForward, activation, gated, norm, positions };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  return { layers, heads, dropout, ...given };
}

/** What a task says of its Transformers. */
export interface ModelRules<Options> {
  readonly defaults: Options;
  /** Where a Transformer has others. */
  readonly transformer: Partial<Options>;
  /** Options, besides the cell, that recurrent layers alone have. */
  readonly recurrent: readonly (keyof Options & string)[];
  /** Whether embeddings may have another width than the blocks. Default false. */
  readonly mapsEmbeddings?: boolean;
}

export type ModelOptions = TransformerFlags & { cell: string; hidden: number; embedding: number };

/**
 * The options that were given, with what differs for a Transformer, whose embeddings are as wide as it is.
 * @throws Failure if an option of the other kind of model was given
 */
export function forModel<Options extends ModelOptions>(
  said: Partial<Options>,
  { defaults, transformer, recurrent, mapsEmbeddings = false }: ModelRules<Options>,
): Partial<Options> {
  // Of a resumed run all are given, as they are by default.
  const given = (name: keyof Options): boolean =>
    said[name] !== undefined && said[name] !== false && said[name] !== { ...defaults, ...transformer }[name];
  if (said.model !== 'transformer') {
    const { model: _, ...own } = transformerTypes;
    const wrong = Object.keys(own).find((name) => given(name as keyof Options));
    if (wrong !== undefined) throw new Failure(`${flagOf(wrong)} is for Transformers; add --model transformer`, 2);
    return said;
  }
  const wrong = ['cell' as const, ...recurrent].find((name) => given(name));
  if (wrong !== undefined) {
    throw new Failure(`${flagOf(wrong)} is for recurrent layers; leave it out, or leave out --model transformer`, 2);
  }
  if (mapsEmbeddings) return { ...transformer, ...said };
  const hidden = said.hidden ?? transformer.hidden ?? defaults.hidden;
  if (said.embedding !== undefined && said.embedding !== hidden) {
    throw new Failure(
      `--embedding ${said.embedding}: a Transformer's embeddings are as wide as --hidden, ${hidden}; leave it out`,
      2,
    );
  }
  return { ...transformer, ...said, hidden, embedding: hidden };
}
