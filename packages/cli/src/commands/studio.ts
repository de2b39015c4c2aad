import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { Failure } from '../failure.ts';
import { option, whole } from '../options.ts';
import { RunFolder } from '../run-folder.ts';
import { sharedRuns } from '../studio/run-files.ts';
import { serveStudio } from '../studio/server.ts';

interface StudioFlags {
  port?: number;
  open?: boolean;
  texts?: boolean;
}

export function studioCommand(): Command {
  return new Command('studio')
    .description('a page in which networks train and show what happens inside them')
    .argument('[runs...]', 'run folders to follow while the command trains them, and to look into')
    .addOption(option('--port <n>', 'where to listen on this machine (default: any free port)', whole(1, 65_535)))
    .option('--open', 'open the page in the browser')
    .option('--texts', 'show the page the texts that the runs learn, too')
    .addHelpText(
      'after',
      `
Examples:
  unrolled studio
  unrolled studio runs/shakespeare --open
  unrolled studio runs/a runs/b --texts

The page is served to this machine alone. Ctrl-C ends it; runs that train in the page end with the page.`,
    )
    .action(studio);
}

async function studio(paths: string[], { port = 0, open = false, texts = false }: StudioFlags): Promise<void> {
  for (const path of paths) {
    if (!new RunFolder(path).exists) {
      throw new Failure(`${path}: there is no run here; a run's folder has a config.json`);
    }
  }
  const server = await serveStudio(sharedRuns(paths, texts), port);
  process.stdout.write(`The studio is at ${server.url}\nCtrl-C ends it.\n`);
  if (open) openInBrowser(server.url);
  await new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve());
  });
  await server.close();
}

/** Where that cannot be done, the address was printed. */
function openInBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'win32'
      ? ['cmd', '/c', 'start', '', url]
      : [process.platform === 'darwin' ? 'open' : 'xdg-open', url];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write('unrolled: no browser could be opened; open the address yourself\n'));
  child.unref();
}
