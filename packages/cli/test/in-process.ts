import type { Command } from 'commander';

/** What a command prints on standard output, run in this process: ten times as fast as in its own. */
export async function printedBy(command: Command, ...args: string[]): Promise<string> {
  const { stdout, stderr } = process;
  const [out, err] = [stdout.write, stderr.write];
  let printed = '';
  stdout.write = (text: string | Uint8Array) => {
    printed += text;
    return true;
  };
  stderr.write = () => true;
  try {
    for (const one of [command, ...command.commands]) one.exitOverride();
    await command.parseAsync(args, { from: 'user' });
    return printed;
  } finally {
    [stdout.write, stderr.write] = [out, err];
  }
}
