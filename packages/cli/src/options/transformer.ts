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

export const transformerOptions = (): Option[] =>
  [
    choice('--model <kind>', 'recurrent layers or a Transformer (default recurrent)', modelKinds),
    option('--heads <n>', 'attention heads (default 4)', whole(1)),
    option('--groups <n>', 'heads of keys and values, shared by the others (default: as many as heads)', whole(1)),
    option('--feed-forward <n>', 'hidden units of the feed-forward part (default: four times --hidden)', whole(1)),
    choice('--activation <name>', 'of the feed-forward part (default gelu)', feedForwardActivations),
    new Option('--gated', 'gated feed-forward part, such as SwiGLU'),
    choice('--norm <kind>', 'layer norm or RMS norm (default layer)', normKinds),
    choice('--positions <kind>', 'how positions are told (default rotary)', positionKinds),
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

/**
 * @param recurrent  options for recurrent layers that were given
 * @throws Failure if an option of the other kind of model was given
 */
export function checkModelFlags(said: TransformerFlags, recurrent: readonly string[]): void {
  if (said.model === 'transformer') {
    if (recurrent.length === 0) return;
    throw new Failure(
      `${flagOf(recurrent[0])} is for recurrent layers; leave it out, or leave out --model transformer`,
      2,
    );
  }
  const { model: _, ...own } = transformerTypes;
  const given = Object.keys(own).find((name) => said[name as keyof TransformerFlags] !== undefined);
  if (given !== undefined) throw new Failure(`${flagOf(given)} is for Transformers; add --model transformer`, 2);
}
