import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { readEvents, small, tensorsOf, workplace } from './command.ts';

const { path: cwd } = workplace(afterAll);
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';

/** Runs the command in a terminal of its own, 80 columns wide; the keys are typed once a sample has been shown. */
async function inTerminal(args: string[], keys: string): Promise<{ code: number | null; screen: string }> {
  const command = ['stty', 'cols', '80', 'rows', '24', '&&', 'exec', process.execPath, main, ...args].join(' ');
  const child = spawn('script', ['-q', '-e', '-f', '-c', command, '/dev/null'], { cwd });
  let screen = '';
  let typed = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk;
    if (typed || !screen.includes('│')) return;
    typed = true;
    void sleep(50).then(() => child.stdin.write(keys));
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, screen };
}

// Another system's `script` takes other options.
describe.skipIf(!script.stdout?.includes('util-linux'))('in a terminal', () => {
  const often = ['--sample-every', '20', '--validate-every', '20'];

  test('Ctrl-C saves a checkpoint, prints how to resume and restores the cursor', async () => {
    const { code, screen } = await inTerminal(
      ['train', 'text.txt', '--out', 'run', ...small, ...often, '--steps', '1000000'],
      '\x03',
    );
    expect(code).toBe(130);
    expect(screen).toContain('Stopped after');
    expect(screen).toContain('Resume with: npx unrolled train --resume run');
    expect(screen).toContain(hideCursor);
    expect(screen.lastIndexOf(showCursor)).toBeGreaterThan(screen.lastIndexOf(hideCursor));
    expect(readEvents(join(cwd, 'run')).at(-1)).toMatchObject({ type: 'done', reason: 'aborted' });
    tensorsOf(join(cwd, 'run'));
  });

  test('a run to its end shows one progress line, rewritten in its place', async () => {
    const { code, screen } = await inTerminal(
      ['train', 'text.txt', '--out', 'short', ...small, ...often, '--steps', '60'],
      '',
    );
    expect(code).toBe(0);
    expect(screen.match(/Finished after 60 steps/g)).toHaveLength(1);
    expect(screen.lastIndexOf(showCursor)).toBeGreaterThan(screen.lastIndexOf(hideCursor));
    // The line before is erased, not scrolled away.
    expect(screen).toContain('\x1b[2K');
    const rows = stripVTControlCharacters(screen).split(/[\r\n]+/);
    for (const row of rows) expect(row.length).toBeLessThan(80);
  });
});
