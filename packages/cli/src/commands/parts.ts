import type { Command, Option } from 'commander';
import { Failure } from '../failure.ts';
import { pathOf } from './path-of.ts';

/** What a command does for one task. A command may serve several, such as texts and images: what it is given decides. */
export interface Part {
  /** The name of the task in files. */
  readonly task: string;
  /** What the task is about, for messages: 'texts'. */
  readonly inputs: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Printed below the options. */
  readonly help: string;
}

/** Descriptions of all parts, each once. */
export const joined = (texts: readonly string[], between = '; '): string => [...new Set(texts)].join(between);

/** Adds the options of all parts. One that several have is added once, with what differs in its description. */
export function addOptions(command: Command, parts: readonly Part[]): void {
  const added = new Map<string, Option>();
  for (const { options, inputs } of parts) {
    for (const option of options) {
      const same = added.get(option.name());
      if (same) same.description = bothDescriptions(same.description, option.description, inputs);
      else added.set(option.name(), option);
    }
  }
  for (const option of added.values()) {
    const owners = ownersOf(option.name(), parts);
    if (owners.length < parts.length && option.helpGroupHeading === ownGroup) {
      option.helpGroup(`${owners.map(({ inputs }) => inputs[0].toUpperCase() + inputs.slice(1)).join(', ')}:`);
    }
    command.addOption(option);
  }
}

/** The heading of a task's own options. */
export const ownGroup = 'Data and model:';

const ownersOf = (name: string, parts: readonly Part[]): Part[] =>
  parts.filter(({ options }) => options.some((option) => option.name() === name));

/** `batch size (default 32; images: 64)` */
function bothDescriptions(first: string, second: string, inputs: string): string {
  if (first === second) return first;
  const withDefault = /^(.*) \(default ([^()]*)\)$/;
  const [, stem, byDefault] = withDefault.exec(first) ?? [];
  const [, otherStem, other] = withDefault.exec(second) ?? [];
  if (stem !== undefined && stem === otherStem) return `${stem} (default ${byDefault}; ${inputs}: ${other})`;
  return `${first}; ${inputs}: ${second}`;
}

/**
 * Checks that the options that were given are those of the part that was chosen.
 * @throws Failure naming the first one that belongs to another part
 */
export function requireOwnOptions(command: Command, parts: readonly Part[], chosen: Part): void {
  for (const option of command.options) {
    if (command.getOptionValueSource(option.attributeName()) !== 'cli') continue;
    const owners = ownersOf(option.name(), parts);
    if (owners.length === 0 || owners.includes(chosen)) continue;
    throw new Failure(
      `${pathOf(command)}: ${option.long} is an option for ${joined(
        owners.map(({ inputs }) => inputs),
        ' or ',
      )}, and these are ${chosen.inputs}; leave it out`,
      2,
    );
  }
}
