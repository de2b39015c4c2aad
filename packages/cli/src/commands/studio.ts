import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { Failure } from '../failure.ts';
import { option, whole } from '../options/parse.ts';
import { RunFolder } from '../run/folder.ts';
import { sharedRuns } from '../studio/run-files.ts';
import { serveStudio } from '../studio/server.ts';

interface StudioFlags {
  port?: number;
  open?: boolean;
  texts?: boolean;
}

export function studioCommand(): Command {
  return new Command('studio')
    .description('open a page that trains networks and shows what happens inside them')
    .argument('[runs...]', 'run folders to show, finished or still training')
    .addOption(option('--port <n>', 'port to listen on (default: any free port)', whole(1, 65_535)))
    .option('--open', 'open the page in the browser')
    .option('--texts', 'also serve the texts of the runs')
    .addHelpText(
      'after',
      `
Examples:
  unrolled studio
  unrolled studio runs/shakespeare --open
  unrolled studio runs/a runs/b --texts

The page is served to this machine only. Ctrl-C stops the server; training in the page stops when the page is closed.`,
    )
    .action(studio);
}

async function studio(paths: string[], { port = 0, open = false, texts = false }: StudioFlags): Promise<void> {
  for (const path of paths) {
    if (!new RunFolder(path).exists) {
      throw new Failure(`${path}: this is not a run folder; it has no config.json`);
    }
  }
  const server = await serveStudio(sharedRuns(paths, texts), port);
  process.stdout.write(`Studio: ${server.url}\nPress Ctrl-C to stop.\n`);
  if (open) openInBrowser(server.url);
  await new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve());
  });
  await server.close();
}

/** If there is no browser to open, the address is on the screen. */
function openInBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'win32'
      ? ['cmd', '/c', 'start', '', url]
      : [process.platform === 'darwin' ? 'open' : 'xdg-open', url];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => process.stderr.write('unrolled: cannot open a browser; open the address yourself\n'));
  child.unref();
}
