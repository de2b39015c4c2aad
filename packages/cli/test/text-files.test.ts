import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readTextFiles } from '../src/text-files.ts';
import { workplace } from './command.ts';

const { path: cwd } = workplace(afterAll);

function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(cwd, 'folder-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const names = (folder: string, files: readonly { path: string }[]): string[] =>
  files.map(({ path }) => relative(folder, path));

test('a folder gives its text files in the order of their names, and none of the rest', () => {
  const folder = folderOf({
    'b.txt': 'second',
    'a/z.md': 'first',
    'c/deep/er/x.ts': 'third\n',
    '.git/config': 'hidden',
    '.env': 'hidden',
    'node_modules/x/index.js': 'not ours',
    'c/node_modules/y.js': 'not ours',
    'picture.png': Uint8Array.of(0x89, 0x50, 0, 0),
    'latin1.txt': Uint8Array.of(0xe9),
    'runs/old/events.jsonl': '{}',
    'runs/old/config.json': '{}',
    'runs/old/checkpoints/latest.safetensors': 'x',
    'runs/old/samples/step-000001.txt': 'what a model wrote',
  });
  symlinkSync('..', join(folder, 'c', 'up'));
  symlinkSync('loop', join(folder, 'loop'));
  symlinkSync('nowhere', join(folder, 'broken'));
  const { texts, files, skipped } = readTextFiles([folder]);
  expect(names(folder, files)).toEqual(['a/z.md', 'b.txt', 'c/deep/er/x.ts']);
  expect(texts).toEqual(['first', 'second', 'third\n']);
  expect(skipped).toBe(2);
});

test('files and folders keep the order they are given in', () => {
  const folder = folderOf({ 'one.txt': '1', 'more/two.txt': '2' });
  const { texts } = readTextFiles([join(folder, 'more'), join(folder, 'one.txt')]);
  expect(texts).toEqual(['2', '1']);
});

test('a byte order mark is no part of the text', () => {
  const folder = folderOf({ 'mark.txt': '\uFEFFtext' });
  expect(readTextFiles([folder]).texts).toEqual(['text']);
});
