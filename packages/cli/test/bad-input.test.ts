import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors } from 'unrolled/io';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, small, start, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const train = (...args: string[]) => unrolled(cwd, 'train', ...args, ...small);

beforeAll(async () => {
  const ended = await train('text.txt', '--out', 'whole', '--steps', '20', '--checkpoint-every', '10');
  expect(ended).toMatchObject({ code: 0, stderr: '' });
});

/** A finished run of its own for a test, that can be damaged. */
function newRun(name: string): string {
  cpSync(join(cwd, 'whole'), join(cwd, name), { recursive: true });
  return join(cwd, name);
}

describe('texts that cannot be trained on', () => {
  beforeAll(() => {
    file('empty.txt', '');
    file('blank.txt', ' \n\n ');
    file('letter.txt', 'x');
    file('binary.bin', Uint8Array.of(0x41, 0x42, 0, 1, 2));
    file('latin1.txt', Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x0a));
    mkdirSync(file('nothing'));
    writeFileSync(join(file('nothing'), '.hidden'), 'hidden text');
    writeFileSync(join(file('nothing'), 'picture'), Uint8Array.of(0, 1, 2));
    symlinkSync('loop', file('loop'));
    file('utf16.txt', Uint8Array.of(0xff, 0xfe, 0x41, 0, 0x42, 0));
  });

  test.concurrent.each<[string, string[], string[]]>([
    ['that is not there', ['lost.txt'], ['lost.txt', 'there is no such file']],
    ['that is empty', ['empty.txt'], ['empty.txt', 'the file is empty']],
    ['that is blank', ['blank.txt'], ['blank.txt', 'only blanks']],
    ['of one character', ['letter.txt'], ['1 token', 'at least two']],
    ['too short for a batch', ['text.txt', '--batch', '9999'], ['too few for 9999 rows', 'smaller batch']],
    ['that is binary', ['binary.bin'], ['binary.bin', 'binary file', 'byte 2']],
    ['in Latin-1', ['latin1.txt'], ['latin1.txt', 'UTF-8', '0xe9', 'offset 3']],
    ['in UTF-16', ['utf16.txt'], ['utf16.txt', 'UTF-16', 'iconv']],
    ['shorter than --seq', ['text.txt', '--seq', '99999'], ['--seq 99999', 'at most', 'steps']],
    ['in a folder without any', ['nothing'], ['nothing', 'no text file']],
    ['behind a link to itself', ['loop'], ['loop', 'circle']],
  ])('a text %s', async (_, args, words) => {
    const batch = args.includes('--batch') ? [] : ['--out', 'never'];
    const ended = await unrolled(cwd, 'train', ...args, ...batch);
    expectComplaint(ended, 1, ...words);
    expect(ended.stdout).toBe('');
  });
});

describe('folders that are not free', () => {
  test('a folder with other files is not changed', async () => {
    mkdirSync(file('mine'));
    writeFileSync(join(file('mine'), 'tokenizer.json'), 'precious');
    const ended = await unrolled(cwd, 'train', 'text.txt', '--out', 'mine', ...small);
    expectComplaint(ended, 1, 'mine', 'other files', '--out');
    expect(readFileSync(join(file('mine'), 'tokenizer.json'), 'utf8')).toBe('precious');
  });

  test('two processes do not train in one folder', async () => {
    const first = start(cwd, ['train', 'text.txt', '--out', 'shared', '--steps', '1000000', ...small]);
    await first.printed('step ');
    const second = await unrolled(cwd, 'train', '--resume', 'shared');
    expectComplaint(second, 1, 'shared', 'is training here');
    first.process.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    const third = await unrolled(cwd, 'train', '--resume', 'shared', '--steps', '1');
    expect(third.code).toBe(0);
  });
});

