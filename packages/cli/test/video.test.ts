import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeVideos } from 'unrolled/tasks/video';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { taskCommands } from '../src/commands/task.ts';
import { readFeatureClips } from '../src/input/feature-clips.ts';
import { encodePng } from '../src/output/png.ts';
import { readEvents, tensorsOf, workplace } from './command.ts';

const { path: cwd, file } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);

/** What `unrolled video …` prints on standard output, and on standard error. */
async function video(...args: string[]): Promise<{ out: string; err: string }> {
  const [out, err] = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write').mockReturnValue(true));
  try {
    const group = taskCommands().find((command) => command.name() === 'video')!;
    for (const command of [group, ...group.commands]) command.exitOverride();
    await group.parseAsync([...args, '--threads', '1'], { from: 'user' });
    return { out: out.mock.calls.join(''), err: err.mock.calls.join('') };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

beforeEach(() => {
  process.exitCode = undefined;
});

/** Two joints that rise or fall. */
const poses = Array.from({ length: 24 }, (_, i) => {
  const rises = i % 2 === 0;
  const T = 4 + (i % 3);
  const features = Array.from({ length: T }, (__, t) => [((rises ? t : T - t) + 0.1 * (i % 5)) / 4, 1, 0.3, i / 24]);
  return { features, label: rises ? 'rises' : 'falls' };
});
const raw = (name: string, clips: typeof poses, more: object = {}): string => {
  const values = Float32Array.from(clips.flatMap(({ features }) => features.flat()));
  file(`${name}.f32`, new Uint8Array(values.buffer));
  return file(
    `${name}.json`,
    JSON.stringify({
      frames: clips.map(({ features }) => features.length),
      labels: clips.map(({ label }) => label),
      ...more,
    }),
  );
};
const tiny = ['--hidden', '8', '--batch', '4', '--lr', '0.02'];

describe('features of frames', () => {
  test('raw float32 is trained on, evaluated and predicted from; a run resumes with the same bits', async () => {
    const data = raw('poses', poses);
    const { out } = await video('train', data, ...tiny, '--steps', '60', '--noise', '0.01', '--out', at('poses-run'));
    expect(out).toMatch(/clips of 5 frames on average, \d more for validation; 2 labels \(falls, rises\)/);
    expect(readEvents(at('poses-run')).at(-1)).toMatchObject({ type: 'done', reason: 'finished' });
    const evaluated = await video('eval', at('poses-run'), raw('more', poses.slice(0, 10)));
    expect(evaluated.out).toContain('accuracy 100.00% of 10');
    const one = file('one.csv', `x1,y1,x2,y2\n${poses[1].features.map((row) => row.join()).join('\n')}\n`);
    expect((await video('predict', at('poses-run'), one)).out).toMatch(new RegExp(`^falls [01]\\.\\d\\d\\t${one}\n$`));
    const json = (
      await video('predict', at('poses-run'), JSON.stringify({ features: poses[0].features }), '--json-input', '--json')
    ).out;
    expect(JSON.parse(json)).toMatchObject({ type: 'classification', label: 'rises' });

    await video('train', data, ...tiny, '--steps', '17', '--schedule', 'constant', '--out', at('whole'));
    await video('train', data, ...tiny, '--steps', '9', '--schedule', 'constant', '--out', at('part'));
    await video('train', '--resume', at('part'), '--steps', '17');
    expect(tensorsOf(at('part'))).toEqual(tensorsOf(at('whole')));
  });

  test('all forms say the same', async () => {
    const clips = poses
      .slice(0, 3)
      .map(({ features, label }) => ({ features: features.map((row) => row.map(Math.fround)), label }));
    const rows = clips.flatMap(({ features, label }, i) => features.map((row) => [`c${i}`, label, ...row].join()));
    const forms = [
      raw('three', clips),
      file('three.csv', ['clip,label,a,b,c,d', ...rows].join('\n')),
      file('three-list.json', JSON.stringify(clips)),
      file('three.jsonl', clips.map((one) => JSON.stringify(one)).join('\n')),
    ];
    for (const form of forms) {
      const found = await readFeatureClips(form);
      expect(
        found.map(({ features, labels }) => ({ features: features.map((row) => [...Array.from(row)]), label: labels })),
      ).toEqual(clips);
    }
  });

  test.each<[string, string, string | Uint8Array, RegExp]>([
    ['raw numbers without lengths', 'alone.f32', new Uint8Array(8), /alone\.f32: there is no .*alone\.json beside it/],
    ['an empty file', 'empty.csv', '', /empty\.csv: .*empty/],
    ['no numbers', 'words.csv', 'a,b\nx,y\n', /words\.csv: line 2: 'x' in column 'a' is no number/],
    ['no features', 'labels-only.csv', 'clip,label\n1,x\n', /no column of features/],
    ['no JSON', 'broken.json', '{', /broken\.json: it is not JSON/],
    ['JSON of something else', 'other.json', '{"a":1}', /other\.json: it must be \{ "features"/],
    ['frames of other lengths', 'odd.json', '{"features":[[1,2],[3]]}', /frame 2 has 1 numbers, the first frame 2/],
    ['no frames', 'none.json', '{"features":[]}', /the clip has no frames/],
    ['fewer labels than frames', 'few.json', '{"features":[[1],[2]],"labels":["a"]}', /1 label for 2 frames/],
    [
      'a line that is cut off',
      'cut.jsonl',
      '{"features":[[1]],"label":"a"}\n{"feat',
      /cut\.jsonl: line 2: it is not JSON/,
    ],
    [
      'a million frames',
      'million.csv',
      `a\n${'1\n'.repeat(1_000_000)}`,
      /the clip has 1,000,000 frames; at most 10,000/,
    ],
  ])('%s is named', async (_, name, content, message) => {
    const path = file(name, content);
    await expect(video('train', path, '--out', at('never'))).rejects.toThrow(message);
  });

  test('raw numbers that are cut off, or of other clips, are named', async () => {
    raw('cut', poses.slice(0, 2));
    file('cut.f32', readFileSync(at('cut.f32')).subarray(0, 50));
    await expect(readFeatureClips(at('cut.json'))).rejects.toThrow(
      /cut\.f32: 50 bytes are not a whole number of float32 for each/,
    );
    raw('wrong', poses.slice(0, 2), { labels: ['a'] });
    await expect(readFeatureClips(at('wrong.f32'))).rejects.toThrow(
      /'labels' must be a list of texts, one for each of the 2 clips/,
    );
    raw('zero', poses.slice(0, 2), { frames: [4, 0, 5] });
    file('zero.f32', new Uint8Array(36));
    await expect(readFeatureClips(at('zero.f32'))).rejects.toThrow(/labels|no frames/);
  });
});

describe('videos', () => {
  const made = makeVideos({ count: 20, seed: 4, size: 14, length: [4, 6], actions: ['enter', 'leave'] });
  const strip = (frames: (typeof made)[number]['frames']): Uint8Array =>
    encodePng({
      width: 14,
      height: 14 * frames.length,
      channels: 3,
      data: Uint8Array.from(frames.flatMap(({ data }) => [...data])),
    });
  const small = [...tiny, '--size', '14', '--features', '8', '--channels', '2'];

  test('a folder for each label, with strips; how frames are read is kept with the run', async () => {
    for (const part of ['train', 'test']) {
      for (const label of ['enter', 'leave']) mkdirSync(at(`world/${part}/${label}`), { recursive: true });
    }
    for (const [i, { frames, events }] of made.entries()) {
      file(`world/${i < 14 ? 'train' : 'test'}/${events[0].action}/${i}.png`, strip(frames));
    }
    const { out } = await video(
      'train',
      at('world'),
      ...small,
      '--strip',
      '14',
      '--shift',
      '1',
      '--differences',
      '--steps',
      '6',
      '--out',
      at('world-run'),
    );
    expect(out).toContain("6 clips in 'test' are left out: evaluate on them with video eval");
    expect((await video('eval', at('world-run'), at('world'))).out).toMatch(/accuracy \d+\.\d\d% of 6/);
    const one = at('world/test/enter');
    const { out: predicted } = await video('predict', at('world-run'), one, '--json');
    expect(JSON.parse(predicted.split('\n')[0])).toMatchObject({
      type: 'classification',
      file: expect.stringContaining('.png'),
    });
    await expect(video('train', at('world'), ...small, '--strip', '13', '--out', at('never'))).rejects.toThrow(
      /no multiple of 13/,
    );
    await expect(
      video('train', at('world'), ...small, '--strip', '14', '--noise', '1', '--out', at('never')),
    ).rejects.toThrow(/--noise and --scale are for features/);
    await expect(video('train', at('world/test/enter'), '--out', at('never'))).rejects.toThrow(
      /no label; put each video into a folder/,
    );
  });

  test('labels of parts make a model that labels each frame', async () => {
    mkdirSync(at('parts'));
    const videos = makeVideos({ count: 12, seed: 5, size: 14, length: [4, 5], events: 2, actions: ['enter', 'leave'] });
    const rows = videos.flatMap(({ frames, events }, i) => {
      file(`parts/${i}.png`, strip(frames));
      return events.map(({ action, start, end }) => `${i}.png,${action},${start},${end}`);
    });
    file('parts/labels.csv', ['clip,label,start,end', ...rows].join('\n'));
    const { out } = await video(
      'train',
      at('parts'),
      ...small,
      '--strip',
      '14',
      '--bidirectional',
      '--steps',
      '8',
      '--out',
      at('parts-run'),
    );
    expect(out).toMatch(/3 labels \(enter, leave, none\)/);
    expect((await video('eval', at('parts-run'), at('parts'), '--smooth', '3')).out).toMatch(
      /of \d+ frames in 12 clips[\s\S]*IoU ≥ 0\.5/,
    );
    const { out: segments } = await video('predict', at('parts-run'), at('parts/0.png'), '--json');
    expect(JSON.parse(segments)).toMatchObject({
      type: 'segments',
      labels: expect.any(Array),
      segments: expect.any(Array),
    });
    await expect(
      video('train', at('parts'), '--reading', 'last', '--strip', '14', '--out', at('never')),
    ).rejects.toThrow(/labels are those of frames/);
    file('parts/labels.csv', ['clip,label,start,end', '0.png,enter,0,999'].join('\n'));
    await expect(
      video('train', at('parts'), '--strip', '14', '--validation-share', '0', '--out', at('never')),
    ).rejects.toThrow(/ends with frame 999/);
    file('parts/labels.csv', ['clip,label,start,end', '0.png,enter,0,3', '0.png,leave,2,4'].join('\n'));
    await expect(
      video('train', at('parts'), '--strip', '14', '--validation-share', '0', '--out', at('never')),
    ).rejects.toThrow(/overlap at frame 2/);
    file('parts/labels.csv', ['clip,label', '../world,enter'].join('\n'));
    await expect(video('train', at('parts'), '--out', at('never'))).rejects.toThrow(/line 2: there is no video/);
  });
});

describe('captions', () => {
  const sentence = (label: string): string => `the joints ${label === 'rises' ? 'rise' : 'fall down'}`;
  const told = poses.map(({ features, label }, i) => ({
    features,
    ...(i % 3 === 0 ? { captions: [sentence(label), sentence(label)] } : { caption: sentence(label) }),
  }));

  test('are trained, evaluated and written, with attention over frames; a run resumes with the same bits', async () => {
    const data = file('told.json', JSON.stringify(told));
    const how = [...tiny, '--embedding', '6', '--schedule', 'constant'];
    const { out } = await video('train', data, ...how, '--steps', '110', '--out', at('told-run'));
    expect(out).toMatch(/clips of 5 frames on average, \d more for validation; \d\d captions, vocabulary of 6 words/);
    const evaluated = await video('eval', at('told-run'), data);
    expect(evaluated.out).toContain('24 clips');
    expect(evaluated.out).toMatch(/word error rate 0\.0%, 100\.0% right word for word/);
    const one = file('told-one.json', JSON.stringify({ features: told[1].features }));
    const svg = at('attention.svg');
    expect((await video('predict', at('told-run'), one, '--attention', svg)).out).toBe(
      `the joints fall down\t${one}\n`,
    );
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[\s\S]*joints[\s\S]*fall[\s\S]*across: frames/);
    const json = (await video('predict', at('told-run'), one, '--json', '--attention', at('attention.json'))).out;
    expect(JSON.parse(json)).toMatchObject({ type: 'caption', file: one, caption: 'the joints fall down' });
    const [{ words, weights }] = JSON.parse(readFileSync(at('attention.json'), 'utf8'));
    expect([words.length, weights.length, weights[0].length]).toEqual([5, 5, told[1].features.length]);

    await video('train', data, ...how, '--steps', '7', '--out', at('told-part'));
    await video('train', '--resume', at('told-part'), '--steps', '12');
    await video('train', data, ...how, '--steps', '12', '--out', at('told-whole'));
    expect(tensorsOf(at('told-part'))).toEqual(tensorsOf(at('told-whole')));
  });

  test('options of other models of videos are named', async () => {
    const data = file('told-again.json', JSON.stringify(told));
    await expect(video('train', data, '--reading', 'last', '--out', at('never'))).rejects.toThrow(
      /--reading is an option for videos.*, and these are videos with captions/,
    );
    await expect(
      video('train', data, '--conditioning', 'mean', '--bidirectional', '--out', at('never')),
    ).rejects.toThrow(/bidirectional has no meaning/);
    await video('train', data, ...tiny, '--conditioning', 'mean', '--steps', '1', '--out', at('told-mean'));
    await expect(video('predict', at('told-mean'), data, '--attention', at('a.svg'))).rejects.toThrow(
      /this model has no attention to show/,
    );
  });

  test.each<[string, unknown, RegExp]>([
    ['an empty caption', { features: [[1]], caption: ' ' }, /'caption' must be a text/],
    ['captions that are no list', { features: [[1]], captions: 'a' }, /or 'captions' a list of texts/],
    [
      'an event that ends before it starts',
      { features: [[1]], events: [{ caption: 'a', start: 2, end: 1 }] },
      /'events'/,
    ],
  ])('%s is named', async (_, clip, message) => {
    await expect(video('train', file('odd-told.json', JSON.stringify(clip)), '--out', at('never'))).rejects.toThrow(
      message,
    );
  });

  test('captions.csv says what is in videos of frames', async () => {
    const folder = 'films';
    mkdirSync(at(folder));
    const lines = makeVideos({ count: 6, seed: 4, size: 12, length: [3, 4] }).map(({ frames, events }, i) => {
      mkdirSync(at(`${folder}/v${i}`));
      for (const [t, frame] of frames.entries()) file(`${folder}/v${i}/${t}.png`, encodePng(frame));
      return `v${i},"${events[0].caption}"`;
    });
    file(`${folder}/captions.csv`, ['clip,caption', ...lines, lines[0]].join('\n'));
    const small = ['--size', '12', '--features', '4', '--channels', '2', '--steps', '1', '--validation-share', '0'];
    const { out } = await video('train', at(folder), ...tiny, ...small, '--out', at('films-run'));
    expect(out).toMatch(/6 clips of 3|4 frames on average, 0 more for validation; 7 captions/);
    file(`${folder}/captions.csv`, 'clip,caption\nv9,a\n');
    await expect(video('train', at(folder), '--out', at('never'))).rejects.toThrow(/line 2: there is no video 'v9'/);
  });
});

describe('events', () => {
  const videos = Array.from({ length: 20 }, (_, i) => {
    const rises = i % 2 === 0;
    const features = Array.from({ length: 9 }, (__, t) => {
      const at = t - 2 - (i % 3);
      return [at < 0 || at > 3 ? 0 : 1, at < 0 || at > 3 ? 0 : (rises ? at : 3 - at) / 3];
    });
    const start = 2 + (i % 3);
    return { features, events: [{ caption: rises ? 'it rises' : 'it falls down', start, end: start + 4 }] };
  });

  test('are found and described; a run resumes with the same bits', async () => {
    const data = file('events.json', JSON.stringify(videos));
    const how = [...tiny, '--embedding', '6', '--schedule', 'constant', '--bidirectional'];
    const { out } = await video('train', data, ...how, '--steps', '120', '--out', at('events-run'));
    expect(out).toMatch(/clips of 9 frames on average, .*; 1\d events, windows of 4 frames, vocabulary of 5 words/);
    const evaluated = await video('eval', at('events-run'), data, '--threshold', '0.5');
    expect(evaluated.out).toMatch(/20 events in 20 clips, \d+ proposals/);
    expect(evaluated.out).toMatch(/IoU ≥ 0\.9 +1\.0000 +100\.0% +\d/);
    expect(evaluated.out).toMatch(/word error rate 0\.0%, 100\.0% right word for word/);
    const one = file('events-one.json', JSON.stringify({ features: videos[1].features }));
    const found = await video('predict', at('events-run'), one, '--threshold', '0.5', '--attention', at('looked.json'));
    expect(found.out).toMatch(new RegExp(`^3\\t6\\t[01]\\.\\d\\d\\tit falls down\\t${one}\n$`));
    expect(JSON.parse(readFileSync(at('looked.json'), 'utf8'))[0]).toMatchObject({
      first: 3,
      caption: 'it falls down',
    });
    const json = (await video('predict', at('events-run'), one, '--most-events', '1', '--json')).out;
    expect(JSON.parse(json)).toMatchObject({ frames: 9, events: [{ start: 3, end: 7, caption: 'it falls down' }] });

    await video('train', data, ...how, '--steps', '4', '--out', at('events-part'));
    await video('train', '--resume', at('events-part'), '--steps', '8');
    await video('train', data, ...how, '--steps', '8', '--out', at('events-whole'));
    expect(tensorsOf(at('events-part'))).toEqual(tensorsOf(at('events-whole')));
  });

  test('that end after their clip are named', async () => {
    const late = [{ ...videos[0], events: [{ caption: 'late', start: 5, end: 20 }] }];
    await expect(
      video('train', file('late.json', JSON.stringify(late)), '--out', at('never'), '--validation-share', '0'),
    ).rejects.toThrow(/'late' ends with frame 20; the clip has 9 frames/);
  });
});
