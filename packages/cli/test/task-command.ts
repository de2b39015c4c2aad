import { vi } from 'vitest';
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
    const [out, err] = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockReturnValue(true),
    );
    try {
      const group = taskCommands().find((command) => command.name() === name)!;
      for (const command of [group, ...group.commands]) command.exitOverride();
      await group.parseAsync([...args, '--threads', '1'], { from: 'user' });
      return { out: out.mock.calls.join(''), err: err.mock.calls.join('') };
    } finally {
      out.mockRestore();
      err.mockRestore();
    }
  };