describe('complaints', () => {
  test.each([
    [['text.txt'], 'unrolled train text.txt'],
    [['table.csv'], 'unrolled forecast train table.csv'],
    [['classify', 'text.txt'], 'unrolled classify train text.txt'],
    [['whole'], 'unrolled studio whole'],
  ])('%o in place of a command is told what to do with it', async (args, how) => {
    file('table.csv', 'x\n1\n');
    expectComplaint(await unrolled(cwd, ...args), 2, `unknown command '${args.at(-1)}'`, how);
  });

  test('do not grow with the input', async () => {
    const { stderr, code } = await unrolled(cwd, 'train', 'x'.repeat(100_000));
    expect([code, stderr.length < 2100]).toEqual([1, true]);
    expect(stderr).toMatch(/^unrolled: x+ \[…\] x+: the name is too long\n$/);
    const option = await unrolled(cwd, 'train', 'text.txt', '--cell', 'y'.repeat(100_000));
    expect([option.code, option.stderr.length < 2100]).toEqual([2, true]);
  });

  test('are also an event with --json', async () => {
    const ended = await unrolled(cwd, 'train', 'lost.txt', '--json');
    expectComplaint(ended, 1, 'lost.txt');
    expect(JSON.parse(ended.stdout)).toEqual({ type: 'error', message: ended.stderr.slice('unrolled: '.length, -1) });
  });
});

describe('options that cannot work', () => {
  test.concurrent.each<[string, string[], string[]]>([
    ['no text', [], ['no text given', '--resume']],
    ['an unknown option', ['text.txt', '--hiden', '3'], ["unknown option '--hiden'", '--hidden']],
    ['an unknown cell', ['text.txt', '--cell', 'lsmt'], ['lsmt', 'lstm', 'gru', 'rnn']],
    ['an unknown optimizer', ['text.txt', '--optimizer', 'adm'], ['adam', 'sgd']],
    ['an unknown schedule', ['text.txt', '--schedule', 'x'], ['constant']],
    ['an unknown kind of tokens', ['text.txt', '--tokens', 'bytes'], ['char', 'word']],
    ['a vocabulary of nothing', ['text.txt', '--vocab', '0'], ['--vocab', 'whole number from 1']],
    ['no hidden units', ['text.txt', '--hidden', '0'], ['--hidden', 'whole number from 1']],
    ['half a layer', ['text.txt', '--layers', '1.5'], ['--layers', 'whole number']],
    ['a word for a number', ['text.txt', '--steps', 'many'], ['--steps', 'whole number']],
    ['an empty number', ['text.txt', '--lr', ''], ['--lr', 'above 0']],
    ['a negative rate', ['text.txt', '--lr', '-1'], ['--lr', 'above 0']],
    ['dropout of everything', ['text.txt', '--dropout', '1'], ['--dropout', 'below 1']],
    ['a seed too large', ['text.txt', '--seed', '4294967296'], ['--seed', 'to 4294967295']],
    ['too many threads', ['text.txt', '--threads', '65'], ['--threads', 'from 1 to 64']],
    ['a folder without a name', ['text.txt', '--out', ''], ['--out', 'name a folder']],
    ['--checkpoint without --resume', ['text.txt', '--checkpoint', 'best'], ['--checkpoint', '--resume']],
    ['--out with --resume', ['--resume', 'run', '--out', 'x'], ['--out', '--resume']],
  ])('train: %s', async (_, args, words) => {
    expectComplaint(await unrolled(cwd, 'train', ...args), 2, ...words);
  });

  test.concurrent.each<[string, string[], string[]]>([
    ['an unknown command', ['tarin'], ["unknown command 'tarin'", 'train']],
    ['sample without a run', ['sample'], ['run']],
    ['a top-p above 1', ['sample', 'run', '--top-p', '2'], ['--top-p', 'at most 1']],
    ['a negative temperature', ['sample', 'run', '--temperature', '-1'], ['--temperature', 'from 0']],
    ['eval without a text', ['eval', 'run'], ['texts']],
  ])('%s', async (_, args, words) => {
    expectComplaint(await unrolled(cwd, ...args), 2, ...words);
  });

  test.concurrent('words that all occur once', async () => {
    file('words.txt', 'one two three four five six seven\n');
    expectComplaint(await train('words.txt', '--out', 'words', '--tokens', 'word'), 1, 'twice', '--tokens char');
  });

  test.concurrent.each<[string, string, string]>([
    ['char', '300', 'is for words and byte pairs'],
    ['bpe', '200', 'at least 256 tokens'],
    ['word', '1', 'at least 2 tokens'],
  ])('a vocabulary that cannot be: %s %s', async (kind, size, words) => {
    expectComplaint(await train('text.txt', '--out', 'none', '--tokens', kind, '--vocab', size), 1, size, words);
  });

  test.concurrent('sizes that do not fit in memory, with how much is needed', async () => {
    const ended = await unrolled(cwd, 'train', 'text.txt', '--out', 'huge', '--hidden', '100000');
    expectComplaint(ended, 1, '--hidden 100000', 'needs about', 'GiB', 'lower one of them');
    expect(ended.stdout).toBe('');
  });
});

