import { taskCommands } from '../src/commands/task.ts';

/** What a command printed. */
export interface Printed {
  readonly out: string;
  readonly err: string;
}

/** Runs `unrolled <name> …` in this process. */
export const taskCommand =
  (name: string) =>
  async (...args: readonly string[]): Promise<Printed> => {
    const streams = [process.stdout, process.stderr];
    const own = streams.map((stream) => stream.write);
    const printed = streams.map((stream) => {
      const pieces: string[] = [];
      stream.write = ((piece: string) => pieces.push(piece) > 0) as typeof stream.write;
      return pieces;
    });
    try {
      const group = taskCommands().find((command) => command.name() === name)!;
      for (const command of [group, ...group.commands]) command.exitOverride();
      await group.parseAsync([...args, '--threads', '1'], { from: 'user' });
      const [out, err] = printed.map((pieces) => pieces.join(''));
      return { out, err };
    } finally {
      streams.forEach((stream, i) => {
        stream.write = own[i];
      });
    }
  };
