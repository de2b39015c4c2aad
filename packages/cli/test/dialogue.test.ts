import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDialogues, paintScene, toVisDial, withCandidates } from 'unrolled/tasks/dialogue';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../src/output/png.ts';
import { expectComplaint, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const dialogues = withCandidates(makeDialogues({ seed: 1, count: 12, rounds: 3 }), { seed: 1, count: 10 });
const ids = dialogues.map((_, i) => 40 + i);
const small = ['--hidden', '12', '--embedding', '6', '--threads', '1', '--batch', '4'];
const game = (output = 1): string =>
  '<input> 0.6 -0.4 0.5 -0.2 0.2 0.7 0.6 0.3 </input> <dialogue> YOU: the left one ? <eos> THEM: ok <eos> <selection> </dialogue> ' +
  `<output> ${output} </output>`;

beforeAll(() => {
  mkdirSync(join(cwd, 'scenes'));
  for (const [i, { scene }] of dialogues.entries()) {
    writeFileSync(join(cwd, 'scenes', `scene_${ids[i]}.png`), encodePng(paintScene(scene, i)));
  }
  file('scenes/visdial.json', toVisDial(dialogues, ids));
  file('lost.json', toVisDial(dialogues.slice(0, 2), [40, 99]));
  file('odd.json', '{"data": {}}');
  file('games.txt', `${Array.from({ length: 30 }, (_, i) => game(i % 2)).join('\n')}\n`);
  file('bad.txt', `${game()}\n${game(7)}\n`);
  file('scene.png', 'no image');
});

describe('dialogue about images', () => {
  test('train, resume, predict, eval', async () => {
    const trained = await unrolled(cwd, 'dialogue', 'train', 'scenes', ...small, '--steps', '4');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(/\d+ dialogues with \d+ questions, \d+ more for validation; \d+ different words/);
    const resumed = await unrolled(
      cwd,
      'dialogue',
      'train',
      '--resume',
      'runs/scenes',
      '--steps',
      '6',
      '--threads',
      '1',
    );
    expect(resumed.code).toBe(0);

    const at = ['--image', 'scenes/scene_40.png'];
    const [shown, json, evaluated] = await Promise.all([
      unrolled(cwd, 'dialogue', 'predict', 'runs/scenes', ...at, 'what is it?', 'and now?', '--attention', 'looks.svg'),
      unrolled(
        ...[cwd, 'dialogue', 'predict', 'runs/scenes', ...at, 'and now?', '--json', '--caption', 'a ring'],
        ...['--turns', '[{"question": "is it red?", "answer": "yes"}]'],
      ),
      unrolled(cwd, 'dialogue', 'eval', 'runs/scenes', 'scenes'),
    ]);
    expect(shown.stdout.split('\n').map((line) => line.split('\t')[1])).toEqual(['what is it?', 'and now?', undefined]);
    expect(readFileSync(join(cwd, 'looks-2.svg'), 'utf8')).toContain('look 2');
    expect(JSON.parse(json.stdout)).toMatchObject({ type: 'answer', question: 'and now?' });
    expect(evaluated.stdout).toMatch(/36 questions in 12 dialogues/);
    expect(evaluated.stdout).toMatch(/without history and image/);
    expect(evaluated.stdout).toMatch(/mean rank/);
  });

  test.each([
    [
      'a dialogue without its image',
      ['train', 'scenes', '--dialogues', 'lost.json', '--out', 'runs/lost'],
      1,
      'lost.json: dialog 2',
      "'99'",
    ],
    [
      'a file of another layout',
      ['train', 'scenes', '--dialogues', 'odd.json', '--out', 'runs/odd'],
      1,
      'odd.json: must have data.questions',
    ],
    ['a folder that is not there', ['train', 'nowhere'], 1, 'nowhere'],
    ['no image', ['predict', 'runs/scenes', 'what is it?'], 2, '--image is missing'],
    ['a broken image', ['predict', 'runs/scenes', 'what?', '--image', 'scene.png'], 1, 'scene.png'],
    [
      'turns that are no JSON',
      ['predict', 'runs/scenes', 'what?', '--image', 'scenes/scene_40.png', '--turns', '['],
      2,
      '--turns',
    ],
    [
      'turns that are none',
      ['predict', 'runs/scenes', 'what?', '--image', 'scenes/scene_40.png', '--turns', '[1]'],
      1,
      '--turns',
    ],
  ])('%s is named', async (_, args, code, ...words) => {
    expectComplaint(await unrolled(cwd, 'dialogue', ...(args as string[])), code as number, ...(words as string[]));
  });
});

describe('dialogue about dots', () => {
  test('train, predict, eval', async () => {
    const trained = await unrolled(cwd, 'dialogue', 'train', 'games.txt', ...small, '--min-count', '1', '--steps', '4');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    const [shown, evaluated] = await Promise.all([
      unrolled(cwd, 'dialogue', 'predict', 'runs/games', '--file', 'games.txt', '--picture', 'dots.svg'),
      unrolled(cwd, 'dialogue', 'eval', 'runs/games', 'games.txt', '--json'),
    ]);
    expect(shown.stdout.split('\n')[0]).toMatch(/^dot [12]\t0\.\d+\tgame 1$/);
    expect(readFileSync(join(cwd, 'dots.svg'), 'utf8')).toContain('you: the left one ?');
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ games: 30, chance: 0.5 });
  });

  test.each([
    [
      'a dot that is not there',
      ['train', 'bad.txt'],
      1,
      'bad.txt: line 2: <output> must be the number of a dot, 0 to 1',
    ],
    ['games for a model of images', ['eval', 'runs/scenes', 'games.txt'], 1, 'games.txt'],
    ['an option of the other kind', ['train', 'games.txt', '--looks', '2'], 2, '--looks is an option for images'],
    ['nothing to predict from', ['predict', 'runs/games'], 2, 'no games given'],
  ])('%s is named', async (_, args, code, ...words) => {
    expectComplaint(await unrolled(cwd, 'dialogue', ...(args as string[])), code as number, ...(words as string[]));
  });
});
