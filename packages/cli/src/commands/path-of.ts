import type { Command } from 'commander';

/** What is typed for a command after `unrolled`: `classify predict`. */
export function pathOf(command: Command): string {
  const above = command.parent?.parent ? `${command.parent.name()} ` : '';
  return `${above}${command.name()}`;
}
