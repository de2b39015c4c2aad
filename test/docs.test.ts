import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/*.md', 'test/golden/*.md'], { cwd: root }).sort();

/** The addresses of headings, as GitHub makes them, and of marked places. */
function anchors(page: string): Set<string> {
  const text = read(page).replace(/^```.*?^```/gms, '');
  const marked = Array.from(text.matchAll(/<a id="([^"]+)"/g), ([, id]) => id);
  const seen = new Map<string, number>();
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading]) => {
    const slug = heading
      .replaceAll(/[`\\]/g, '')
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set([...marked, ...headings]);
}

const anchorsOf = new Map(pages.map((page) => [page, anchors(page)]));

test('every link of README and docs leads to a file or a heading that exists', () => {
  const broken = pages.flatMap((page) => {
    const text = read(page).replace(/^```.*?^```/gms, '');
    const links = Array.from(text.matchAll(/\]\((?!\w+:)([^)\s]*)\)/g), ([, link]) => link);
    return links
      .filter((link) => {
        const [path, anchor] = link.split('#');
        const target = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && target.endsWith('.md') && !anchorsOf.get(target)?.has(anchor);
      })
      .map((link) => `${page} → ${link}`);
  });
  expect(broken).toEqual([]);
});

test.each(['train', 'sample'])('every option in the table of `%s` in docs/command.md exists', (command) => {
  const help = execFileSync(process.execPath, [join(root, 'packages/cli/src/main.ts'), command, '--help'], {
    encoding: 'utf8',
  });
  const [, section] = read('docs/command.md').split(`\n## ${command}\n`);
  const rows = section
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => line.startsWith('| `--'));
  const options = rows.flatMap((line) => line.split('|')[1].match(/--[a-z-]+/g) ?? []);
  expect(options.length).toBeGreaterThan(5);
  for (const option of options) expect(help).toContain(`${option} `);
});

test('the API reference is what `npm run docs` makes of the docstrings', () => {
  const out = mkdtempSync(join(tmpdir(), 'unrolled-api-'));
  try {
    const typedoc = join(root, 'tools/node_modules/typedoc/bin/typedoc');
    const options = join(root, 'tools/typedoc.json');
    execFileSync(process.execPath, [typedoc, '--options', options, '--out', out, '--logLevel', 'Error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const files = (folder: string): string[] => globSync('**/*.md', { cwd: folder }).sort();
    expect(files(join(root, 'docs/api')), 'run: npm run docs').toEqual(files(out));
    const stale = files(out).filter((file) => read(join('docs/api', file)) !== readFileSync(join(out, file), 'utf8'));
    expect(stale, 'run: npm run docs').toEqual([]);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}, 180_000);