describe('folders', () => {
  test.concurrent('a run that exists is not written over', async () => {
    const run = newRun('exists');
    const before = readFileSync(join(run, 'events.jsonl'));
    expectComplaint(await train('text.txt', '--out', 'exists'), 1, 'exists', '--resume exists', '--out');
    expect(readFileSync(join(run, 'events.jsonl'))).toEqual(before);
  });

  test.concurrent('a file where a folder is needed', async () => {
    expectComplaint(await train('text.txt', '--out', 'text.txt'), 1, 'text.txt', 'something else has that name');
    expectComplaint(await train('text.txt', '--out', 'text.txt/x'), 1, 'text.txt/x', 'not a folder');
  });

  test.concurrent('something that is no run', async () => {
    expectComplaint(await train('--resume', 'nowhere'), 1, 'nowhere', 'not a run folder');
    expectComplaint(await train('--resume', '.'), 1, 'not a run folder', 'config.json');
    expectComplaint(await unrolled(cwd, 'sample', 'nowhere'), 1, 'nowhere', 'no such run');
    expectComplaint(await unrolled(cwd, 'sample', '.'), 1, 'no checkpoint');
    expectComplaint(await unrolled(cwd, 'eval', 'text.txt', 'text.txt'), 1, 'text.txt', 'safetensors');
  });
});

describe('a run that was damaged', () => {
  test.concurrent.each<[string, (config: { options: object }) => unknown, string]>([
    ['cut off', (config) => JSON.stringify(config).slice(0, 50), 'not valid JSON'],
    ['without options', () => ({ files: [{ path: 'x' }] }), 'options.'],
    ['without files', (config) => ({ ...config, files: [] }), 'files'],
    ['of other types', (config) => ({ ...config, options: { ...config.options, hidden: '16' } }), 'options.hidden'],
    ['of another kind', () => null, 'missing or has the wrong type'],
    ['with other sizes', (config) => ({ ...config, options: { ...config.options, hidden: 24 } }), ''],
  ])('config.json %s', async (kind, damage, words) => {
    const run = newRun(`config ${kind}`);
    const path = join(run, 'config.json');
    const damaged = damage(JSON.parse(readFileSync(path, 'utf8')));
    writeFileSync(path, typeof damaged === 'string' ? damaged : JSON.stringify(damaged));
    expectComplaint(await unrolled(cwd, 'train', '--resume', run, '--steps', '30'), 1, words);
  });

  test.concurrent.each<[string, (path: string) => void, string]>([
    ['cut off', (path) => truncateSync(path, 5000), 'cut off'],
    ['empty', (path) => truncateSync(path, 0), '0 bytes'],
    ['altered', (path) => alter(path, 6000), 'altered'],
    ['altered in its header', (path) => alter(path, 40), ''],
    ['a text', (path) => writeFileSync(path, 'this is not a checkpoint at all'), 'not a safetensors file'],
    ['of another program', (path) => writeFileSync(path, foreign), 'no training state'],
    ['a folder', (path) => replaceByFolder(path), 'it is a folder'],
  ])('a checkpoint that is %s', async (kind, damage, words) => {
    const run = newRun(`checkpoint ${kind}`);
    const latest = join(run, 'checkpoints', 'latest.safetensors');
    damage(latest);
    const more = ['train', '--resume', run, '--steps', '30'];
    expectComplaint(await unrolled(cwd, ...more), 1, latest, words, '--checkpoint previous');
    if (kind === 'a folder') return;
    const ended = await unrolled(cwd, ...more, '--checkpoint', 'previous');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('after step 10');
  });

  test.concurrent('sample and eval report it, and accept another checkpoint', async () => {
    const run = newRun('damaged best');
    const best = join(run, 'checkpoints', 'best.safetensors');
    alter(best, 6000);
    expectComplaint(await unrolled(cwd, 'sample', run), 1, best, 'altered', '--checkpoint latest');
    expectComplaint(await unrolled(cwd, 'eval', run, 'text.txt'), 1, best, 'altered', '--checkpoint latest');
    expect(await unrolled(cwd, 'sample', run, '--checkpoint', 'latest', '--length', '5')).toMatchObject({ code: 0 });
  });
});

