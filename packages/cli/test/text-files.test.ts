import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { text as wholeOf } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { readTextFiles, textExtension, textStream } from '../src/input/text-files.ts';
import { expectComplaint, small, start, text, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(cwd, 'folder-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** The texts of a folder by their names, and what was said of those that were left out. */
function read(folder: string): { found: Record<string, string>; warnings: string[]; binary: number } {
  const warnings: string[] = [];
  const { files, texts, binary } = readTextFiles([folder], { warn: (line) => warnings.push(line) });
  const found = Object.fromEntries(files.map(({ path }, i) => [relative(folder, path), texts[i]]));
  return { found, warnings: warnings.map((line) => line.replaceAll(`${folder}/`, '')), binary };
}

describe('a folder', () => {
  test('yields only its text files, in the order of their names', () => {
    const folder = folderOf({
      'b.txt': 'second',
      'a/z.md': 'first',
      'a.txt': 'between',
      'c/deep/er/x.ts': 'third\n',
      '.git/config': 'hidden',
      '.env': 'hidden',
      'node_modules/x/index.js': 'not ours',
      'c/node_modules/y.js': 'not ours',
      'picture.png': Uint8Array.of(0x89, 0x50, 0, 0),
      'runs/old/events.jsonl': '{}',
      'runs/old/config.json': '{}',
      'runs/old/checkpoints/latest.safetensors': 'x',
      'runs/old/samples/step-000001.txt': 'what a model wrote',
    });
    const { found, warnings, binary } = read(folder);
    expect(Object.entries(found)).toEqual([
      ['a/z.md', 'first'],
      ['a.txt', 'between'],
      ['b.txt', 'second'],
      ['c/deep/er/x.ts', 'third\n'],
    ]);
    expect({ warnings, binary }).toEqual({ warnings: [], binary: 1 });
  });

  test('reports skipped files with the reason, and reads the rest', () => {
    const folder = folderOf({
      'fine.txt': 'fine',
      'latin1.txt': Uint8Array.of(0x63, 0xe9, 0x0a),
      'utf16.txt': Uint8Array.of(0xff, 0xfe, 0x41, 0),
      'half.gz': gzipSync(text).subarray(0, -9),
    });
    symlinkSync('loop', join(folder, 'loop'));
    symlinkSync('nowhere', join(folder, 'broken'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const { found, warnings } = read(folder);
    expect(found).toEqual({ 'fine.txt': 'fine' });
    const all = ['pipe', 'broken', 'loop', 'half.gz', 'latin1.txt'];
    expect(warnings.map((line) => /^Left out (\S+): /.exec(line)?.[1])).toEqual([...all, undefined]);
    expect(warnings.at(-1)).toBe('Left out 1 more file');
    expect(warnings.join('\n')).toMatch(/0xe9 at offset 1.*iconv/);
    expect(warnings.join('\n')).toMatch(/circle.*\n.*gzip data is damaged/);
  });

  test('with a file that cannot be read gives the others', () => {
    // Nobody may open this one, not even the administrator.
    if (process.platform !== 'linux') return;
    const folder = folderOf({ 'fine.txt': 'fine' });
    symlinkSync('/proc/self/mem', join(folder, 'unreadable'));
    symlinkSync('/proc/1/task/1/fd/999/x', join(folder, 'gone'));
    const { found, warnings } = read(folder);
    expect(found).toEqual({ 'fine.txt': 'fine' });
    expect(warnings).toHaveLength(2);
  });

  test('follows links to files and folders, and reads each file once, however links lead round', () => {
    const folder = folderOf({ 'in/z.txt': 'own', 'in/sub/y.txt': 'deep' });
    const outside = folderOf({ 'far/x.txt': 'outside', 'single.txt': 'single' });
    symlinkSync('z.txt', join(folder, 'in', 'a-link.txt'));
    symlinkSync('..', join(folder, 'in', 'up'));
    symlinkSync(join(outside, 'single.txt'), join(folder, 'single'));
    symlinkSync(join(outside, 'single.txt'), join(folder, 'single-again'));
    symlinkSync(join(outside, 'far'), join(folder, 'far'));
    symlinkSync(folder, join(outside, 'far', 'back'));
    const { found, warnings } = read(folder);
    expect(found).toEqual({
      'far/x.txt': 'outside',
      'in/sub/y.txt': 'deep',
      'in/z.txt': 'own',
      single: 'single',
    });
    expect(warnings.sort()).toEqual([
      'Left out far/back: it links to a folder that is read already',
      'Left out in/up: it links to a folder that is read already',
    ]);
  });

  test('without text files is an error that names its contents', () => {
    const latin = folderOf({ 'a.txt': Uint8Array.of(0xe9), 'b.png': Uint8Array.of(0) });
    expect(() => readTextFiles([latin])).toThrow(/no text files found \(1 binary file; .*a.txt: it is not UTF-8/);
    expect(() => readTextFiles([folderOf({ 'a.txt': '', 'b.txt': '' })])).toThrow('all files are empty');
    expect(() => readTextFiles([folderOf({ 'a.txt': ' \n' })])).toThrow('only blanks and line breaks');
  });
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

test('something binary larger than any text is called binary, and text of that size too large', () => {
  const [huge, zeros] = [file('huge.txt', 'a'.repeat(2 ** 17)), file('zeros', Uint8Array.of(0))];
  truncateSync(zeros, 2 ** 30);
  expect(() => readTextFiles([zeros])).toThrow('it is a binary file');
  truncateSync(huge, 2 ** 30);
  expect(() => readTextFiles([huge])).toThrow('more than 400 MiB of text');
  for (const path of [zeros, huge]) rmSync(path);
});

describe('gzip', () => {
  const packed = (name: string, content: string) => file(name, gzipSync(content));

  test('is recognised by its content, whole or as a stream', async () => {
    const content = 'naïve 🙂 text\n'.repeat(20_000);
    const { texts, files } = readTextFiles([packed('a.txt.gz', content)]);
    expect(texts).toEqual([content]);
    // A run may be resumed with the plain file.
    expect(files[0].sha256).toBe(readTextFiles([file('a.txt', content)]).files[0].sha256);
    for (const name of ['a.txt', 'a.txt.gz']) expect(await wholeOf(textStream(file(name)))).toBe(content);
    expect(['x.CSV.gz', 'x.csv', 'x.gz', 'x'].map(textExtension)).toEqual(['.csv', '.csv', '', '']);
  });

  test('that is cut off is named, and one that would fill the memory is refused', async () => {
    const cut = file('cut.gz', gzipSync(text).subarray(0, -9));
    expect(() => readTextFiles([cut])).toThrow(`${cut}: its gzip data is damaged`);
    await expect(wholeOf(textStream(cut))).rejects.toThrow(`${cut}: its gzip data is damaged`);
    const bomb = file('bomb.gz', Buffer.concat(Array(5).fill(gzipSync(Buffer.alloc(100 * 2 ** 20, 'a')))));
    expect(() => readTextFiles([bomb])).toThrow('it decompresses to more than 400 MiB');
  });

  test('trains a run of its own name', async () => {
    packed('sea.txt.gz', text);
    expect(await unrolled(cwd, 'train', 'sea.txt.gz', ...small, '--steps', '3')).toMatchObject({ code: 0, stderr: '' });
    expect(await unrolled(cwd, 'eval', 'runs/sea', 'sea.txt.gz')).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('the standard input and pipes', () => {
  const steps = [...small, '--steps', '3'];
  const configOf = (run: string) => JSON.parse(readFileSync(join(cwd, run, 'config.json'), 'utf8'));

  test.each(['-', '/dev/stdin'])('train %s', async (path) => {
    const out = `from ${path.replaceAll('/', '')}`;
    const running = start(cwd, ['train', path, '--out', out, ...steps]);
    running.process.stdin!.end(text);
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    expect(configOf(out).files).toMatchObject([{ path, bytes: text.length, piped: true }]);
    expectComplaint(
      await unrolled(cwd, 'train', '--resume', out, '--steps', '5'),
      1,
      'pipe',
      'give the same again',
      'FILE',
    );
    const more = await unrolled(cwd, 'train', 'text.txt', '--resume', out, '--steps', '5');
    expect(more).toMatchObject({ code: 0, stderr: '' });
  });

  test('a FIFO and a process substitution', async () => {
    execFileSync('mkfifo', [join(cwd, 'fifo')]);
    const running = start(cwd, ['train', 'fifo', '--out', 'from fifo', ...steps]);
    spawn('sh', ['-c', 'cat text.txt > fifo'], { cwd });
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
    const { files } = configOf('from fifo');
    expect(files).toMatchObject([{ path: 'fifo', piped: true }]);

    const main = new URL('../src/main.ts', import.meta.url).pathname;
    const line = `"${process.execPath}" "${main}" eval 'from fifo' <(cat text.txt) --json`;
    const { tokens } = JSON.parse(execFileSync('bash', ['-c', line], { cwd, encoding: 'utf8' }));
    expect(tokens).toBe(text.length - 1);
  });

  test('is read once, and may be empty or binary', async () => {
    const piped = (input: string | Uint8Array, ...args: string[]) => {
      const running = start(cwd, ['train', ...args, '--out', 'never']);
      running.process.stdin!.end(input);
      return running.ended;
    };
    expectComplaint(await piped(text, '-', '-'), 1, '-: the standard input can be read only once');
    expectComplaint(await piped('', '-'), 1, '-: the file is empty');
    expectComplaint(await piped(Uint8Array.of(65, 0), '-'), 1, '-: it is a binary file');
    expectComplaint(await unrolled(cwd, 'train', '/dev/zero', '--out', 'never'), 1, '/dev/zero: it is a binary file');
  });
});
