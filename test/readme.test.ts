import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const programs = Array.from(readme.matchAll(/```ts\n(.*?)```/gs), ([, code]) => code);
/** In the repository, so that the programs find the library by its name. */
const folder = join(root, 'test', '.cache');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `readme-${programs.indexOf(program)}.ts`);
  writeFileSync(file, `const text = 'she sells sea shells by the sea shore. '.repeat(60);\n${program}`);
  return execFileSync(process.execPath, [file], { encoding: 'utf8' });
}

test("the README's programs run as they stand there", () => {
  expect(programs).toHaveLength(2);
  const [training, layer] = programs.map(run);
  expect(training).toMatch(/^10 \d/);
  expect(training.trimEnd().split('\n').at(-1)).toContain('sea shells by the sea shore');
  expect(layer).toBe('[ 128, 32 ]\n');
  // Half a minute of work, on a machine that may have more to do.
}, 240_000);

test("every option of the README's table exists", () => {
  const help = execFileSync(process.execPath, [join(root, 'packages/cli/src/main.ts'), 'train', '--help'], {
    encoding: 'utf8',
  });
  const named = readme.split('\n').filter((line) => line.startsWith('| `--'));
  const options = named.flatMap((line) => line.split('|')[1].match(/--[a-z-]+/g) ?? []);
  expect(options.length).toBeGreaterThan(20);
  for (const option of options) expect(help).toContain(`${option} `);
});