describe('options and files that do not fit a run', () => {
  const run = join(cwd, 'whole');
  beforeAll(() => {
    file('other.txt', 'an entirely different text, '.repeat(200));
    file('almost.txt', readFileSync(file('text.txt'), 'utf8').replace('shore she', 'shell she'));
  });

  test.concurrent('a prompt with a character the model does not know', async () => {
    expectComplaint(await unrolled(cwd, 'sample', run, '--prompt', 'Q'), 1, "'Q'", 'U+0051', 'vocabulary');
  });

  test.concurrent('an evaluation of a text of unknown tokens only', async () => {
    file('digits.txt', '1234567890');
    expectComplaint(await unrolled(cwd, 'eval', run, 'digits.txt'), 1, 'digits.txt', 'vocabulary');
  });

  test.concurrent.each(['other.txt', 'almost.txt'])('another text, %s', async (name) => {
    const ended = await unrolled(cwd, 'train', name, '--resume', run, '--steps', '30');
    expectComplaint(ended, 1, 'is not the file this run was trained on');
    expect(readFileSync(join(run, 'config.json'), 'utf8')).toContain('"steps": 20');
  });

  test.concurrent.each([
    ['--hidden', '32', '16'],
    ['--lr', '1', '0.003'],
    ['--cell', 'lstm', 'gru'],
    ['--clip-norm', '5', '1'],
  ])('%s %s', async (flag, value, stored) => {
    const ended = await unrolled(cwd, 'train', '--resume', run, flag, value);
    expectComplaint(ended, 2, `${flag} ${value}`, `started with ${stored}`);
  });

  test.concurrent('a finished run prints how to train longer', async () => {
    const ended = await unrolled(cwd, 'train', '--resume', run);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('--steps 40');
  });
});

describe('a loss that is no longer finite', () => {
  const wild = ['--lr', '1e38', '--optimizer', 'sgd', '--clip-norm', '0'];

  test.concurrent('names the option to lower and the checkpoint that was saved', async () => {
    const ended = await train('text.txt', '--out', 'wild', ...wild, '--checkpoint-every', '1');
    expectComplaint(ended, 1, 'lower the learning rate', '1e+38', 'last good checkpoint', 'latest.safetensors');
    expect(await unrolled(cwd, 'sample', 'wild', '--length', '3')).toMatchObject({ code: 0 });
  });

  test.concurrent('also before the first checkpoint', async () => {
    expectComplaint(
      await train('text.txt', '--out', 'wilder', ...wild),
      1,
      'lower the learning rate',
      'no checkpoint yet',
    );
  });
});

const foreign = encodeSafetensors({ tensors: { x: { shape: [2], data: Float32Array.of(1, 2) } }, metadata: {} });

function alter(path: string, place: number): void {
  const bytes = readFileSync(path);
  bytes[place] ^= 1;
  writeFileSync(path, bytes);
}

function replaceByFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}
