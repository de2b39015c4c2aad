import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import { ImageNetwork, imageNetworkFile, networkConfig } from 'unrolled/vision';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseCaptions } from '../src/input/captions.ts';
import { readImage } from '../src/input/images.ts';
import { encodePng } from '../src/output/png.ts';
import { readEvents, tensorsOf, workplace } from './command.ts';
import { colours, picture } from './pictures.ts';
import { taskCommand } from './task-command.ts';

const { path: cwd, file } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);

const caption = taskCommand('caption');

mkdirSync(at('photos/Images'), { recursive: true });
const rows = ['image,caption'];
for (let i = 0; i < 12; i++) {
  file(`photos/Images/${i}.png`, encodePng(picture(i % 3, i)));
  rows.push(`${i}.png,A ${colours[i % 3]} field .`, `${i}.png,"It is ${colours[i % 3]}, all of it"`);
}
file('photos/captions.txt', rows.join('\n'));
const names = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${from + i}.png\n`).join('');
file('train.txt', names(0, 7));
file('validation.txt', names(7, 9));
file('test.txt', names(9, 12));

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const network = new ImageNetwork(
  device,
  {
    config: networkConfig('lenet', { classes: 2, size: 16 }),
    preprocessing: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    labels: null,
  },
  3,
);
writeFileSync(at('weights.safetensors'), await imageNetworkFile(network));

const small = [
  '--backbone',
  at('weights.safetensors'),
  '--hidden',
  '16',
  '--embedding',
  '8',
  '--min-count',
  '1',
  '--batch',
  '8',
];
const lists = [
  '--train-split',
  at('train.txt'),
  '--validation-split',
  at('validation.txt'),
  '--test-split',
  at('test.txt'),
];

beforeEach(() => {
  process.exitCode = undefined;
});

describe('a folder of images with captions', () => {
  const run = at('runs/photos');

  test('is trained on, resumed without computing features again, evaluated and described', async () => {
    const { out } = await caption(
      'train',
      at('photos'),
      ...small,
      ...lists,
      '--lr',
      '0.03',
      '--steps',
      '60',
      '--out',
      run,
    );
    expect(out).toContain(
      '7 images with 14 captions, 2 more for validation, 3 left out for a test; vocabulary of 10 words',
    );
    expect(out).toMatch(/Features of 9 of 9 images, kept in .*features/);
    expect(readEvents(run).at(-1)).toMatchObject({ type: 'done', reason: 'finished' });
    const [kept] = readdirSync(at('runs/features'));
    const features = readdirSync(join(at('runs/features'), kept));
    expect(features).toHaveLength(9);
    expect(statSync(join(at('runs/features'), kept, features[0])).size % 2).toBe(0);

    expect((await caption('train', '--resume', run, '--steps', '62')).out).not.toContain('Features of');
    const evaluated = await caption('eval', run, at('photos'), '--split', at('test.txt'), '--beam', '2', '--baselines');
    expect(evaluated.out).toMatch(
      /3 images\nBLEU-1 to 4 .*\nROUGE-L .*CIDEr-D .*\ncaptions have .*% of them are new\nloss .*\nnearest other image: BLEU-1 to 4 .*\nalways '.*': /,
    );

    const found = await caption('eval', run, at('photos'), '--split', at('test.txt'), '--retrieval', '--json');
    expect(JSON.parse(found.out)).toMatchObject({
      type: 'evaluation',
      retrieval: { images: 3, imagesOf: { recall: { 5: 1 } } },
    });

    const one = at('photos/Images/10.png');
    const predicted = await caption('predict', run, one, at('photos/Images/11.png'), '--attention', at('look.svg'));
    expect(predicted.out).toMatch(/^[a-z ]+\t.*10\.png\n[a-z ]+\t.*11\.png\n$/);
    expect(readFileSync(at('look-2.svg'), 'utf8')).toContain('data:image/png;base64,');
    await caption('predict', run, one, '--attention', at('look.png'));
    // Four tiles of 160 pixels in a row, of an image of 20 × 18.
    expect((await readImage(at('look.png'))).width).toBe(10 + 4 * 170);
    await expect(caption('predict', run, one, '--attention', at('look.gif'))).rejects.toThrow('.svg, .png or .json');
    const json = JSON.parse((await caption('predict', run, one, '--json', '--begin', 'It is', '--n-best', '2')).out);
    expect(json).toMatchObject({ type: 'caption', file: one });
    expect(json.caption).toMatch(/^it is/);
    expect(json.candidates).toHaveLength(2);
  });

  test("is audited by lists of words, which can be one's own", async () => {
    const lists = { groups: { red: ['red'], cold: ['blue', 'green'] }, neutral: ['field'], contexts: { all: ['all'] } };
    file('words.json', JSON.stringify(lists));
    const args = ['audit', run, at('photos'), '--words', at('words.json'), '--resamples', '20', '--min-count', '1'];
    const { out } = await caption(...args, '--evidence', '2');
    expect(out).toMatch(/12 images; intervals .*\n\nWhat captions say/);
    expect(out).toMatch(/\nred +4 +/);
    expect(out).toMatch(/What the word for a person rests on, in \d captions?/);
    const json = JSON.parse((await caption(...args, '--evidence', '0', '--json', '--split', at('test.txt'))).out);
    expect(json).toMatchObject({
      type: 'audit',
      task: 'caption',
      images: 3,
      groups: [{ group: 'red', images: 1 }, { images: 2 }],
    });
    expect(json.evidence.right.captions).toBe(0);
    expect(JSON.parse((await caption('audit', run, '--print-words')).out).groups.female).toContain('woman');

    file('broken.json', '{"groups":');
    await expect(caption('audit', run, at('photos'), '--words', at('broken.json'))).rejects.toThrow('it is not JSON');
    file('odd.json', JSON.stringify({ ...lists, groups: { red: ['red'] } }));
    await expect(caption('audit', run, at('photos'), '--words', at('odd.json'))).rejects.toThrow(
      /odd\.json\.groups has 1 lists/,
    );
    await expect(caption('audit', run)).rejects.toThrow('name a folder of images with captions');
  });

  test('is trained with groups of people balanced, and asked for neutral words', async () => {
    const trained = ['train', at('photos'), ...small, ...lists, '--conditioning', 'first', '--words', at('words.json')];
    const { out } = await caption(
      ...trained,
      '--balance-people',
      '--neutral-words',
      '0.5',
      '--steps',
      '2',
      '--out',
      at('runs/fair'),
    );
    expect(out).toContain('Finished after 2 steps');
    await caption('train', '--resume', at('runs/fair'), '--steps', '3');
    await expect(
      caption(...trained.slice(0, -2), '--balance-people', '--steps', '1', '--out', at('runs/none')),
    ).rejects.toThrow("no image has captions that name 'female' alone");
  });

  test('resumes to the same bits', async () => {
    const args = ['train', at('photos'), ...small, ...lists, '--conditioning', 'constant', '--schedule', 'constant'];
    await caption(...args, '--steps', '5', '--out', at('runs/whole'));
    await caption(...args, '--steps', '2', '--out', at('runs/parts'));
    await caption('train', '--resume', at('runs/parts'), '--steps', '5');
    expect(tensorsOf(at('runs/parts'))).toEqual(tensorsOf(at('runs/whole')));
  });

  test('is trained further, for its score or with hard attention, by the model of a run', async () => {
    const further = (out: string, ...options: string[]) =>
      caption('train', at('photos'), ...lists, '--from', run, ...options, '--batch', '8', '--out', at(`runs/${out}`));
    const critical = ['--method', 'self-critical', '--samples', '3', '--schedule', 'constant'];
    const { out } = await further('critical', ...critical, '--steps', '4');
    expect(out).not.toContain('Backbone');
    expect(out).not.toContain('Features of');
    await further('interrupted', ...critical, '--steps', '2');
    await caption('train', '--resume', at('runs/interrupted'), '--steps', '4');
    expect(tensorsOf(at('runs/interrupted'))).toEqual(tensorsOf(at('runs/critical')));
    await further('hard', '--conditioning', 'hard-attention', '--steps', '2');
    await expect(further('none', '--conditioning', 'first')).rejects.toThrow('which cannot become first');
    await expect(caption('train', at('photos'), ...critical)).rejects.toThrow('give --from');
  });
});

test('captions are read in each of their forms', async () => {
  const forms = {
    'a.csv': 'image,caption\nx.jpg,"one, two"\nx.jpg,three\n',
    'a.tsv': 'caption\timage\none, two\tx.jpg\nthree\tx.jpg\n',
    'a.jsonl': '{"image":"x.jpg","captions":["one, two","three"]}\n\n{"image":"y.jpg","caption":"four"}',
    'a.token.txt': 'x.jpg#0\tone, two\nx.jpg#1\tthree\n',
    'a.json': JSON.stringify({
      images: [{ id: 7, file_name: 'x.jpg' }],
      annotations: [
        { image_id: 7, caption: 'one, two ' },
        { image_id: 7, caption: 'three' },
      ],
    }),
  };
  for (const [name, text] of Object.entries(forms)) {
    const found = await parseCaptions(text, name);
    expect(found.slice(0, 2).map(({ image, caption }) => [image, caption])).toEqual([
      ['x.jpg', 'one, two'],
      ['x.jpg', 'three'],
    ]);
  }
});

describe('what is refused by name', () => {
  const broken = (name: string, text: string): string => {
    file(name, text);
    return at(name);
  };
  const train = (...more: string[]): Promise<unknown> =>
    caption('train', at('photos'), ...small, ...more, '--out', at('runs/never'));

  test('captions and images that do not go together, unless they are to be left out', async () => {
    const lost = broken('lost.csv', `${rows.join('\n')}\n99.png,Nothing\n`);
    await expect(train('--captions', lost)).rejects.toThrow(
      /lost\.csv: line 26: there is no image '99\.png' in .*--skip-broken/,
    );
    const bare = broken('bare.csv', rows.slice(0, -2).join('\n'));
    await expect(train('--captions', bare)).rejects.toThrow(/11\.png: it has no caption in .*bare\.csv/);
    const { out } = await caption(
      'train',
      at('photos'),
      ...small,
      '--captions',
      bare,
      '--skip-broken',
      '--steps',
      '1',
      '--out',
      at('runs/bare'),
    );
    expect(out).toMatch(/Left out: .*11\.png/);
  });

  test.each([
    ['empty.csv', 'image,caption\n0.png,\n', "line 2: the caption of '0.png' is empty"],
    ['columns.csv', 'picture,text\n0.png,a\n', "no column 'image'"],
    ['odd.jsonl', '{"image":"0.png","caption":"a"}\n{"image":3}\n', 'line 2: it must be { "image": name'],
    [
      'coco.json',
      '{"images":[],\n"annotations":[{"image_id":4,"caption":"a"}]}',
      'annotation 1: there is no image with id 4',
    ],
    ['null.json', '{"images":[null],"annotations":[]}', 'image 1 is not an object'],
    ['number.json', '{"images":[],\n"annotations":[7]}', 'annotation 1 is not an object'],
    ['half.json', '{"images":[{"id":1,', 'it is not JSON'],
    ['bare-list.json', '{"images":[]}', "must have lists 'images' and 'annotations'"],
  ])('captions in %s', async (name, text, message) => {
    await expect(train('--captions', broken(name, text))).rejects.toThrow(message);
  });

  test('lists with names that are not there, or in two of them', async () => {
    await expect(train('--test-split', broken('far.txt', '1.png\n77.png\n'))).rejects.toThrow(
      "far.txt: line 2: there is no image '77.png'",
    );
    await expect(
      train('--test-split', at('test.txt'), '--train-split', broken('twice.txt', '10.png\n')),
    ).rejects.toThrow(/twice\.txt: line 1: '10\.png' is listed before, in .*test\.txt: line 2/);
  });

  test('a missing backbone, a broken image, and a folder without captions', async () => {
    await expect(caption('train', at('photos'))).rejects.toThrow('--backbone is missing');
    const all = ['eval', at('runs/photos'), at('photos'), '--baselines'];
    await expect(caption(...all)).rejects.toThrow('--baselines goes with --split');
    mkdirSync(at('bad'), { recursive: true });
    file('bad/0.png', encodePng(picture(0, 0)).subarray(0, 90));
    file('bad/1.png', encodePng(picture(1, 1)));
    const bad = ['train', at('bad'), ...small, '--out', at('runs/bad')];
    await expect(caption(...bad)).rejects.toThrow('no captions found; name their file captions.txt');
    file('bad/captions.csv', 'image,caption\n0.png,a\n1.png,b\n');
    await expect(caption(...bad)).rejects.toThrow(/bad\/0\.png: /);
  });
});
