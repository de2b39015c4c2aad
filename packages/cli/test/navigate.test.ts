import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, unrolled, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);

/** A hall from west to east, with a lamp at its end. */
const map = {
  map: {
    _name: 'Hall',
    nodes: { node: [0, 1, 2].map((x) => ({ _x: `${x}`, _y: '0', _item: x === 2 ? 'lamp' : '' })) },
    edges: { edge: [0, 1].map((x) => ({ _node1: `${x},0`, _node2: `${x + 1},0`, _floor: 'blue', _wall: 'fish' })) },
  },
};
const example = (id: number, text: string, path: string, more: object = {}) => ({
  ...{ _id: `${id}-1`, _map: 'hall', instruction: { __text: text }, path },
  ...more,
});
const routes = (...list: readonly object[]): string => JSON.stringify({ examples: { example: list } });
const lessons = Array.from({ length: 12 }, (_, i) => [
  example(4 * i, 'turn left', '[(0, 0, 90), (0, 0, 0)]'),
  example(4 * i + 1, 'turn right', '[(1, 0, 90), (1, 0, 180)]'),
  example(4 * i + 2, 'walk to the lamp', '[(0, 0, 90), (1, 0, 90), (2, 0, 90)]'),
  example(4 * i + 3, 'stay', '[(1, 0, 90)]'),
]).flat();
const small = [
  ...['--hidden', '16', '--embedding', '12', '--senses', '12', '--dropout', '0', '--lr', '0.02', '--batch', '12'],
  ...['--ema', '0.9', '--threads', '1'],
];

beforeAll(() => {
  file('map.json', JSON.stringify(map));
  file('lessons.json', routes(...lessons));
  file('test.json', routes(...lessons.slice(0, 4)));
  file('whole.json', routes(example(90, 'Walk to the lamp.', '[(0, 0, 90), (2, 0, 90)]', { _end: '(2, 0)' })));
});

describe('navigate', () => {
  test('train, predict, eval', async () => {
    const trained = await unrolled(cwd, 'navigate', 'train', 'map.json', 'lessons.json', ...small, '--steps', '120');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    expect(trained.stdout).toMatch(/\d+ routes on 1 map, \d+ more for validation; \d+ different words/);
    expect(trained.stdout).toMatch(/success 1\.\d+ {2}spl 1/);

    const at = ['--map', 'map.json', '--start', '0,0,90'];
    const pictures = ['--picture', 'path.svg', '--attention', 'words.svg'];
    const [shown, json, evaluated, report] = await Promise.all([
      unrolled(cwd, 'navigate', 'predict', 'runs/map', 'turn left', 'walk to the lamp', ...at, ...pictures),
      unrolled(
        cwd,
        'navigate',
        'predict',
        'runs/map',
        'turn left. turn right',
        '--map',
        'Hall',
        '--beam',
        '2',
        '--json',
      ),
      unrolled(cwd, 'navigate', 'eval', 'runs/map', 'map.json', 'test.json', 'whole.json', '--json'),
      unrolled(cwd, 'navigate', 'eval', 'runs/map', 'map.json', 'test.json', '--beam', '3'),
    ]);
    for (const ended of [shown, json, evaluated, report]) expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toBe('left stop\t(0, 0, 0)\nforward forward stop\t(2, 0, 90)\n');
    const walk = JSON.parse(json.stdout);
    expect(walk).toMatchObject({ type: 'walk', map: 'Hall', poses: expect.any(Array) });
    expect(walk.sentences.map(({ words }: { words: string[] }) => words.join(' '))).toEqual([
      'turn left',
      'turn right',
    ]);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      task: 'navigate',
      sentences: 1,
      paragraphs: 1,
      spl: 1,
      routes: 5,
    });
    expect(report.stdout).toContain('100.00% of the single sentences end at the right place, facing the right way\n');
    for (const name of ['path.svg', 'path-2.svg', 'words.svg', 'words-2.svg']) {
      expect(readFileSync(join(cwd, name), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
    }
  });

  test('what was learned from paths goes on by walking, on views as images', async () => {
    const more = ['--steps', '2', '--threads', '1', '--batch', '4'];
    const seen = ['--view', 'image', '--hidden', '4', '--embedding', '4', '--senses', '4', '--out', 'runs/seen'];
    const first = await unrolled(cwd, 'navigate', 'train', 'map.json', 'lessons.json', ...seen, ...more);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const from = ['--from', 'runs/seen', '--out', 'runs/walked'];
    const walked = await unrolled(
      cwd,
      'navigate',
      'train',
      'map.json',
      'lessons.json',
      ...from,
      '--method',
      'reinforce',
      ...more,
    );
    expect(walked).toMatchObject({ code: 0, stderr: '' });
    expect(walked.stdout).toContain('spl');
    const alone = await unrolled(
      cwd,
      'navigate',
      'train',
      'map.json',
      'lessons.json',
      '--method',
      'student',
      '--out',
      'runs/alone',
      ...more,
    );
    expectComplaint(alone, 2, 'give --from');
  });

  test('wrong files and options are refused by name', async () => {
    file('edge.json', JSON.stringify({ map: { ...map.map, edges: { edge: [{ _node1: '2,0', _node2: '3,0' }] } } }));
    file('away.json', routes(example(1, 'go', '[(0, 0, 90), (0, 1, 180)]')));
    file('aside.json', routes(example(1, 'go', '[(0, 0, 0), (1, 0, 0)]')));
    let runs = 0;
    const train = (...args: string[]) => {
      const out = ['--out', `runs/wrong-${runs++}`];
      return unrolled(cwd, 'navigate', 'train', ...args, '--validation', 'test.json', '--steps', '1', ...out);
    };
    const [edge, away, aside, missing, none, start] = await Promise.all([
      train('edge.json', 'lessons.json'),
      train('map.json', 'away.json'),
      train('map.json', 'aside.json'),
      train('lessons.json'),
      train('map.json'),
      unrolled(cwd, 'navigate', 'predict', 'runs/map', 'go', '--start', '0,0,45'),
    ]);
    expectComplaint(edge, 1, 'edge.json: map Hall: the path 2,0 – 3,0 ends at 3,0');
    expectComplaint(away, 1, 'step 1 of the path, (0, 1, 180), is no place of map Hall');
    expectComplaint(aside, 1, 'neither a turn nor a step ahead');
    expectComplaint(missing, 1, "there is no map 'hall'");
    expectComplaint(none, 1, 'no routes given');
    expectComplaint(start, 2, 'x,y,angle');
  });
});
